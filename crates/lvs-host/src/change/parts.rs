//! Parts of steps that the plumbing asks for.

use super::{Address, Change, Rule, Setting, Step};

impl Step {
    /// How it is undone, where others may rely on it.
    pub(in super::super) fn shared_undo(&mut self) -> Option<&mut Setting> {
        match &mut self.undo {
            Some(Change::Sysctl(setting)) => Some(setting).filter(|setting| setting.only_with.is_some()),
            _ => None,
        }
    }

    /// The setting that it sets itself; not what it only brings back at the end.
    pub(in super::super) fn set_value(&self) -> Option<&Setting> {
        match (&self.apply, &self.undo) {
            (Change::Sysctl(_), Some(Change::Sysctl(Setting { only_if: None, .. }))) => None,
            (Change::Sysctl(setting), _) => Some(setting),
            _ => None,
        }
    }

    pub(in super::super) const fn added_rule(&self) -> Option<&Rule> {
        match &self.apply {
            Change::AddRule(rule) => Some(rule),
            _ => None,
        }
    }

    /// The interface that it gives a place for filters.
    pub(in super::super) fn clsact_of(&self) -> Option<&str> {
        match &self.apply {
            Change::AddClsact(dev) => Some(dev),
            _ => None,
        }
    }

    /// The interface that it gives a filter.
    pub(in super::super) fn filtered(&self) -> Option<&str> {
        match &self.apply {
            Change::AddFilter(filter) => Some(&filter.dev),
            _ => None,
        }
    }

    /// The TUN device that it sets up.
    pub(in super::super) fn device(&self) -> Option<&str> {
        match &self.apply {
            Change::Link(link) => Some(&link.dev),
            _ => None,
        }
    }

    pub(in super::super) const fn added_address(&self) -> Option<&Address> {
        match &self.apply {
            Change::AddAddress(address) => Some(address),
            _ => None,
        }
    }
}
