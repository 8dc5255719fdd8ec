//! IPsec: packets of ESP and AH have no ports and make no connection. They follow that of their key exchange (ISAKMP, UDP
//! port 500 at both ends) to its server, by whatever method; what no such connection takes is the host's own business.
//! Same job as `ip_vs_proto_ah_esp.c`. IPv6 packets with AH go by what follows it, as in the kernel.

use crate::conn::{ConnKey, Ending, Role, View};
use crate::director::control::sysctl::Sysctl;
use crate::director::path::packet::{Packet, Segment};
use crate::director::{Director, DropReason, Side, Verdict};
use crate::service::{Endpoint, Protocol};
use lvs_wire::{TcpFlags, protocol};

pub(in crate::director) const ISAKMP: u16 = 500;

impl Director {
    pub(in crate::director) fn process_other(&self, packet: &mut Packet<'_>) -> Verdict {
        if !matches!(packet.headers.protocol, protocol::ESP | protocol::AH) {
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
            // A local end has another port, by which packets without one cannot be told.
            let Some(entry) = self.conns.lookup(&key, packet.now).filter(|entry| entry.local().is_none())
            else {
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
            self.conns.end_as(entry, Some(Ending::Flushed), packet.now);
        }
        Verdict::Pass
    }
}
