//! Things to be done about findings of checks.

use super::spec::Script;
use lvs::director::Command;
use lvs_events::Event;

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Apply(Command),
    Publish(Event),
    Run(Script),
}
