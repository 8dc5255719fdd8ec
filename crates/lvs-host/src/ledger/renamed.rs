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
        let entries = self.made.iter_mut().chain(&mut self.going);
        if entries.filter_map(|entry| entry.step.rename(names).then_some(())).count() > 0 {
            self.begin_anew()?;
        }
        Ok(())
    }
}
