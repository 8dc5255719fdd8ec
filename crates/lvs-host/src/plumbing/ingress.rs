//! Links by which packets enter, of a host that was looked at. Never looks itself.

use std::collections::HashSet;

use super::super::change::Step;
use super::super::kernel::Kernel;
use super::{Engine, Plumbing};
use crate::ingress_links::{IngressLink, ingress_links};

impl Plumbing {
    /// Links by which packets enter, as they were at the last reconciliation.
    pub fn ingress_links(&self) -> Vec<IngressLink> {
        let filtered: HashSet<&str> = self.engine.ledger.steps().filter_map(Step::filtered).collect();
        let mut all = ingress_links(&self.engine.view, self.engine.tuns.prefix());
        all.iter_mut().for_each(|link| link.has_filter = filtered.contains(link.name.as_str()));
        all
    }
}

impl<K: Kernel> Engine<K> {
    /// Leaves those in the view that others have made.
    pub(super) fn hide_own_clsact(&mut self) {
        for dev in self.ledger.steps().filter_map(Step::clsact_of) {
            self.view.clsact.remove(dev);
        }
    }
}
