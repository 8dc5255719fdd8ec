//! Programs that a declaration has run without a shell.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A notifying script that says nothing else has this long.
pub const USUAL_TIMEOUT: Duration = Duration::from_secs(60);

/// A program that is run without a shell. Ended with all its children at its timeout.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Script {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// For a check, the timeout of its schedule comes first.
    pub timeout: Option<Duration>,
    /// None runs it as the director's own user.
    pub user: Option<String>,
    pub group: Option<String>,
    /// Run as root, it must be out of reach of other users (keepalived's `enable_script_security`).
    pub script_security: bool,
}

impl Script {
    pub const fn new(command: Vec<String>) -> Self {
        Self { command, timeout: None, user: None, group: None, script_security: false }
    }
}
