//! What a director, or a real server, may do after its start: the capabilities it needs, and no others, for itself and for
//! the programs that it runs. Never gains any. Called before the first thread starts, since capabilities belong to threads.

use caps::errors::CapsError;
use caps::{CapSet, Capability, CapsHashSet};

/// The network's configuration and TUN devices; raw sockets for direct routing and pings; a port below 1024 for metrics.
pub(super) const DIRECTOR: [Capability; 3] =
    [Capability::CAP_NET_ADMIN, Capability::CAP_NET_RAW, Capability::CAP_NET_BIND_SERVICE];

/// To make the TUN, and to follow the host and undo everything; its ports are open by then.
pub(super) const REAL_SERVER: [Capability; 1] = [Capability::CAP_NET_ADMIN];

/// Gives up all capabilities but those needed and `also`.
///
/// # Errors
/// The kernel refuses, which it does for no reason known.
pub(super) fn shed(needed: &[Capability], also: &[Capability]) -> Result<(), CapsError> {
    let wanted: CapsHashSet = needed.iter().chain(also).copied().collect();
    // The bounding set wants a capability to be changed, and matters only where programs are run by a root that has it.
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP)? {
        for gone in caps::read(None, CapSet::Bounding)?.difference(&wanted) {
            caps::drop(None, CapSet::Bounding, *gone)?;
        }
    }
    let kept: CapsHashSet = caps::read(None, CapSet::Permitted)?.intersection(&wanted).copied().collect();
    for set in [CapSet::Effective, CapSet::Permitted, CapSet::Inheritable] {
        let current = caps::read(None, set)?;
        caps::set(None, set, &current.intersection(&kept).copied().collect())?;
    }
    Ok(())
}
