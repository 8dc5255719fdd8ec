//! A greeting for a mail server.

use serde::{Deserialize, Serialize};

use super::kind::Kind;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SmtpCheck {
    pub helo: String,
}

impl Default for SmtpCheck {
    fn default() -> Self {
        Self { helo: "smtpchecker.keepalived.org".to_owned() }
    }
}

impl Kind for SmtpCheck {
    fn usual_port(&self) -> Option<u16> {
        Some(25)
    }
}
