//! A TUN for each firewall mark that a service has: packets carry their mark no further than the policy rule that
//! leads them here, so the interface they come in by has to say it.

use std::collections::{BTreeMap, BTreeSet};

use super::datapath::Path;
use super::interface::Interface;
use lvs::director::{Captures, Side};
use lvs_device::Options;

/// Opens and closes the interfaces of marks.
#[derive(Debug)]
pub(super) struct MarkTuns {
    prefix: String,
    options: Options,
    path: Path,
    open: BTreeMap<u32, Interface>,
    /// Marks of the open ones that end with the process.
    new: BTreeSet<u32>,
}

/// The interface of a mark; in hexadecimal, so that the longest still is a name.
fn name(prefix: &str, mark: u32) -> String {
    format!("{prefix}-m{mark:x}")
}

fn marks(captures: &Captures) -> BTreeSet<u32> {
    captures.marks.iter().map(|(mark, _)| *mark).collect()
}

/// The interfaces that these captures will have.
pub(super) fn names(prefix: &str, captures: &Captures) -> BTreeMap<u32, String> {
    marks(captures).into_iter().map(|mark| (mark, name(prefix, mark))).collect()
}

impl MarkTuns {
    /// `path` is that of any interface.
    pub(super) const fn new(prefix: String, options: Options, path: Path) -> Self {
        Self { prefix, options, path, open: BTreeMap::new(), new: BTreeSet::new() }
    }

    /// Goes on with interfaces that are open already.
    pub(super) fn with(self, open: BTreeMap<u32, Interface>) -> Self {
        Self { open, ..self }
    }

    pub(super) fn interfaces(&mut self) -> impl Iterator<Item = &mut Interface> {
        self.open.values_mut()
    }

    /// Opens what is missing and names what is there. A mark whose interface cannot be made has none, and a
    /// sentence says why.
    pub(super) fn open(&mut self, captures: &Captures) -> (BTreeMap<u32, String>, Vec<String>) {
        let mut warnings = Vec::new();
        for mark in marks(captures) {
            if self.open.contains_key(&mark) {
                continue;
            }
            let path = Path { side: Side::Mark(mark), ..self.path.clone() };
            let opened = Interface::open(&name(&self.prefix, mark), self.options, &path);
            match opened.and_then(|mut interface| interface.serve().map(|()| interface)) {
                Ok(interface) => {
                    interface.take_tunnels_whole()();
                    self.open.insert(mark, interface);
                    self.new.insert(mark);
                }
                Err(error) => warnings.push(error.to_string()),
            }
        }
        (self.open.iter().map(|(mark, interface)| (*mark, interface.name().to_owned())).collect(), warnings)
    }

    /// Has the new ones outlive a director that is killed, once they are in the journal.
    pub(super) fn keep(&mut self) {
        for mark in std::mem::take(&mut self.new) {
            if let Some(Err(error)) = self.open.get(&mark).map(Interface::keep) {
                tracing::warn!(%error, "packets with this mark reach the host itself when the director is killed");
            }
        }
    }

    /// Lets go of what is not wanted any more; the host deletes it.
    pub(super) fn close_others(&mut self, captures: &Captures) {
        let wanted = marks(captures);
        self.open.retain(|mark, interface| {
            let is_wanted = wanted.contains(mark);
            if !is_wanted {
                tracing::info!(device = interface.name(), "device closed");
            }
            is_wanted
        });
    }
}
