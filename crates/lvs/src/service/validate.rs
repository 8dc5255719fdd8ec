//! Checks of a declared server before it comes into a table.

use std::net::IpAddr;

use super::{
    ClientAddrMode, CommandError, Endpoint, Family, Forwarding, ServerSpec, ServiceSpec, TunnelKind,
};

/// The kernel's checks of a declaration, in its order.
pub(super) fn check(
    service: &ServiceSpec,
    spec: &ServerSpec,
    sync_daemon_runs: bool,
) -> Result<(), CommandError> {
    if Family::of(&spec.addr) != service.key.family() && (sync_daemon_runs || !spec.forwarding.is_tunnel()) {
        return Err(CommandError::MixedFamily);
    }
    if spec.weight < 0 {
        return Err(CommandError::NegativeWeight(spec.weight));
    }
    if spec.lower_threshold > spec.upper_threshold {
        return Err(CommandError::ThresholdsCrossed {
            lower: spec.lower_threshold,
            upper: spec.upper_threshold,
        });
    }
    // The kernel compares it with a number of connections, which is signed.
    if spec.upper_threshold > i32::MAX.unsigned_abs() {
        return Err(CommandError::ThresholdTooHigh(spec.upper_threshold));
    }
    match spec.forwarding {
        Forwarding::Tunnel(tunnel) if tunnel.kind == TunnelKind::Gue && tunnel.port == 0 => {
            Err(CommandError::NoTunnelPort)
        }
        forwarding => check_method(service, spec.endpoint(), forwarding),
    }
}

/// Whether the service's wishes, of those that the kernel does not know, go with a server's method.
pub(super) fn check_method(
    service: &ServiceSpec,
    server: Endpoint,
    forwarding: Forwarding,
) -> Result<(), CommandError> {
    if service.one_packet && forwarding.hides_client() {
        return Err(CommandError::FullNatOnePacket);
    }
    if matches!(service.client_addr_mode, Some(ClientAddrMode::Proxy(_))) && !forwarding.is_rewritten() {
        return Err(CommandError::ProxyNeedsNat(server));
    }
    Ok(())
}

pub(super) fn is_unicast(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(addr) => !addr.is_unspecified() && !addr.is_multicast() && !addr.is_broadcast(),
        IpAddr::V6(addr) => {
            !addr.is_unspecified()
                && !addr.is_multicast()
                && !addr.is_unicast_link_local()
                && addr.to_ipv4_mapped().is_none()
        }
    }
}
