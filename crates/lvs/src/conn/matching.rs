//! Keys of a connection, and whether one is a packet's.

use super::{ConnFlags, ConnKey, Connection, Role};

impl Connection {
    /// The key of the client's packets, or of a template.
    #[inline]
    pub fn key_in(&self) -> ConnKey {
        let role = if self.is_template() { Role::Template } else { Role::In };
        ConnKey::new(role, self.protocol, self.client(), self.virt()).tagged(self.tag())
    }

    /// The key of the server's packets; only masquerading sees them.
    #[inline]
    pub fn key_out(&self) -> Option<ConnKey> {
        let is_seen = self.method.is_rewritten() && !self.is_template();
        is_seen.then(|| ConnKey::new(Role::Out, self.protocol, self.real(), self.return_end()))
    }
}

impl ConnKey {
    pub(super) fn matches(&self, conn: &Connection) -> bool {
        if self.protocol != conn.protocol || conn.flags.has(ConnFlags::UNHASHED) {
            return false;
        }
        match self.role {
            Role::In => {
                // Of one that waits for a port and has one, as a message may say, no packet is.
                let waits_in_vain = conn.flags.has(ConnFlags::NO_CLIENT_PORT) && self.from.port != 0;
                !conn.is_template() && self.from == conn.client() && self.to == conn.virt() && !waits_in_vain
            }
            Role::Out => !conn.is_template() && self.from == conn.real() && self.to == conn.return_end(),
            Role::Template => {
                conn.is_template()
                    && self.from == conn.client()
                    && self.to == conn.virt()
                    && self.tag == conn.tag()
            }
        }
    }
}
