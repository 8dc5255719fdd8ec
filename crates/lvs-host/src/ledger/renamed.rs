//! Steps of links that were given another name.

use super::super::change::renamed::Names;
use super::super::error::HostError;
use super::Ledger;

impl Ledger {
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
