//! Steps of links that were given another name, while the director ran or since it ended.

use super::super::change::renamed::Names;
use super::super::error::HostError;
use super::super::view::View;
use super::Ledger;

impl Ledger {
    /// Notes which links the host has, so that they are found again by whoever undoes the steps.
    pub(in super::super) fn know_links(&mut self, view: &View) {
        if let Some(journal) = &mut self.journal {
            journal.know_links(view.links.iter().map(|link| (link.name.clone(), link.index)).collect());
        }
    }

    /// Knows what was done to links by the names that they have now, where the director that did it has ended.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub(in super::super) fn follow_names(&mut self, view: &View) -> Result<(), HostError> {
        let Some(journal) = &self.journal else { return Ok(()) };
        let of_number = |(old, index): (&String, &u32)| {
            let link = view.links.iter().find(|link| link.index == *index)?;
            (link.name != *old).then(|| (old.clone(), link.name.clone()))
        };
        let names: Names = journal.links().iter().filter_map(of_number).collect();
        self.know_links(view);
        self.rename(&names)
    }

    /// Knows what was done to links by the names that they have now.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub(in super::super) fn rename(&mut self, names: &Names) -> Result<(), HostError> {
        let mut is_changed = false;
        for entry in self.made.iter_mut().chain(&mut self.going) {
            is_changed |= entry.step.rename(names);
        }
        if is_changed { self.begin_anew() } else { Ok(()) }
    }
}
