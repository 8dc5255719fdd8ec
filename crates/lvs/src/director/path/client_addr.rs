//! Telling real servers of the client's address: PROXY headers and the TCP option address, on the way of a segment
//! through its connection. What they look like is [`app`](crate::app)'s business.
//!
//! A PROXY header that nobody acknowledges is sent again by the clock, as the client need not send anything before the
//! server speaks, and the server says nothing before the header.

use std::cmp::Reverse;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::app::{
    ClientAddrState, ProxyHeader, ProxyStep, SynProxy, Toa, ToaOutcome, close_fast_open, leave_room, toa_len,
};
use crate::conn::{Connection, Entry};
use crate::director::path::packet::{Follower, Packet};
use crate::director::{Director, Verdict};
use crate::service::{ClientAddrMode, Protocol};
use crate::time::Time;
use crate::xmit::Rewrite;
use lvs_wire::{Headers, Outbox, PacketBuf};

/// When a header is sent again first; each time it is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(500);

const MOST_REPEATS: u8 = 6;

impl Director {
    /// Makes a new connection tell its server, as its service wants it.
    pub(in crate::director) fn start_client_addr(&self, conn: &mut Connection, mode: Option<ClientAddrMode>) {
        if conn.protocol() != Protocol::Tcp.number() || !conn.method.is_rewritten() {
            return;
        }
        match mode {
            Some(ClientAddrMode::Proxy(version)) => {
                conn.set_client_addr_state(ClientAddrState::Proxy(ProxyHeader::new(version)))
            }
            Some(ClientAddrMode::Toa) if conn.local().is_some() => {
                conn.set_client_addr_state(ClientAddrState::Toa(Toa::default()))
            }
            Some(ClientAddrMode::Toa) | None => {}
        }
    }

    /// A segment of the client, not rewritten yet. The follower is to be sent behind it.
    pub(in crate::director) fn on_client_segment(&self, packet: &mut Packet<'_>, conn: &mut Connection) {
        let (client, virt, real) = (conn.client(), conn.virt(), conn.real().addr);
        let (buf, headers) = (&mut *packet.buf, &mut packet.headers);
        match conn.client_addr_state_mut() {
            Some(ClientAddrState::Toa(toa)) => {
                let mtu = self.routes.mtu_to(real).try_into().unwrap_or(usize::MAX);
                if toa.put(buf, headers, client, mtu) == ToaOutcome::NoRoom {
                    self.toa_no_room.fetch_add(1, Relaxed);
                }
            }
            Some(ClientAddrState::Proxy(proxy)) => {
                let step = proxy.next(&buf.bytes()[headers.l4..headers.len], client, virt);
                let checksum = buf.offload.checksum;
                match step {
                    ProxyStep::Open => close_fast_open(buf, headers),
                    ProxyStep::Pass => {
                        proxy.adjust_sent(&mut buf.bytes_mut()[headers.l4..headers.len], checksum);
                    }
                    ProxyStep::Become => proxy.carry(buf, headers, client, virt),
                    ProxyStep::Precede => {
                        packet.follower = Some(Follower { at: packet.outbox.len(), headers: *headers });
                        proxy.adjust_sent(&mut buf.bytes_mut()[headers.l4..headers.len], checksum);
                        let follower = packet.outbox.add();
                        follower.fill(buf.bytes());
                        follower.offload = buf.offload;
                        proxy.carry(buf, headers, client, virt);
                    }
                }
            }
            None => {}
        }
    }

    /// The packet of [`Self::on_client_segment`] was rewritten: what follows it is too, and a header is kept until it is
    /// acknowledged.
    pub(in crate::director) fn commit_client_addr(
        &self,
        packet: &mut Packet<'_>,
        conn: &mut Entry<'_>,
        verdict: Verdict,
    ) {
        if let Some(Follower { at, headers }) = packet.follower.take() {
            match packet.outbox.at_mut(at) {
                Some(follower) if verdict == Verdict::Forward => {
                    Rewrite::masqueraded(conn).apply(follower, &headers);
                }
                _ => packet.outbox.forget(at),
            }
        }
        if verdict != Verdict::Forward {
            return;
        }
        let bytes = packet.buf.bytes();
        if let Some(ClientAddrState::Proxy(proxy)) = conn.client_addr_state_mut()
            && proxy.is_carried_by(&bytes[packet.headers.l4..])
            && proxy.keep(bytes)
        {
            self.repeats.lock().push(Reverse((packet.now + FIRST_WAIT, conn.id)));
        }
    }

    /// A segment of the server, not rewritten yet.
    pub(in crate::director) fn on_server_segment(&self, packet: &mut Packet<'_>, conn: &mut Connection) {
        let client = conn.client().addr;
        let (l4, len, checksum) = (packet.headers.l4, packet.headers.len, packet.buf.offload.checksum);
        let tcp = &mut packet.buf.bytes_mut()[l4..len];
        match conn.client_addr_state_mut() {
            Some(ClientAddrState::Proxy(proxy)) => proxy.adjust_acknowledged(tcp, checksum),
            Some(ClientAddrState::Toa(_)) => leave_room(tcp, checksum, toa_len(client)),
            None => {}
        }
    }

    /// Sends again what is due at `now` and not acknowledged; the packets are to be written to any of the TUNs.
    pub fn repeat(&self, now: Time, outbox: &mut Outbox) {
        loop {
            let due = {
                let mut repeats = self.repeats.lock();
                match repeats.peek() {
                    Some(Reverse((at, _))) if *at <= now => repeats.pop(),
                    _ => None,
                }
            };
            let Some(Reverse((_, id))) = due else { return };
            let Some(mut conn) = self.conns.get(id) else { continue };
            if conn.syn_proxy().is_some_and(SynProxy::is_opening) {
                self.repeat_syn(conn, now, outbox);
                continue;
            }
            let Some(ClientAddrState::Proxy(proxy)) = conn.client_addr_state_mut() else { continue };
            if let Some(again) = proxy.repeat().filter(|again| again.repeats < MOST_REPEATS) {
                outbox.push(again.packet);
                let wait = FIRST_WAIT * (2 << again.repeats);
                self.repeats.lock().push(Reverse((now + wait, id)));
            }
        }
    }

    /// Segments that had no room for the client's address and went on without it.
    pub fn toa_no_room(&self) -> u64 {
        self.toa_no_room.load(Relaxed)
    }
}

/// The number in the TCP header that an error quotes, as the client knows it.
pub(in crate::director) fn restore_quoted(
    buf: &mut PacketBuf,
    headers: &Headers,
    quoted: &Headers,
    conn: &Connection,
) {
    let Some(ClientAddrState::Proxy(proxy)) = conn.client_addr_state() else { return };
    let at = headers.l4 + 8 + quoted.l4 + 4;
    let Some(field) = buf.bytes().get(at..at + 4).and_then(|field| <[u8; 4]>::try_from(field).ok()) else {
        return;
    };
    let restored = proxy.restored(u32::from_be_bytes(field)).to_be_bytes();
    let checksum = buf.offload.checksum;
    lvs_wire::change_covered(buf.bytes_mut(), at, restored, headers.l4 + 2, checksum);
}
