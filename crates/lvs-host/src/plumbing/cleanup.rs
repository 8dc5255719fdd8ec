//! Changes that a director left behind: undone by `tunvs cleanup`, or handed to the next director.

use std::path::Path;

use super::super::error::HostError;
use super::super::journal::{Journal, Left};
use super::super::kernel::{Kernel, Netlink};
use super::super::ledger::Ledger;
use super::super::stop::StopFlag;
use super::missing::put_local_first;

/// Outcome of a clean-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CleanedUp {
    /// Nothing was left.
    Nothing,
    /// All that was left, but for these settings, as sentences.
    AllBut(Vec<String>),
}

/// Undoes what a director left behind that could not do it itself.
///
/// # Errors
/// The journal's director lives, or something could not be undone; the journal stays then.
pub async fn cleanup(journal: &Path) -> Result<CleanedUp, HostError> {
    let Some(left) = Journal::left_behind(journal)? else { return Ok(CleanedUp::Nothing) };
    let kernel = Netlink::connect()?;
    let mut ledger = Ledger::left_behind(left, StopFlag::default());
    ledger.follow_names(&kernel.view().await?)?;
    let mut errors = ledger.end(&kernel).await;
    errors.extend(put_local_first(&kernel).await.err());
    HostError::from_all(errors)?;
    Ok(CleanedUp::AllBut(ledger.left_on().to_vec()))
}

/// Changes of this host by a director that ended without undoing them. Nobody else takes them meanwhile.
#[derive(Debug)]
pub struct Inheritance {
    pub(super) left: Left,
}

impl Inheritance {
    /// Looks for such changes. None where there are none.
    ///
    /// # Errors
    /// The journal's director lives, or belongs to another network namespace.
    pub fn find(journal: &Path) -> Result<Option<Self>, HostError> {
        Ok(Journal::left_behind(journal)?.map(|left| Self { left }))
    }

    /// Lists the TUN devices that may still be there.
    pub fn devices(&self) -> impl Iterator<Item = &str> {
        self.left.entries.iter().filter_map(|entry| entry.step.device())
    }
}
