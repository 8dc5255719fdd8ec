//! ICMP and ICMPv6 errors that are about a packet of a connection. Same job as `ip_vs_in_icmp` and
//! `ip_vs_out_icmp`.

use super::packet::{Packet, Segment};
use super::schedule::Scheduled;
use super::sysctl::Sysctl;
use super::{Director, DropReason, Side, Verdict};
use crate::lvs::conn::{ConnKey, Connection, Method, Role};
use crate::lvs::service::{Endpoint, Protocol};
use crate::lvs::wire::{Checksum, End, Headers, TcpFlags, checksum, icmp, protocol, translate_error};

const ICMP_HEADER: usize = 8;

impl Director {
    pub(super) fn process_icmp(&self, packet: &mut Packet<'_>, kind: u8) -> Verdict {
        if !icmp::is_related_error(kind, packet.headers.is_v6()) {
            return packet.pass();
        }
        let message = packet.payload();
        let Ok(quoted) = Headers::parse_quoted(&message[ICMP_HEADER..]) else { return packet.pass() };
        let Some((src_port, dst_port)) = quoted.quoted_ports(&message[ICMP_HEADER..]) else {
            return packet.pass();
        };
        if quoted.is_v6() != packet.headers.is_v6() {
            return packet.pass();
        }
        let src = Endpoint::new(quoted.src, src_port);
        let dst = Endpoint::new(quoted.dst, dst_port);
        // The quoted packet went the other way than the error: it came from who the error is for.
        let about_request = ConnKey::new(Role::Out, quoted.protocol, dst, src);
        let about_reply = ConnKey::new(Role::In, quoted.protocol, dst, src);
        let order = match packet.side {
            Side::Server => [about_request, about_reply],
            Side::Client | Side::Mark(_) => [about_reply, about_request],
        };
        for key in order {
            let Some(entry) = self.conns.lookup(&key, packet.now) else { continue };
            if !has_right_checksum(packet) {
                return Verdict::Drop(DropReason::BadChecksum);
            }
            return self.forward_error(packet, &quoted, &entry, key.role);
        }
        if packet.side != Side::Server && self.sysctls.is_on(Sysctl::ScheduleIcmp) {
            return self.schedule_error(packet, &quoted, dst, src);
        }
        packet.pass()
    }

    /// An error about a reply to `client` that belongs to no connection: makes one, as a packet of the client would.
    fn schedule_error(
        &self,
        packet: &mut Packet<'_>,
        quoted: &Headers,
        client: Endpoint,
        virt: Endpoint,
    ) -> Verdict {
        let Some(protocol) = Protocol::from_number(quoted.protocol) else { return packet.pass() };
        let segment = Segment { protocol, from: client, to: virt, flags: TcpFlags(0) };
        if !has_right_checksum(packet) {
            return Verdict::Drop(DropReason::BadChecksum);
        }
        match self.schedule(packet, &segment) {
            Scheduled::Tracked(entry) => self.forward_error(packet, quoted, &entry, Role::In),
            Scheduled::OnePacket(mut conn) => {
                let verdict = self.forward_error(packet, quoted, &conn, Role::In);
                conn.unbind();
                verdict
            }
            Scheduled::NoService | Scheduled::Ignored => packet.pass(),
            Scheduled::NoServer => Verdict::Drop(DropReason::NoServer),
            Scheduled::Failed(reason) => Verdict::Drop(reason),
        }
    }

    /// Sends an error on: about a reply to the server, about a request to the client.
    fn forward_error(
        &self,
        packet: &mut Packet<'_>,
        quoted: &Headers,
        conn: &Connection,
        role: Role,
    ) -> Verdict {
        let server = conn.available_server();
        let (outer, end) = if role == Role::In {
            server.inspect(|server| server.counters().count_in(1, packet.counted_len()));
            if conn.method != Method::Masq {
                return self.send_on(packet, conn);
            }
            (End::Destination, conn.real())
        } else {
            server.inspect(|server| server.counters().count_out(1, packet.counted_len()));
            (End::Source, conn.virt())
        };
        let headers = packet.headers;
        let mut offload = packet.buf.offload;
        translate_error(packet.buf.bytes_mut(), &headers, quoted, outer, (end.addr, end.port), &mut offload);
        packet.add_hop();
        Verdict::Forward
    }
}

fn has_right_checksum(packet: &Packet<'_>) -> bool {
    if packet.buf.offload.checksum != Checksum::Full {
        return true;
    }
    let headers = &packet.headers;
    let message = packet.payload();
    let pseudo = if headers.is_v6() {
        checksum::pseudo_header(headers.src, headers.dst, protocol::ICMPV6, message.len())
    } else {
        0
    };
    checksum::fold(u32::from(checksum::fold(pseudo)) + u32::from(checksum::fold(checksum::sum(message))))
        == 0xffff
}
