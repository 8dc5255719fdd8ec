//! Whether a host is fit to be a director, or a real server, and how each trouble is mended.
//!
//! [`look`] reads the host (through a trait with a twin in memory), [`site`] is what was read, and the other modules are
//! pure: from a [`Site`] to [`Finding`]s. Changes nothing, ever; sends nothing unless it is told to probe. Called by
//! `tunvs doctor`.

mod big_tcp;
pub mod daemons;
pub mod filter;
mod firewall;
mod legs;
pub mod look;
mod marked;
mod mends;
mod network;
mod probe;
mod program;
mod servers;
pub mod site;
mod system;
#[cfg(test)]
mod tests;
pub mod texts;

use std::net::IpAddr;

use serde::Serialize;

pub use legs::FAR;
pub use probe::{Probe, probe};
pub use site::Site;

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
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self {
            check,
            about: None,
            level: Level::Ok,
            found: found.into(),
            why: String::new(),
            mend: Vec::new(),
        }
    }

    fn warn(check: &'static str, found: impl Into<String>, why: impl Into<String>) -> Self {
        Self { level: Level::Warn, why: why.into(), ..Self::ok(check, found) }
    }

    fn fail(check: &'static str, found: impl Into<String>, why: impl Into<String>) -> Self {
        Self { level: Level::Fail, ..Self::warn(check, found, why) }
    }

    fn about(mut self, about: impl ToString) -> Self {
        self.about = Some(about.to_string());
        self
    }

    fn mend(mut self, command: impl Into<String>) -> Self {
        self.mend.push(Mend { command: command.into(), on: None });
        self
    }

    fn mend_all(self, commands: impl IntoIterator<Item = String>) -> Self {
        commands.into_iter().fold(self, Self::mend)
    }

    fn mend_on(mut self, server: IpAddr, command: impl Into<String>) -> Self {
        self.mend.push(Mend { command: command.into(), on: Some(server) });
        self
    }
}

/// All findings, in the order in which a packet would meet what they are about.
pub fn examine(site: &Site) -> Vec<Finding> {
    let mut findings = Vec::new();
    program::examine(site, &mut findings);
    system::examine(site, &mut findings);
    daemons::examine(site, &mut findings);
    network::examine(site, &mut findings);
    big_tcp::examine(site, &mut findings);
    firewall::examine(site, &mut findings);
    servers::examine(site, &mut findings);
    findings
}
