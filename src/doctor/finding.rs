//! A finding of the doctor, and the commands that mend it.

use std::net::IpAddr;

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A word for the check; always the same one.
    pub check: &'static str,
    /// A link, a service, a server; None for the host as a whole.
    pub about: Option<String>,
    pub level: Level,
    pub found: String,
    /// Why it matters; empty where all is well.
    pub why: String,
    /// In this order; empty where all is well.
    pub mend: Vec<Mend>,
}

/// A command, as it is typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mend {
    pub command: String,
    /// On which real server it is to be typed; None: here.
    pub on: Option<IpAddr>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self {
            check,
            about: None,
            level: Level::Ok,
            found: found.into(),
            why: String::new(),
            mend: Vec::new(),
        }
    }

    pub(super) fn warn(check: &'static str, found: impl Into<String>, why: impl Into<String>) -> Self {
        Self { level: Level::Warn, why: why.into(), ..Self::ok(check, found) }
    }

    pub(super) fn fail(check: &'static str, found: impl Into<String>, why: impl Into<String>) -> Self {
        Self { level: Level::Fail, ..Self::warn(check, found, why) }
    }

    pub(super) fn about(mut self, about: impl ToString) -> Self {
        self.about = Some(about.to_string());
        self
    }

    pub(super) fn mend(mut self, command: impl Into<String>) -> Self {
        self.mend.push(Mend { command: command.into(), on: None });
        self
    }

    pub(super) fn mend_all(self, commands: impl IntoIterator<Item = String>) -> Self {
        commands.into_iter().fold(self, Self::mend)
    }

    pub(super) fn mend_on(mut self, server: IpAddr, command: impl Into<String>) -> Self {
        self.mend.push(Mend { command: command.into(), on: Some(server) });
        self
    }
}
