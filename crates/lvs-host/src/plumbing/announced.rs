//! Announcements of virtual addresses: which there are to be, and their end before everything else ends.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::super::announcements;
use super::super::change::Step;
use super::super::error::HostError;
use super::super::kernel::Kernel;
use super::{Engine, Plumbing};

impl Plumbing {
    /// From the next [`Self::reconcile`] on these addresses are announced; none: nothing ever is, and there is no interface for it.
    pub fn announce(&mut self, announced: Option<BTreeSet<IpAddr>>) {
        self.engine.announced = announced;
    }

    /// Name of the interface that announcements go by.
    pub fn announce_tun_name(&self) -> &str {
        &self.engine.tuns.fleet
    }

    /// Withdraws all announcements, also when the director stops already. What could not be done.
    pub async fn withdraw(&mut self) -> Vec<HostError> {
        self.engine.withdraw().await
    }
}

impl<K: Kernel> Engine<K> {
    pub(super) fn announcements(&self) -> Vec<Step> {
        let announced = self.announced.as_ref();
        announced.map(|announced| announcements::steps(&self.context(), announced)).unwrap_or_default()
    }

    /// The steps stay noted: their undoing finds nothing left to do.
    pub(super) async fn withdraw(&mut self) -> Vec<HostError> {
        if let Some(announced) = &mut self.announced {
            announced.clear();
        }
        let changes = announcements::withdrawals(self.ledger.steps(), &self.tuns.fleet);
        let results = self.kernel.carry_out(&changes).await;
        results.into_iter().filter_map(Result::err).filter(|error| !error.is_moot()).collect()
    }
}
