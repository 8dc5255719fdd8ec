//! Work that some connections do on their packets beside forwarding them: handshakes that began with a cookie, FTP, the
//! client's address for the server, timestamps, where both ends of a stream are. One trait for all; a connection that has
//! none of it is not asked.

use super::facts::Segment;
use super::packet::Packet;
use crate::app::blank_stamps;
use crate::conn::{Entry, Role, View};
use crate::director::{Director, Verdict};
use crate::service::Protocol;
use lvs_wire::{IcmpError, TcpFlags};

/// The connection goes on, or the packet ends here.
pub(in crate::director) type Hooked<'a> = Result<Entry<'a>, Verdict>;

/// A part in the tracking of some connections.
pub(in crate::director) trait Hook {
    /// Before the state of the connection moves.
    fn before<'a>(
        &self,
        _director: &'a Director,
        _packet: &mut Packet<'_>,
        _segment: &Segment,
        conn: Entry<'a>,
        _direction: View,
    ) -> Hooked<'a> {
        Ok(conn)
    }

    /// After it has moved, before the packet is rewritten.
    fn after<'a>(
        &self,
        _director: &'a Director,
        _packet: &mut Packet<'_>,
        conn: Entry<'a>,
        _direction: View,
    ) -> Hooked<'a> {
        Ok(conn)
    }

    /// After the packet was rewritten.
    fn sent(&self, _director: &Director, _packet: &mut Packet<'_>, _conn: &mut Entry<'_>, _verdict: Verdict) {
    }
}

/// In the order in which they are asked.
pub(in crate::director) const HOOKS: [&dyn Hook; 5] =
    [&SynDefence, &Timestamps, &Ftp, &Positions, &ClientAddress];

/// Numbers of a connection that began with a cookie. What all others see is as the server numbers it.
struct SynDefence;

impl Hook for SynDefence {
    fn before<'a>(
        &self,
        _: &'a Director,
        packet: &mut Packet<'_>,
        segment: &Segment,
        conn: Entry<'a>,
        direction: View,
    ) -> Hooked<'a> {
        if direction == View::Output { Ok(conn) } else { Director::hear_proven_client(packet, segment, conn) }
    }

    fn after<'a>(
        &self,
        director: &'a Director,
        packet: &mut Packet<'_>,
        conn: Entry<'a>,
        direction: View,
    ) -> Hooked<'a> {
        if direction == View::Output { director.hear_server_of_proven(packet, conn) } else { Ok(conn) }
    }

    fn sent(&self, director: &Director, packet: &mut Packet<'_>, conn: &mut Entry<'_>, verdict: Verdict) {
        director.keep_syn(packet, conn, verdict);
    }
}

/// A server that has known the local end with other timestamps sees none of this client (RFC 7323).
struct Timestamps;

impl Hook for Timestamps {
    fn before<'a>(
        &self,
        _: &'a Director,
        packet: &mut Packet<'_>,
        segment: &Segment,
        conn: Entry<'a>,
        direction: View,
    ) -> Hooked<'a> {
        if direction == View::Input && segment.flags.has(TcpFlags::SYN) && conn.is_unstamped() {
            blank_stamps(packet.buf, &packet.headers);
        }
        Ok(conn)
    }
}

/// As in the kernel, a client's packet is read after the state has moved (`dnat_handler`), a server's before (`snat_handler`).
struct Ftp;

impl Hook for Ftp {
    fn before<'a>(
        &self,
        director: &'a Director,
        packet: &mut Packet<'_>,
        _: &Segment,
        conn: Entry<'a>,
        direction: View,
    ) -> Hooked<'a> {
        if direction != View::Output || !conn.is_ftp_control() {
            return Ok(conn);
        }
        director.ftp_answer(packet, conn).map_err(Verdict::Drop)
    }

    fn after<'a>(
        &self,
        director: &'a Director,
        packet: &mut Packet<'_>,
        conn: Entry<'a>,
        direction: View,
    ) -> Hooked<'a> {
        if direction != View::Input || !conn.is_ftp_control() {
            return Ok(conn);
        }
        director.ftp_request(packet, conn).map_err(Verdict::Drop)
    }
}

/// Positions of both ends of the stream, for who is to be told of its end.
struct Positions;

impl Hook for Positions {
    fn before<'a>(
        &self,
        director: &'a Director,
        packet: &mut Packet<'_>,
        segment: &Segment,
        mut conn: Entry<'a>,
        direction: View,
    ) -> Hooked<'a> {
        let from = if direction == View::Output { Role::Out } else { Role::In };
        director.note_positions(packet, segment, &mut conn, from);
        Ok(conn)
    }
}

/// PROXY headers and the TCP option address.
struct ClientAddress;

impl Hook for ClientAddress {
    fn after<'a>(
        &self,
        director: &'a Director,
        packet: &mut Packet<'_>,
        mut conn: Entry<'a>,
        direction: View,
    ) -> Hooked<'a> {
        if conn.client_addr_state().is_none() {
            return Ok(conn);
        }
        if direction == View::Output {
            director.on_server_segment(packet, &mut conn);
            return Ok(conn);
        }
        if let Some(mtu) = director.too_big(packet, conn.real().addr) {
            return Err(packet.answer(conn.virt().addr, IcmpError::TooBig(mtu)));
        }
        director.on_client_segment(packet, &mut conn);
        Ok(conn)
    }

    fn sent(&self, director: &Director, packet: &mut Packet<'_>, conn: &mut Entry<'_>, verdict: Verdict) {
        if conn.client_addr_state().is_some() {
            director.commit_client_addr(packet, conn, verdict);
        }
    }
}

/// Whether a connection has anything to be asked about.
pub(in crate::director) fn is_hooked(conn: &Entry<'_>, segment: &Segment) -> bool {
    conn.has_extra()
        || conn.is_unstamped()
        || segment.protocol == Protocol::Tcp && conn.server().is_some_and(|server| server.is_drained())
}
