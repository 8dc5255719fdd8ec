//! Whether a host is fit to be a director, or a real server, and how each trouble is mended.
//!
//! [`look`] reads the host (through a trait with a twin in memory), [`site`] is what was read, and the other modules are
//! pure: from a [`Site`] to [`Finding`]s. Changes nothing, ever; sends nothing unless it is told to probe. Called by
//! `tunvs doctor`.

mod big_tcp;
pub mod daemons;
mod fast_path;
mod features;
pub mod filter;
mod finding;
mod firewall;
pub mod host;
mod kept;
pub mod look;
mod marked;
mod mends;
mod network;
mod probe;
mod program;
mod sandbox;
mod servers;
pub mod site;
mod sources;
mod system;
#[cfg(test)]
mod tests;
pub mod texts;
mod tracer;

pub use finding::{Finding, Level, Mend};
pub use probe::{Probe, probe};
pub use site::Site;
pub use tracer::FAR;

/// All findings, in the order in which a packet would meet what they are about.
pub fn examine(site: &Site) -> Vec<Finding> {
    let mut findings = Vec::new();
    program::examine(site, &mut findings);
    features::examine(site, &mut findings);
    system::examine(site, &mut findings);
    fast_path::examine(site, &mut findings);
    kept::examine(site, &mut findings);
    sandbox::examine(site, &mut findings);
    daemons::examine(site, &mut findings);
    network::examine(site, &mut findings);
    big_tcp::examine(site, &mut findings);
    firewall::examine(site, &mut findings);
    servers::examine(site, &mut findings);
    sources::examine(site, &mut findings);
    findings
}
