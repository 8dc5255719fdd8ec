//! Links that were given another name while the director runs: what it did to them goes on under the new one.

use std::collections::HashMap;

use super::super::change::renamed::{Names, rename_key};
use super::super::error::HostError;
use super::super::kernel::Kernel;
use super::super::view::View;
use super::Engine;

impl<K: Kernel> Engine<K> {
    /// To be called with the host as it was at the look before.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub(super) fn follow_names(&mut self, before: &View) -> Result<(), HostError> {
        let names = renamed(before, &self.view, self.tuns.prefix());
        if names.is_empty() {
            return Ok(());
        }
        tracing::info!(links = ?names, "links have another name");
        let originals = std::mem::take(&mut self.originals).into_iter();
        self.originals = originals
            .map(|(mut key, value)| {
                rename_key(&mut key, &names);
                (key, value)
            })
            .collect();
        self.ledger.rename(&names)
    }
}

/// Without the director's own.
fn renamed(before: &View, now: &View, own: &str) -> Names {
    let old: HashMap<u32, &str> = before.links.iter().map(|link| (link.index, link.name.as_str())).collect();
    let names = now.links.iter().filter_map(|link| {
        let old = *old.get(&link.index)?;
        (old != link.name && !old.starts_with(own)).then(|| (old.to_owned(), link.name.clone()))
    });
    names.collect()
}
