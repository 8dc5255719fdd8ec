//! The defence against SYNs of nobody: they are answered by cookies, and only a client that got the answer has a connection, for
//! which its server is then sent a SYN. Same job as `xt_SYNPROXY`, and as `syn_proxy` of DPVS; the kernel's IPVS has none.
//!
//! Contents of cookies, and how the two halves of such a connection differ, are [`app`](crate::app)'s business.

use std::cmp::Reverse;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::decide::FTP_DATA_PORT;
use super::facts::Segment;
use super::hooks::Hooked;
use super::packet::Packet;
use super::schedule::Scheduled;
use super::syn_counts::SynCounts;
use crate::app::{
    Again, OWN_SCALE, Offer, Opening, ProvenClient, ServerStep, SynProxy, between, opening_options, stamps,
    toa_len,
};
use crate::conn::{Connection, Entry, View};
use crate::director::{Director, DropReason, Verdict};
use crate::service::{ClientAddrMode, Protocol, SynDefence, VirtualService};
use crate::time::Time;
use lvs_wire::{BareSegment, Headers, Outbox, StreamPosition, TcpFlags};

/// When a SYN is sent again first; each time it is twice as long, as Linux's own would be from there on.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// So often it is sent again; a client whose server has still not answered is told, 31 s after its handshake.
const MOST_REPEATS: u8 = 5;

/// Hops of an answer, before the host takes one.
const HOPS: u8 = 65;

/// Lengths of the headers of a segment without options.
const HEADERS: [usize; 2] = [40, 60];

/// Fate of a segment without a connection.
pub(in crate::director) enum Defended {
    /// The usual one.
    Not,
    Done(Verdict),
    /// The end of a handshake: the packet is now the SYN for the server.
    Opens(SynProxy),
}

impl Director {
    /// Defends the service of a TCP segment that has no connection, where that is wanted.
    pub(in crate::director) fn defend(&self, packet: &mut Packet<'_>, segment: &Segment) -> Defended {
        let flags = segment.flags;
        let is_of_interest = segment.protocol == Protocol::Tcp
            && self.has_syn_defence.load(Relaxed)
            && !flags.has(TcpFlags::RST)
            && flags.has(TcpFlags::SYN) != flags.has(TcpFlags::ACK)
            && segment.from.port != FTP_DATA_PORT;
        if !is_of_interest {
            return Defended::Not;
        }
        let services = self.services.read();
        let Some(service) = services.find(packet.mark(), Protocol::Tcp, segment.to.addr, segment.to.port)
        else {
            return Defended::Not;
        };
        let key = &service.spec().key;
        let mode = service.spec().syn_defence.unwrap_or(self.settings.syn_defence);
        let is_of_all_ports = key.port() == 0 && service.spec().persistence.is_some();
        let is_its_port = key.is_mark() || key.port() == segment.to.port || is_of_all_ports;
        if !is_its_port || !service.rewrites_all() {
            return Defended::Not;
        }
        // What becomes of it is decided as always.
        if self.access.deny(key, segment.from.addr) {
            return Defended::Not;
        }
        if flags.has(TcpFlags::SYN) {
            if !service.syn_gauge().note_syn(mode, self.settings.syn_rate, packet.now) {
                return Defended::Not;
            }
            let tells_address = service.spec().client_addr_mode == Some(ClientAddrMode::Toa);
            drop(services);
            return Defended::Done(self.answer_by_cookie(packet, segment, tells_address));
        }
        if !service.syn_gauge().may_have_baked(mode, packet.now) {
            return Defended::Not;
        }
        drop(services);
        self.take_cookie(packet, segment)
    }

    /// Answers a SYN, and remembers nothing of it. The window is closed: what the client says has nowhere to go yet.
    fn answer_by_cookie(&self, packet: &mut Packet<'_>, segment: &Segment, tells_address: bool) -> Verdict {
        let offer = Offer::of(packet.payload(), packet.headers.is_v6()).kept();
        let isn = StreamPosition::of(packet.payload()).sequence;
        let opening = Opening { from: segment.from, to: segment.to, isn };
        let cookie = self.syn_cookies.bake(&opening, offer.size, packet.now);
        let answer = Offer {
            size: self.own_size(packet, segment, tells_address),
            scale: offer.scale.map(|_| OWN_SCALE),
            stamp: offer.stamp.map(|_| offer.stamp_of_answer(packet.now)),
            ..offer
        };
        let (options, len) = opening_options(&answer, offer.stamp.unwrap_or(0));
        let segment = BareSegment {
            ends: between(segment.to, segment.from),
            hops: HOPS,
            seq: cookie,
            ack: isn.wrapping_add(1),
            flags: TcpFlags::SYN | TcpFlags::ACK,
            window: 0,
            options: &options[..len],
        };
        segment.fill(packet.outbox.add());
        self.syn_counts.sent.fetch_add(1, Relaxed);
        Verdict::Reply
    }

    /// The longest segment that a client is asked for: what its way takes, less what is put in for the server.
    fn own_size(&self, packet: &Packet<'_>, segment: &Segment, tells_address: bool) -> u16 {
        let taken = HEADERS[usize::from(packet.headers.is_v6())]
            + if tells_address { toa_len(segment.from.addr) } else { 0 };
        let mtu = usize::try_from(self.routes.mtu_to(segment.from.addr)).unwrap_or(usize::MAX);
        mtu.saturating_sub(taken).clamp(536, usize::from(u16::MAX)) as u16
    }

    /// Takes the end of a handshake that began with a cookie: the packet becomes the SYN that its server is to see.
    fn take_cookie(&self, packet: &mut Packet<'_>, segment: &Segment) -> Defended {
        let tcp = packet.payload();
        let word = |at: usize| u32::from_be_bytes([tcp[at], tcp[at + 1], tcp[at + 2], tcp[at + 3]]);
        let (sequence, cookie) = (word(4), word(8).wrapping_sub(1));
        // A client whose first answer was lost asks for the window from one number before.
        let found = [sequence.wrapping_sub(1), sequence].into_iter().find_map(|isn| {
            let opening = Opening { from: segment.from, to: segment.to, isn };
            Some((isn, self.syn_cookies.size_of(&opening, cookie, packet.now)?))
        });
        let Some((isn, size)) = found else {
            self.syn_counts.refused.fetch_add(1, Relaxed);
            return Defended::Not;
        };
        let stamps = stamps(&tcp[..header_len(tcp)]);
        let client = ProvenClient {
            isn,
            cookie,
            offer: Offer::shown(size, stamps),
            answer_stamp: stamps.map_or(0, |stamps| stamps.echo),
            window: u16::from_be_bytes([tcp[14], tcp[15]]),
        };
        self.syn_counts.taken.fetch_add(1, Relaxed);
        let proxy = SynProxy::new(client);
        proxy.write_syn(between(segment.from, segment.to), packet.buf);
        if !packet.read_again() {
            return Defended::Done(Verdict::Drop(DropReason::Truncated));
        }
        Defended::Opens(proxy)
    }

    /// Makes the connection of a client that has finished its handshake. Where there is none to be had, the client is told.
    pub(in crate::director) fn open_proven(
        &self,
        packet: &mut Packet<'_>,
        segment: &Segment,
        proxy: SynProxy,
    ) -> Verdict {
        let opening = Segment { flags: TcpFlags(TcpFlags::SYN), ..*segment };
        let reason = match self.schedule(packet, &packet.facts(opening)) {
            Scheduled::Tracked(mut conn) if conn.method.is_rewritten() => {
                conn.set_syn_proxy(proxy);
                return self.track(packet, &opening, conn, View::Input);
            }
            Scheduled::Tracked(conn) => {
                self.conns.end(conn, packet.now);
                DropReason::NoWayToServer
            }
            Scheduled::OnePacket(mut conn, _) => {
                conn.unbind();
                DropReason::NoWayToServer
            }
            Scheduled::NoService | Scheduled::Ignored | Scheduled::NoServer => DropReason::NoServer,
            Scheduled::NoLocalPort => DropReason::NoLocalPort,
            Scheduled::Failed(reason) => reason,
        };
        proxy.write_reset(between(segment.to, segment.from), packet.outbox.add());
        Verdict::Refuse(reason)
    }

    /// A segment of the client of such a connection, before all else is done with it.
    pub(in crate::director) fn hear_proven_client<'a>(
        packet: &mut Packet<'_>,
        segment: &Segment,
        conn: Entry<'a>,
    ) -> Hooked<'a> {
        let Some(proxy) = conn.syn_proxy() else { return Ok(conn) };
        if !proxy.is_opening() {
            let (l4, len, checksum) = (packet.headers.l4, packet.headers.len, packet.buf.offload.checksum);
            proxy.adjust_client(&mut packet.buf.bytes_mut()[l4..len], checksum);
            return Ok(conn);
        }
        let is_own_syn = proxy.is_unsent() && segment.flags.has(TcpFlags::SYN);
        if is_own_syn || segment.flags.has(TcpFlags::RST) {
            return Ok(conn);
        }
        Err(Verdict::Drop(DropReason::TooEarly))
    }

    /// A segment of the server of such a connection, after all else was done with it.
    pub(in crate::director) fn hear_server_of_proven<'a>(
        &'a self,
        packet: &mut Packet<'_>,
        mut conn: Entry<'a>,
    ) -> Hooked<'a> {
        let (client, virt) = (conn.client(), conn.virt());
        let (l4, len, checksum) = (packet.headers.l4, packet.headers.len, packet.buf.offload.checksum);
        let tcp = &mut packet.buf.bytes_mut()[l4..len];
        let Some(proxy) = conn.syn_proxy_mut() else { return Ok(conn) };
        if !proxy.is_opening() {
            if !TcpFlags(tcp[13]).has(TcpFlags::SYN) {
                proxy.adjust_server(tcp, checksum);
                return Ok(conn);
            }
            // The answer was lost, so it comes again.
            proxy.write_answer(between(client, virt), packet.buf);
            return Err(self.speak_as_client(packet, conn));
        }
        let (window, acknowledged) =
            (u16::from_be_bytes([tcp[14], tcp[15]]), [tcp[8], tcp[9], tcp[10], tcp[11]]);
        match proxy.hear_server(tcp, checksum) {
            ServerStep::Refuses => Ok(conn),
            ServerStep::Opens => {
                proxy.write_window(between(virt, client), window, packet.outbox.add());
                proxy.write_answer(between(client, virt), packet.buf);
                Err(self.speak_as_client(packet, conn))
            }
            ServerStep::Stale => {
                let reset = BareSegment {
                    ends: between(client, virt),
                    hops: HOPS,
                    seq: u32::from_be_bytes(acknowledged),
                    ack: 0,
                    flags: TcpFlags::RST,
                    window: 0,
                    options: &[],
                };
                reset.fill(packet.buf);
                if !packet.read_again() {
                    return Err(Verdict::Drop(DropReason::Truncated));
                }
                Err(self.send_to_server(packet, &conn))
            }
        }
    }

    /// Sends what was written in the stead of the client, as if it had come from there.
    fn speak_as_client(&self, packet: &mut Packet<'_>, conn: Entry<'_>) -> Verdict {
        if !packet.read_again() {
            return Verdict::Drop(DropReason::Truncated);
        }
        let flags = TcpFlags(TcpFlags::ACK);
        let segment = Segment { protocol: Protocol::Tcp, from: conn.client(), to: conn.virt(), flags };
        self.track(packet, &segment, conn, View::Input)
    }

    /// The SYN to the server was sent: it is kept until the server answers.
    pub(in crate::director) fn keep_syn(&self, packet: &Packet<'_>, conn: &mut Entry<'_>, verdict: Verdict) {
        let id = conn.id;
        if verdict == Verdict::Forward
            && let Some(proxy) = conn.syn_proxy_mut()
            && proxy.keep(packet.buf.bytes())
        {
            self.repeats.lock().push(Reverse((packet.now + FIRST_WAIT, id)));
        }
    }

    /// Sends the SYN of a connection to its server again, or tells the client that nobody answers.
    pub(in crate::director) fn repeat_syn(&self, mut conn: Entry<'_>, now: Time, outbox: &mut Outbox) {
        let (id, client, virt) = (conn.id, conn.client(), conn.virt());
        let Some(proxy) = conn.syn_proxy_mut() else { return };
        let Some(Again { packet: syn, repeats }) = proxy.repeat() else { return };
        if repeats < MOST_REPEATS {
            outbox.push(syn);
            self.repeats.lock().push(Reverse((now + FIRST_WAIT * (2 << repeats), id)));
            return;
        }
        proxy.write_reset(between(virt, client), outbox.add());
        self.syn_counts.unanswered.fetch_add(1, Relaxed);
        self.conns.end(conn, now);
    }

    /// Counts of the defence against SYNs of nobody.
    pub fn syn_counts(&self) -> SynCounts {
        self.syn_counts.counts()
    }

    /// Whether the next SYN to a service would be answered by a cookie.
    pub(in crate::director) fn answers_by_cookies(&self, service: &VirtualService, now: Time) -> bool {
        let is_on = match service.spec().syn_defence.unwrap_or(self.settings.syn_defence) {
            SynDefence::Off => false,
            SynDefence::On => true,
            SynDefence::Auto => service.syn_gauge().is_on(now),
        };
        is_on && service.rewrites_all()
    }

    /// Whether a service may come to be defended.
    pub(in crate::director) fn is_defended(&self, service: &VirtualService) -> bool {
        service.spec().syn_defence.unwrap_or(self.settings.syn_defence).may_be_on()
    }
}

fn header_len(tcp: &[u8]) -> usize {
    (usize::from(tcp[12] >> 4) * 4).min(tcp.len())
}

/// The number in the TCP header that an error of the client's side quotes, as the server knows it.
pub(in crate::director) fn restore_quoted_of_server(
    packet: &mut Packet<'_>,
    quoted: &Headers,
    conn: &Connection,
) {
    let Some(proxy) = conn.syn_proxy() else { return };
    let at = packet.headers.l4 + 8 + quoted.l4 + 4;
    let Some(field) = packet.buf.bytes().get(at..at + 4).and_then(|field| <[u8; 4]>::try_from(field).ok())
    else {
        return;
    };
    let known = proxy.seen_by_server(u32::from_be_bytes(field)).to_be_bytes();
    let (l4, checksum) = (packet.headers.l4, packet.buf.offload.checksum);
    lvs_wire::change_covered(packet.buf.bytes_mut(), at, known, l4 + 2, checksum);
}
