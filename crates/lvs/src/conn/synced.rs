//! Parts of a connection that synchronisation knows and changes: learnt from another director, bound later, told last.

use std::sync::Arc;

use super::connection::Binding;
use super::{ConnFlags, Connection, State, SyncedUntil};
use crate::app::sequence::Correction;
use crate::service::{Endpoint, Method, RealServer};
use crate::time::Time;

impl Connection {
    /// A connection that another director has made, and that has no server here yet. With one it counts there as active or not by the flag
    /// that came with it, and takes over the server's forwarding method (`ip_vs_bind_dest`).
    pub fn learnt(protocol: u8, state: State, ends: [Endpoint; 3], method: Method, now: Time) -> Self {
        let mut binding = Binding::without_server(method);
        binding.flags.set(ConnFlags::FROM_SYNC, true);
        Self::with(protocol, state, ends.into(), binding, now)
    }

    /// Gives a connection without a server one.
    pub fn bind(&mut self, server: Arc<RealServer>) {
        self.method = server.forwarding().of_conn();
        self.flags.set(ConnFlags::NO_OUTPUT, !self.method.is_rewritten());
        if self.is_template() {
            server.bind_template();
        } else {
            server.bind(!self.flags.has(ConnFlags::INACTIVE));
        }
        self.server = Some(server);
    }

    /// Takes over what another director says: counts as active or not, whatever the state.
    pub fn update(&mut self, state: State, is_inactive: bool) {
        if !self.is_template() && is_inactive != self.flags.has(ConnFlags::INACTIVE) {
            if let Some(server) = &self.server {
                server.rebind(!is_inactive);
            }
            self.flags.set(ConnFlags::INACTIVE, is_inactive);
        }
        self.state = state;
    }

    /// The deadline that other directors were last told.
    pub fn synced_until(&self) -> Option<SyncedUntil> {
        self.extra.as_ref()?.synced_until
    }

    pub fn note_synced(&mut self, synced: SyncedUntil) {
        self.extra.get_or_insert_default().synced_until = Some(synced);
    }

    /// Offset of the numbers of the server's stream, if they have one.
    pub fn correction(&self) -> Option<Correction> {
        let control = self.extra.as_ref()?.ftp.as_ref()?;
        Some(*control.correction()).filter(|correction| *correction != Correction::default())
    }

    pub fn continue_from(&mut self, correction: Correction) {
        if let Some(control) = self.ftp_mut() {
            control.continue_from(correction);
        }
    }
}
