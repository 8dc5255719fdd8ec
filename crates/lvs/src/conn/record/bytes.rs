//! Values as bytes, little-endian, and back. Nothing that is read is trusted: whatever is missing or cannot be is named.

use std::net::IpAddr;

use super::Damage;
use crate::service::{
    Endpoint, Family, Forwarding, Method, Protocol, ServiceKey, Stats, Tunnel, TunnelChecksum, TunnelKind,
};
use crate::time::Time;

/// Stands where the protocol of a service with an address stands; no protocol has these numbers.
const MARK_V4: u8 = 0xf4;
const MARK_V6: u8 = 0xf6;

pub(super) fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend(value.to_le_bytes());
}

pub(super) fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend(value.to_le_bytes());
}

pub(super) fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend(value.to_le_bytes());
}

/// How far a moment is from `now`, in milliseconds; negative where it has passed.
pub(super) fn put_time(out: &mut Vec<u8>, time: Time, now: Time) {
    put_u64(out, time.0.wrapping_sub(now.0));
}

pub(super) fn put_addr(out: &mut Vec<u8>, addr: IpAddr) {
    match addr {
        IpAddr::V4(addr) => {
            out.push(4);
            out.extend(addr.octets());
        }
        IpAddr::V6(addr) => {
            out.push(6);
            out.extend(addr.octets());
        }
    }
}

pub(super) fn put_end(out: &mut Vec<u8>, end: Endpoint) {
    put_addr(out, end.addr);
    put_u16(out, end.port);
}

pub(super) fn put_option<T>(out: &mut Vec<u8>, value: Option<T>, put: impl FnOnce(&mut Vec<u8>, T)) {
    out.push(value.is_some().into());
    if let Some(value) = value {
        put(out, value);
    }
}

pub(super) fn put_service(out: &mut Vec<u8>, key: &ServiceKey) {
    match *key {
        ServiceKey::Mark { mark, family } => {
            out.push(match family {
                Family::V4 => MARK_V4,
                Family::V6 => MARK_V6,
            });
            put_u32(out, mark);
        }
        ServiceKey::Address { protocol, addr, port } => {
            out.push(protocol.number());
            put_end(out, Endpoint::new(addr, port));
        }
    }
}

pub(super) fn put_forwarding(out: &mut Vec<u8>, forwarding: Forwarding) {
    out.push(forwarding.ordinal());
    if let Forwarding::Tunnel(tunnel) = forwarding {
        out.push(match tunnel.kind {
            TunnelKind::Ipip => 0,
            TunnelKind::Gue => 1,
            TunnelKind::Gre => 2,
        });
        out.push(match tunnel.checksum {
            TunnelChecksum::None => 0,
            TunnelChecksum::Full => 1,
            TunnelChecksum::Remote => 2,
        });
        put_u16(out, tunnel.port);
    }
}

pub(super) fn put_stats(out: &mut Vec<u8>, stats: &Stats) {
    for value in [stats.conns, stats.in_packets, stats.out_packets, stats.in_bytes, stats.out_bytes] {
        put_u64(out, value);
    }
}

/// Bytes of a record, or of a part of it, that are left to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    rest: &'a [u8],
    /// Name of what is being read, for errors.
    what: &'static str,
    now: Time,
}

impl<'a> Source<'a> {
    pub(super) const fn new(bytes: &'a [u8], what: &'static str, now: Time) -> Self {
        Self { rest: bytes, what, now }
    }

    pub(super) const fn now(&self) -> Time {
        self.now
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) const fn bad(&self, value: u64) -> Damage {
        Damage::BadValue { what: self.what, value }
    }

    /// The next so many bytes, as a source of their own.
    pub(super) fn part(&mut self, len: usize, what: &'static str) -> Result<Self, Damage> {
        Ok(Self { rest: self.bytes(len)?, what, now: self.now })
    }

    pub(super) fn bytes(&mut self, len: usize) -> Result<&'a [u8], Damage> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(Damage::Torn(self.what))?;
        self.rest = rest;
        Ok(bytes)
    }

    /// All that is left.
    pub(super) const fn remaining(&mut self) -> &'a [u8] {
        let bytes = self.rest;
        self.rest = &[];
        bytes
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Damage::Torn(self.what))?;
        self.rest = rest;
        Ok(*bytes)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Damage> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Damage> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Damage> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Damage> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn bool(&mut self) -> Result<bool, Damage> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.bad(other.into())),
        }
    }

    /// A moment before time began is when it began.
    pub(super) fn time(&mut self) -> Result<Time, Damage> {
        Ok(Time(self.now.0.saturating_add_signed(self.u64()?.cast_signed())))
    }

    pub(super) fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Damage>,
    ) -> Result<Option<T>, Damage> {
        if self.bool()? { read(self).map(Some) } else { Ok(None) }
    }

    pub(super) fn addr(&mut self) -> Result<IpAddr, Damage> {
        match self.u8()? {
            4 => self.array::<4>().map(IpAddr::from),
            6 => self.array::<16>().map(IpAddr::from),
            other => Err(self.bad(other.into())),
        }
    }

    pub(super) fn end(&mut self) -> Result<Endpoint, Damage> {
        Ok(Endpoint::new(self.addr()?, self.u16()?))
    }

    pub(super) fn service(&mut self) -> Result<ServiceKey, Damage> {
        let kind = self.u8()?;
        let family = match kind {
            MARK_V4 => Family::V4,
            MARK_V6 => Family::V6,
            number => {
                let protocol = Protocol::from_number(number).ok_or_else(|| self.bad(number.into()))?;
                let Endpoint { addr, port } = self.end()?;
                return Ok(ServiceKey::Address { protocol, addr, port });
            }
        };
        Ok(ServiceKey::Mark { mark: self.u32()?, family })
    }

    pub(super) fn forwarding(&mut self) -> Result<Forwarding, Damage> {
        let ordinal = self.u8()?;
        let method = Method::ALL.get(usize::from(ordinal)).ok_or_else(|| self.bad(ordinal.into()))?;
        let tunnel = if method.is_tunnel() { self.tunnel()? } else { Tunnel::default() };
        Ok(method.with(tunnel))
    }

    fn tunnel(&mut self) -> Result<Tunnel, Damage> {
        let kind = match self.u8()? {
            0 => TunnelKind::Ipip,
            1 => TunnelKind::Gue,
            2 => TunnelKind::Gre,
            other => return Err(self.bad(other.into())),
        };
        let checksum = match self.u8()? {
            0 => TunnelChecksum::None,
            1 => TunnelChecksum::Full,
            2 => TunnelChecksum::Remote,
            other => return Err(self.bad(other.into())),
        };
        Ok(Tunnel { kind, port: self.u16()?, checksum })
    }

    pub(super) fn stats(&mut self) -> Result<Stats, Damage> {
        Ok(Stats {
            conns: self.u64()?,
            in_packets: self.u64()?,
            out_packets: self.u64()?,
            in_bytes: self.u64()?,
            out_bytes: self.u64()?,
        })
    }
}
