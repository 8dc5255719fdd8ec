//! Changes of a connection that change its keys.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::{ConnFlags, ConnKey, ConnTable, Entry};
use crate::service::{Endpoint, RealServer};

impl ConnTable {
    /// Makes way for a newer connection of the same key, and stays for those under it.
    pub fn unhash(&self, mut entry: Entry<'_>) {
        let (slot, keys) = (entry.id.slot(), [Some(entry.key_in()), entry.key_out()]);
        entry.flags.set(ConnFlags::UNHASHED, true);
        self.note_changed(&entry);
        drop(entry);
        for key in keys.iter().flatten() {
            self.index.remove(key, slot);
        }
    }

    /// Takes a template out of use whose server is gone; it stays listed until its time is up, with its virtual port if
    /// that is kept.
    pub fn spoil(&self, mut entry: Entry<'_>, keeps_port: bool) {
        let (slot, key) = (entry.id.slot(), entry.key_in());
        entry.spoil(keeps_port);
        self.note_changed(&entry);
        drop(entry);
        self.index.remove(&key, slot);
    }

    /// Fills in the port of the client that was waited for (`ip_vs_conn_fill_cport`). None when the connection has
    /// ended meanwhile.
    pub fn fill_client_port(&self, entry: Entry<'_>, port: u16) -> Option<Entry<'_>> {
        let (id, old) = (entry.id, [Some(entry.key_in()), entry.key_out()]);
        drop(entry);
        let client = Endpoint::new(old[0]?.from.addr, port);
        let new_in = old[0].map(|key| ConnKey { from: client, ..key });
        // A local end stays the same whoever the client is.
        let is_direct = |key: &ConnKey| key.to == Endpoint::new(client.addr, 0);
        let new = [new_in, old[1].filter(is_direct).map(|key| ConnKey { to: client, ..key })];
        let old = [old[0], old[1].filter(is_direct)];
        for key in new.iter().flatten() {
            self.index.insert(key, id.slot());
        }
        let filled = self.get(id).is_some_and(|mut entry| {
            let is_first = entry.flags.has(ConnFlags::NO_CLIENT_PORT);
            if is_first {
                entry.client_port = port;
                entry.flags.set(ConnFlags::NO_CLIENT_PORT, false);
                self.changes.note(id.slot());
                self.awaiting.fetch_sub(1, Relaxed);
                self.note_changed(&entry);
            }
            is_first
        });
        for key in if filled { old } else { new }.iter().flatten() {
            self.index.remove(key, id.slot());
        }
        self.get(id)
    }

    /// Gives a connection without a server one, and so that server's forwarding method. None when the connection has
    /// ended meanwhile.
    pub fn bind<'a>(&'a self, mut entry: Entry<'a>, server: Arc<RealServer>) -> Option<Entry<'a>> {
        let (id, old) = (entry.id, entry.key_out());
        entry.bind(server);
        self.changes.note(id.slot());
        self.note_changed(&entry);
        let new = entry.key_out();
        if old == new {
            return Some(entry);
        }
        drop(entry);
        if let Some(old) = old {
            self.index.remove(&old, id.slot());
        }
        if let Some(new) = new {
            self.index.insert(&new, id.slot());
        }
        let bound = self.get(id);
        if let (None, Some(new)) = (&bound, new) {
            self.index.remove(&new, id.slot());
        }
        bound
    }
}
