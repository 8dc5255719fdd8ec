//! A program whose exit status is the answer.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use crate::spec::script::Script;
use lvs::service::Endpoint;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ScriptCheck {
    pub script: Script,
    /// Sets the weight by the exit status (`misc_dynamic`): 0 leaves it, 2 to 255 mean that minus 2, 1 is a failure.
    pub dynamic: bool,
}

impl Kind for ScriptCheck {
    fn asks_a_port(&self) -> bool {
        false
    }

    fn asked(&self, _: Endpoint) -> String {
        self.script.command.join(" ")
    }
}
