//! Links by which packets enter, of a host that was looked at. Never looks itself.

use super::Plumbing;
use crate::entrances::{Entrance, entrances};

impl Plumbing {
    /// Links by which packets enter, as they were at the last reconciliation.
    pub fn entrances(&self) -> Vec<Entrance> {
        let own = self.engine.tuns.vip.trim_end_matches("vip");
        entrances(&self.engine.view, own)
    }
}
