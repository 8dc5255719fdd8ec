//! A connection made again from its record, bound to a server or to none.

use std::sync::Arc;
use std::time::Duration;

use super::ConnRecord;
use crate::conn::connection::Binding;
use crate::conn::{ConnFlags, Connection, Extra};
use crate::service::RealServer;
use crate::time::Time;

impl ConnRecord {
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
        let mut conn = Connection::with(
            self.protocol,
            self.state,
            self.ends,
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
                client_addr_state: rare.client_addr,
                account: rare.account,
            })
        });
        conn
    }
}
