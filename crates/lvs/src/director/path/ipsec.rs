//! IPsec: packets of ESP and AH have no ports and make no connection. They follow that of their key exchange (ISAKMP, UDP
//! port 500 at both ends) to its server, by whatever method; what no such connection takes is the host's own business.
//! So do ICMP errors that quote them. Same job as `ip_vs_proto_ah_esp.c`. IPv6 packets with AH go by what follows it, as in
//! the kernel.

use crate::conn::{CloseReason, ConnKey, Connection, Role, View};
use crate::director::control::sysctl::Sysctl;
use crate::director::path::facts::Segment;
use crate::director::path::packet::Packet;
use crate::director::{Director, DropReason, Side, Verdict};
use crate::service::{Endpoint, Protocol};
use lvs_wire::{Headers, Ports, TcpFlags, protocol};

pub(in crate::director) const ISAKMP: u16 = 500;

const fn is_ipsec(number: u8) -> bool {
    matches!(number, protocol::ESP | protocol::AH)
}

/// The ends of a packet that an ICMP error quotes, by which its connection is found.
#[derive(Clone, Copy, Debug)]
pub(in crate::director) struct Quoted {
    /// Of the connection.
    pub(in crate::director) protocol: u8,
    pub(in crate::director) src: Endpoint,
    pub(in crate::director) dst: Endpoint,
    is_ipsec: bool,
}

impl Quoted {
    /// `quote` begins with the packet that gave `headers`. None where too little is quoted. Of IPsec nothing but the header
    /// is needed, and a later fragment will do.
    pub(in crate::director) fn of(headers: &Headers, quote: &[u8]) -> Option<Self> {
        let is_ipsec = is_ipsec(headers.protocol);
        let (protocol, ports) = if is_ipsec {
            (protocol::UDP, Ports { src: ISAKMP, dst: ISAKMP })
        } else {
            (headers.protocol, headers.quoted_ports(quote)?)
        };
        let (src, dst) = (Endpoint::new(headers.src, ports.src), Endpoint::new(headers.dst, ports.dst));
        Some(Self { protocol, src, dst, is_ipsec })
    }

    /// Whether a connection that was found by these ends is the packet's.
    pub(in crate::director) fn is_of(&self, conn: &Connection) -> bool {
        !self.is_ipsec || carries_ipsec(conn)
    }
}

/// A local end has another port, by which packets without one cannot be told.
fn carries_ipsec(conn: &Connection) -> bool {
    conn.local().is_none()
}

impl Director {
    pub(in crate::director) fn process_other(&self, packet: &mut Packet<'_>) -> Verdict {
        if !is_ipsec(packet.headers.protocol) {
            return Verdict::Pass;
        }
        let from = Endpoint::new(packet.headers.src, ISAKMP);
        let to = Endpoint::new(packet.headers.dst, ISAKMP);
        let segment = Segment { protocol: Protocol::Udp, from, to, flags: TcpFlags(0) };
        let roles = match packet.side {
            Side::Server => [Role::Out, Role::In],
            Side::Client | Side::Mark(_) => [Role::In, Role::Out],
        };
        for role in roles {
            let key = ConnKey::new(role, segment.protocol.number(), from, to);
            let Some(entry) = self.conns.lookup(&key, packet.now).filter(|entry| carries_ipsec(entry)) else {
                continue;
            };
            if role == Role::Out {
                return self.track(packet, &segment, entry, View::Output);
            }
            if self.is_backup_only() {
                return Verdict::Pass;
            }
            if entry.server().is_none_or(|server| server.is_available()) {
                return self.track(packet, &segment, entry, View::Input);
            }
            if !self.sysctls.is_on(Sysctl::ExpireNodestConn) {
                return Verdict::Drop(DropReason::ServerGone);
            }
            self.conns.end_as(entry, Some(CloseReason::Flushed), packet.now);
        }
        Verdict::Pass
    }
}
