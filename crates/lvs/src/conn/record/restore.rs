//! A connection made again from its record, bound to a server or to none.

use std::sync::Arc;
use std::time::Duration;

use super::ConnRecord;
use crate::conn::connection::Binding;
use crate::conn::{ConnFlags, Connection, Extra};
use crate::service::RealServer;
use crate::time::Time;

impl ConnRecord {
    /// When its last packet came.
    pub fn touched_at(&self) -> Time {
        self.expires_at - Duration::from_secs(self.timeout.into())
    }

    /// Makes a connection of the same ends be as the record says, but for its deadline, what it stands under, and what this
    /// director alone knows of it.
    pub fn renew(self, conn: &mut Connection) {
        conn.update(self.state, self.flags.has(ConnFlags::INACTIVE));
        conn.flags.set(ConnFlags::NO_OUTPUT, self.flags.has(ConnFlags::NO_OUTPUT));
        conn.in_packets = self.in_packets;
        conn.set_timeout(Duration::from_secs(self.timeout.into()));
        if let Some((_, last_segment)) = self.local {
            conn.set_last_segment(last_segment);
        }
        let rare = self.rare;
        let has_news = rare.ftp.is_some()
            || rare.positions.is_some()
            || rare.client_addr.is_some()
            || rare.syn_proxy.is_some();
        if has_news || conn.extra.is_some() {
            let extra = conn.extra.get_or_insert_default();
            (extra.ftp, extra.positions) = (rare.ftp, rare.positions);
            (extra.tells_on_expiry, extra.client_addr_state) = (rare.tells_on_expiry, rare.client_addr);
            extra.syn_proxy = rare.syn_proxy;
        }
    }

    /// The connection, counted at `server`. It stands under nothing yet, and controls nothing. `tag`: stands for the data
    /// of an engine.
    pub fn restored(self, server: Option<Arc<RealServer>>, tag: impl FnOnce(&[u8]) -> u64) -> Connection {
        if let Some(server) = &server {
            if self.is_template() {
                server.bind_template();
            } else {
                server.bind(!self.flags.has(ConnFlags::INACTIVE));
            }
        }
        self.made(server, tag)
    }

    /// As [`Self::restored`], and not counted at `server` yet.
    pub fn made(self, server: Option<Arc<RealServer>>, tag: impl FnOnce(&[u8]) -> u64) -> Connection {
        let mut conn = Connection::with(
            self.protocol,
            self.state,
            self.ends.into(),
            Binding { method: self.method, flags: self.flags, server },
            Time::ZERO,
        );
        conn.synced_state = self.synced_state;
        conn.in_packets = self.in_packets;
        conn.timer.set_timeout(Duration::from_secs(self.timeout.into()));
        conn.timer.set_deadline(self.expires_at);
        if let Some((local, last_segment)) = self.local {
            conn.set_local(local);
            conn.set_last_segment(last_segment);
        }
        let rare = self.rare;
        let has_extra = rare.fwmark != 0
            || rare.ftp.is_some()
            || rare.positions.is_some()
            || rare.tells_on_expiry
            || rare.engine.is_some()
            || rare.synced_until.is_some()
            || rare.pinned
            || rare.client_addr.is_some()
            || rare.syn_proxy.is_some()
            || rare.account.is_some();
        conn.extra = has_extra.then(|| {
            Box::new(Extra {
                fwmark: rare.fwmark,
                ftp: rare.ftp,
                positions: rare.positions,
                tells_on_expiry: rare.tells_on_expiry,
                engine: rare.engine.map(|engine| {
                    let tag = tag(&engine.data);
                    Box::new((engine, tag))
                }),
                synced_until: rare.synced_until,
                pinned: rare.pinned,
                is_too_long: false,
                client_addr_state: rare.client_addr,
                syn_proxy: rare.syn_proxy,
                client_tag: None,
                account: rare.account,
            })
        });
        conn
    }
}
