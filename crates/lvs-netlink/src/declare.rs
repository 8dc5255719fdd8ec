//! Declarations of programs in attributes, as the director's commands take it (`ip_vs_genl_parse_service` and its like).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lvs::director::{DaemonRole, DaemonSpec};
use lvs::service::{
    Endpoint, Family, Method, Persistence, Protocol, SchedulerFlags, ServerSpec, ServiceKey, ServiceSpec,
    Tunnel, TunnelChecksum, TunnelKind,
};

use crate::errno::{EAFNOSUPPORT, EINVAL};
use crate::names::{af, daemon, dest, flag, state, svc, tun};
use crate::policy::{DAEMON, DEST, Found, SERVICE, Said, parse};
use crate::wire::{Attr, Attrs};

const NEST_HEADER: usize = 4;

pub(crate) fn inside<'a>(nest: &Attr<'a>) -> Attrs<'a> {
    Attrs::new(nest.data, nest.at + NEST_HEADER)
}

/// A service as a program names it.
#[derive(Debug)]
pub(crate) struct Named<'a> {
    /// None: of a protocol that no service of the director has.
    pub(crate) key: Option<ServiceKey>,
    attrs: Found<'a, { svc::MAX + 1 }>,
}

/// All that a program says of a service, before it meets the one that is there.
#[derive(Clone, Debug)]
pub(crate) struct Full {
    pub(crate) scheduler: String,
    pub(crate) engine: Option<String>,
    pub(crate) flags: u32,
    pub(crate) mask: u32,
    pub(crate) timeout: u32,
    /// As it lies in memory.
    pub(crate) netmask: [u8; 4],
}

impl<'a> Named<'a> {
    /// Reads what names a service.
    ///
    /// # Errors
    /// Something is missing or broken: the errno.
    pub(crate) fn parse(nest: Option<&Attr<'a>>) -> Result<Self, i32> {
        let nest = nest.ok_or(EINVAL)?;
        let attrs = parse(inside(nest), &SERVICE, &mut Said::default()).map_err(|_| EINVAL)?;
        let family = attrs.at(svc::AF).ok_or(EINVAL)?.u16();
        let mark = attrs.at(svc::FWMARK);
        let ends = (attrs.at(svc::PORT), attrs.at(svc::PROTOCOL), attrs.at(svc::ADDR));
        if mark.is_none() && !matches!(ends, (Some(_), Some(_), Some(_))) {
            return Err(EINVAL);
        }
        let family = parse_family(family).ok_or(EAFNOSUPPORT)?;
        let key = match (mark, ends) {
            (Some(mark), _) if mark.u32() != 0 => Some(ServiceKey::Mark { mark: mark.u32(), family }),
            // A mark of 0 leaves the address and the port at zero.
            (Some(_), _) => {
                Some(ServiceKey::Address { protocol: Protocol::Tcp, addr: unspecified(family), port: 0 })
            }
            (None, (Some(port), Some(protocol), Some(addr))) => {
                let protocol = u8::try_from(protocol.u16()).ok().and_then(Protocol::from_number);
                protocol.map(|protocol| ServiceKey::Address {
                    protocol,
                    addr: address(addr, family),
                    port: port.be16(),
                })
            }
            (None, _) => return Err(EINVAL),
        };
        Ok(Self { key, attrs })
    }

    /// Reads the rest of a declaration.
    ///
    /// # Errors
    /// Something is missing: the errno.
    pub(crate) fn full(&self) -> Result<Full, i32> {
        let of = |kind| self.attrs.at(kind).ok_or(EINVAL);
        let (scheduler, flags) = (of(svc::SCHED_NAME)?, of(svc::FLAGS)?);
        let (timeout, netmask) = (of(svc::TIMEOUT)?, of(svc::NETMASK)?);
        let [a, b, c, d, e, f, g, h] = flags.padded();
        Ok(Full {
            scheduler: scheduler.text(),
            engine: self.attrs.at(svc::PE_NAME).map(Attr::text).filter(|name| !name.is_empty()),
            flags: u32::from_ne_bytes([a, b, c, d]),
            mask: u32::from_ne_bytes([e, f, g, h]),
            timeout: timeout.u32(),
            netmask: netmask.padded(),
        })
    }
}

impl Full {
    /// The declaration, with flags that are not masked from the service that is there, and what only the director knows
    /// of it.
    pub(crate) fn spec(self, key: ServiceKey, there: Option<&ServiceSpec>) -> ServiceSpec {
        let flags = (there.map_or(0, flags_of) & !self.mask) | (self.flags & self.mask);
        let mask = match key.family() {
            Family::V4 => u32::from_be_bytes(self.netmask),
            Family::V6 => u32::from_ne_bytes(self.netmask),
        };
        // A wrong prefix is refused even where nothing is persistent, so the director has to see it.
        let is_wrong = key.family() == Family::V6 && !(1..=128).contains(&mask);
        let is_persistent = flags & flag::PERSISTENT != 0 || is_wrong;
        ServiceSpec {
            key,
            scheduler: self.scheduler,
            scheduler_flags: SchedulerFlags((flags >> flag::SCHED_SHIFT & flag::SCHED_MASK) as u8),
            one_packet: flags & flag::ONE_PACKET != 0,
            persistence: is_persistent.then_some(Persistence { timeout: self.timeout, mask }),
            engine: self.engine,
            ..there.cloned().unwrap_or_else(|| ServiceSpec::new(key, ""))
        }
    }
}

/// The flags of a service as the kernel keeps them.
pub(crate) fn flags_of(spec: &ServiceSpec) -> u32 {
    let of = |is_on, bit| if is_on { bit } else { 0 };
    flag::HASHED
        | of(spec.persistence.is_some(), flag::PERSISTENT)
        | of(spec.one_packet, flag::ONE_PACKET)
        | u32::from(spec.scheduler_flags.0) << flag::SCHED_SHIFT
}

/// The forwarding method in flags of a server (`IP_VS_CONN_F_FWD_MASK`).
pub(crate) fn method(flags: u32) -> Result<Method, i32> {
    Method::from_number((flags & 7) as u8).ok_or(EINVAL)
}

/// A server as a program names or declares it.
#[derive(Debug)]
pub(crate) struct DeclaredServer<'a> {
    attrs: Found<'a, { dest::MAX + 1 }>,
}

impl<'a> DeclaredServer<'a> {
    /// Reads what names a server, and the rest if it is wanted `full`.
    ///
    /// # Errors
    /// Something is missing or broken: the errno.
    pub(crate) fn parse(nest: Option<&Attr<'a>>, full: bool) -> Result<Self, i32> {
        let nest = nest.ok_or(EINVAL)?;
        let attrs = parse(inside(nest), &DEST, &mut Said::default()).map_err(|_| EINVAL)?;
        let needed: &[u16] = if full {
            &[dest::ADDR, dest::PORT, dest::FWD_METHOD, dest::WEIGHT, dest::U_THRESH, dest::L_THRESH]
        } else {
            &[dest::ADDR, dest::PORT]
        };
        if needed.iter().any(|kind| attrs.at(*kind).is_none()) {
            return Err(EINVAL);
        }
        Ok(Self { attrs })
    }

    /// The server's end; of the service's family where none is given.
    ///
    /// # Errors
    /// A family that is none: the errno.
    pub(crate) fn endpoint(&self, service: Family) -> Result<Endpoint, i32> {
        let family = match self.attrs.at(dest::ADDR_FAMILY).map_or(0, Attr::u16) {
            0 => service,
            number => parse_family(number).ok_or(EAFNOSUPPORT)?,
        };
        let addr = self.attrs.at(dest::ADDR).ok_or(EINVAL)?;
        let port = self.attrs.at(dest::PORT).ok_or(EINVAL)?;
        Ok(Endpoint::new(address(addr, family), port.be16()))
    }

    /// # Errors
    /// A family or method that is none: the errno.
    pub(crate) fn spec(&self, service: Family) -> Result<ServerSpec, i32> {
        let Endpoint { addr, port } = self.endpoint(service)?;
        let number = |kind| self.attrs.at(kind).map_or(0, Attr::u32);
        let method = method(number(dest::FWD_METHOD))?;
        let tunnel = if method.is_tunnel() { self.tunnel()? } else { Tunnel::default() };
        Ok(ServerSpec {
            addr,
            port,
            forwarding: method.with(tunnel),
            weight: number(dest::WEIGHT).cast_signed(),
            upper_threshold: number(dest::U_THRESH),
            lower_threshold: number(dest::L_THRESH),
        })
    }

    fn tunnel(&self) -> Result<Tunnel, i32> {
        Ok(Tunnel {
            kind: match self.attrs.at(dest::TUN_TYPE).map_or(tun::IPIP, Attr::u8) {
                tun::IPIP => TunnelKind::Ipip,
                tun::GUE => TunnelKind::Gue,
                tun::GRE => TunnelKind::Gre,
                _ => return Err(EINVAL),
            },
            port: self.attrs.at(dest::TUN_PORT).map_or(0, Attr::be16),
            checksum: match self.attrs.at(dest::TUN_FLAGS).map_or(tun::NO_CSUM, Attr::u16) {
                flags if flags & tun::REM_CSUM != 0 => TunnelChecksum::Remote,
                flags if flags & tun::CSUM != 0 => TunnelChecksum::Full,
                _ => TunnelChecksum::None,
            },
        })
    }
}

/// A sync daemon as a program declares it.
#[derive(Debug)]
pub(crate) struct DeclaredDaemon<'a> {
    attrs: Found<'a, { daemon::MAX + 1 }>,
}

impl<'a> DeclaredDaemon<'a> {
    /// # Errors
    /// The daemon is missing or broken: the errno.
    pub(crate) fn parse(nest: Option<&Attr<'a>>, said: &mut Said) -> Result<Self, i32> {
        let nest = nest.ok_or(EINVAL)?;
        Ok(Self { attrs: parse(inside(nest), &DAEMON, said).map_err(|_| EINVAL)? })
    }

    /// # Errors
    /// No role, or one that is none: the errno.
    pub(crate) fn role(&self) -> Result<DaemonRole, i32> {
        match self.attrs.at(daemon::STATE).ok_or(EINVAL)?.u32() {
            state::MASTER => Ok(DaemonRole::Master),
            state::BACKUP => Ok(DaemonRole::Backup),
            _ => Err(EINVAL),
        }
    }

    /// # Errors
    /// Something is missing, or a group that is none: the errno.
    pub(crate) fn spec(&self) -> Result<DaemonSpec, i32> {
        let of = |kind| self.attrs.at(kind).ok_or(EINVAL);
        let (_, interface, sync_id) = (of(daemon::STATE)?, of(daemon::MCAST_IFN)?, of(daemon::SYNC_ID)?);
        let group = match (self.attrs.at(daemon::MCAST_GROUP), self.attrs.at(daemon::MCAST_GROUP6)) {
            (Some(group), _) => Some(IpAddr::V4(Ipv4Addr::from(group.padded::<4>()))),
            (None, Some(group)) => Some(IpAddr::V6(Ipv6Addr::from(group.padded::<16>()))),
            (None, None) => None,
        };
        if group.is_some_and(|group| !group.is_multicast()) {
            return Err(EINVAL);
        }
        Ok(DaemonSpec {
            role: self.role()?,
            interface: interface.text(),
            sync_id: sync_id.u32(),
            max_len: self.attrs.at(daemon::SYNC_MAXLEN).map_or(0, Attr::u16),
            group,
            port: self.attrs.at(daemon::MCAST_PORT).map_or(0, Attr::u16),
            ttl: self.attrs.at(daemon::MCAST_TTL).map_or(0, Attr::u8),
        })
    }
}

fn parse_family(number: u16) -> Option<Family> {
    match number {
        af::INET => Some(Family::V4),
        af::INET6 => Some(Family::V6),
        _ => None,
    }
}

const fn unspecified(family: Family) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

fn address(attr: &Attr<'_>, family: Family) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::from(attr.padded::<4>())),
        Family::V6 => IpAddr::V6(Ipv6Addr::from(attr.padded::<16>())),
    }
}
