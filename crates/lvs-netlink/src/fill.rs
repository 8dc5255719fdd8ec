//! The director's tables as attributes (`ip_vs_genl_fill_service` and its like).

use std::net::IpAddr;

use lvs::director::{DaemonRole, DaemonSpec, ServerEntry, ServiceEntry};
use lvs::service::{Family, Persistence, Rates, ServiceKey, Stats, TunnelChecksum, TunnelKind};

use crate::declare::flags_of;
use crate::names::{af, attr, daemon, dest, state, svc, tun};
use crate::wire::Writer;

/// A service as `IPVS_CMD_ATTR_SERVICE`.
pub(crate) fn service(out: &mut Writer, entry: &ServiceEntry) {
    let spec = &entry.spec;
    let nest = out.nest(attr::SERVICE);
    out.attr(svc::AF, &family_number(spec.key.family()).to_ne_bytes());
    match spec.key {
        ServiceKey::Mark { mark, .. } => out.u32(svc::FWMARK, mark),
        ServiceKey::Address { protocol, addr, port } => {
            out.attr(svc::PROTOCOL, &u16::from(protocol.number()).to_ne_bytes());
            out.attr(svc::ADDR, &addr_bytes(addr));
            out.attr(svc::PORT, &port.to_be_bytes());
        }
    }
    out.text(svc::SCHED_NAME, spec.scheduler.as_bytes());
    if let Some(engine) = &spec.engine {
        out.text(svc::PE_NAME, engine.as_bytes());
    }
    let flags = [flags_of(spec).to_ne_bytes(), u32::MAX.to_ne_bytes()].concat();
    out.attr(svc::FLAGS, &flags);
    let (timeout, netmask) = persistence(spec.persistence.as_ref(), spec.key.family());
    out.u32(svc::TIMEOUT, timeout);
    out.attr(svc::NETMASK, &netmask);
    stats(out, svc::STATS, svc::STATS64, &entry.stats, &entry.rates);
    out.end_nest(nest);
}

/// The timeout and the mask as it lies in memory; what stands there where nothing is persistent is what `ipvsadm` puts
/// there.
pub(crate) fn persistence(declared: Option<&Persistence>, family: Family) -> (u32, [u8; 4]) {
    let timeout = declared.map_or(0, |persistence| persistence.timeout);
    let mask = declared.map_or(Persistence::host_mask(family), |persistence| persistence.mask);
    match family {
        Family::V4 => (timeout, mask.to_be_bytes()),
        Family::V6 => (timeout, mask.to_ne_bytes()),
    }
}

/// A server as `IPVS_CMD_ATTR_DEST`.
pub(crate) fn server(out: &mut Writer, entry: &ServerEntry) {
    let spec = &entry.spec;
    let tunnel = spec.forwarding.tunnel().unwrap_or_default();
    let nest = out.nest(attr::DEST);
    out.attr(dest::ADDR, &addr_bytes(spec.addr));
    out.attr(dest::PORT, &spec.port.to_be_bytes());
    out.u32(dest::FWD_METHOD, spec.forwarding.number().into());
    out.u32(dest::WEIGHT, entry.weight().cast_unsigned());
    out.attr(dest::TUN_TYPE, &[tunnel_type(tunnel.kind)]);
    out.attr(dest::TUN_PORT, &tunnel.port.to_be_bytes());
    out.attr(dest::TUN_FLAGS, &tunnel_flags(tunnel.checksum).to_ne_bytes());
    out.u32(dest::U_THRESH, spec.upper_threshold);
    out.u32(dest::L_THRESH, spec.lower_threshold);
    out.u32(dest::ACTIVE_CONNS, entry.active_conns);
    out.u32(dest::INACT_CONNS, entry.inactive_conns);
    out.u32(dest::PERSIST_CONNS, entry.persistent_conns);
    out.attr(dest::ADDR_FAMILY, &family_number(Family::of(&spec.addr)).to_ne_bytes());
    stats(out, dest::STATS, dest::STATS64, &entry.stats, &entry.rates);
    out.end_nest(nest);
}

/// A sync daemon as `IPVS_CMD_ATTR_DAEMON`.
pub(crate) fn sync_daemon(out: &mut Writer, spec: &DaemonSpec) {
    let nest = out.nest(attr::DAEMON);
    let role = match spec.role {
        DaemonRole::Master => state::MASTER,
        DaemonRole::Backup => state::BACKUP,
    };
    out.u32(daemon::STATE, role);
    out.text(daemon::MCAST_IFN, spec.interface.as_bytes());
    out.u32(daemon::SYNC_ID, spec.sync_id);
    out.attr(daemon::SYNC_MAXLEN, &spec.max_len.to_ne_bytes());
    out.attr(daemon::MCAST_PORT, &spec.port.to_ne_bytes());
    out.attr(daemon::MCAST_TTL, &[spec.ttl]);
    match spec.group {
        Some(IpAddr::V4(group)) => out.attr(daemon::MCAST_GROUP, &group.octets()),
        Some(IpAddr::V6(group)) => out.attr(daemon::MCAST_GROUP6, &group.octets()),
        None => {}
    }
    out.end_nest(nest);
}

/// Numbers of 32 bits, cut as the kernel cuts them, and once more of 64. The kinds of both are the same:
/// `IPVS_STATS_ATTR_*`.
fn stats(out: &mut Writer, short: u16, long: u16, stats: &Stats, rates: &Rates) {
    let all = [
        stats.conns,
        stats.in_packets,
        stats.out_packets,
        stats.in_bytes,
        stats.out_bytes,
        rates.cps,
        rates.in_pps,
        rates.out_pps,
        rates.in_bps,
        rates.out_bps,
    ];
    const BYTES: [u16; 2] = [4, 5];
    let nest = out.nest(short);
    for (kind, value) in (1..).zip(all) {
        if BYTES.contains(&kind) {
            out.u64(kind, value);
        } else {
            out.u32(kind, value as u32);
        }
    }
    out.end_nest(nest);
    let nest = out.nest(long);
    for (kind, value) in (1..).zip(all) {
        out.u64(kind, value);
    }
    out.end_nest(nest);
}

pub(crate) const fn family_number(family: Family) -> u16 {
    match family {
        Family::V4 => af::INET,
        Family::V6 => af::INET6,
    }
}

/// An address as `union nf_inet_addr`.
fn addr_bytes(addr: IpAddr) -> [u8; 16] {
    match addr {
        IpAddr::V4(addr) => {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&addr.octets());
            bytes
        }
        IpAddr::V6(addr) => addr.octets(),
    }
}

const fn tunnel_type(kind: TunnelKind) -> u8 {
    match kind {
        TunnelKind::Ipip => tun::IPIP,
        TunnelKind::Gue => tun::GUE,
        TunnelKind::Gre => tun::GRE,
    }
}

const fn tunnel_flags(checksum: TunnelChecksum) -> u16 {
    match checksum {
        TunnelChecksum::None => tun::NO_CSUM,
        TunnelChecksum::Full => tun::CSUM,
        TunnelChecksum::Remote => tun::REM_CSUM,
    }
}
