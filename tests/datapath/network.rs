//! The network around the director: two links, the host's routing and its own stack, and a clock that stands still
//! unless a test moves it.
//!
//! A packet from a link goes to the director when the host would route it into one of its TUNs, and what the
//! director writes back is routed by the host. The host takes one hop off in each direction.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use lvs::director::{Captures, Kernel, Settings, Side};
use lvs::route::{Route, RouteTable};
use lvs::service::Family;
use lvs::{Director, Time, Verdict};
use lvs_device::MemoryFlows;
use lvs_wire::{Checksum, Outbox, PacketBuf};

use super::case::{Case, Mark, Net};
use super::packet::{self, ACK, Header, ICMP, ICMPV6, RST, TCP, UDP, icmp_protocol};
use super::seen::{Link, Seen};

/// How often the daemon lets the director expire what is due.
const TICK: Duration = Duration::from_millis(250);

pub(crate) struct Network {
    pub(crate) director: Director,
    pub(crate) now: Time,
    pub(crate) net: Net,
    marks: Vec<Mark>,
    captures: Captures,
    outbox: Outbox,
    next_tick: Time,
    pub(crate) checksums: Checksums,
    /// Where plain packets of connections go past the director.
    fast: Option<MemoryFlows>,
}

/// How packets of established connections go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Director,
    /// By the fast path's twin in memory.
    Fast,
}

/// Who makes the transport checksums of packets that reach the director.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checksums {
    /// The sender, as from a real network.
    Sender,
    /// The network card, after the director: as from senders on the same host.
    Card,
}

impl Network {
    pub(crate) fn new(case: &Case, kernel: Kernel, (checksums, way): (Checksums, Way)) -> Self {
        let settings = Settings { kernel, mss_clamp: false, fast_path_after: 0, ..Settings::default() };
        let director = Director::new(settings);
        let fast = (way == Way::Fast).then(|| MemoryFlows::new(1000));
        fast.iter().for_each(|fast| director.use_fast_path(Arc::new(fast.clone())));
        director.set_routes(routes(&case.net));
        Self {
            director,
            now: Time::ZERO,
            net: case.net.clone(),
            marks: case.marks.clone(),
            captures: Captures::default(),
            outbox: Outbox::default(),
            next_tick: Time::ZERO + TICK,
            checksums,
            fast,
        }
    }

    /// The host learns what the services need; to be called after each command.
    pub(crate) fn commands_changed(&mut self) {
        self.captures = self.director.captures();
    }

    /// Nothing happens before so much time has passed since the beginning.
    pub(crate) fn wait_until(&mut self, at: Duration) {
        let passed = Duration::from_millis(self.now.0);
        self.pass_time(at.saturating_sub(passed));
    }

    pub(crate) fn pass_time(&mut self, span: Duration) {
        let end = self.now + span;
        while self.next_tick <= end {
            self.now = self.next_tick;
            while self.director.handle_timeout(self.now) {}
            self.next_tick = self.now + TICK;
        }
        self.now = end;
    }

    /// All that comes out of both links when this packet goes in at one.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Vec<Seen> {
        self.pass_time(Duration::from_millis(1));
        let mut out = Vec::new();
        if let Some(passed) = self.past_the_director(bytes) {
            self.host(passed, &mut out);
            return out;
        }
        match self.side(bytes) {
            Some(side) => self.through_tun(side, bytes, &mut out),
            None => self.host(bytes.to_vec(), &mut out),
        }
        self.director.take_offers(self.now);
        out
    }

    /// What the fast path makes of a packet that comes by a link.
    fn past_the_director(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut buf = PacketBuf::from_packet(bytes);
        if self.checksums == Checksums::Card {
            leave_checksum(&mut buf);
        }
        self.fast.as_ref()?.pass(&mut buf, self.now).then(|| finished(&buf))
    }

    /// The TUN that the host's rules send a packet to.
    fn side(&self, bytes: &[u8]) -> Option<Side> {
        let (src, dst, _) = addresses(bytes);
        let protocol = rule_protocol(bytes);
        if !matches!(protocol, TCP | UDP | ICMP | ICMPV6 | packet::FRAGMENT | 132 | 50 | 51) {
            return None;
        }
        let mark = self.mark(bytes).filter(|mark| self.captures.marks.contains(&(*mark, Family::of(&dst))));
        if let Some(mark) = mark {
            Some(Side::Mark(mark))
        } else if self.captures.virtuals.contains(&dst) {
            Some(Side::Client)
        } else if self.captures.reals.contains(&src) || self.is_from_between(dst, protocol) {
            Some(Side::Server)
        } else {
            None
        }
    }

    /// It may be an error of a router between the director and its servers.
    fn is_from_between(&self, dst: IpAddr, protocol: u8) -> bool {
        protocol == icmp_protocol(dst) && !self.is_local(dst) && !self.captures.reals.is_empty()
    }

    fn mark(&self, bytes: &[u8]) -> Option<u32> {
        let (_, dst, protocol) = addresses(bytes);
        let header = if dst.is_ipv4() { usize::from(bytes[0] & 15) * 4 } else { 40 };
        let dport = bytes.get(header + 2..header + 4).map(|port| u16::from_be_bytes([port[0], port[1]]));
        let matches = |mark: &&Mark| {
            let number = if mark.proto == "tcp" { TCP } else { UDP };
            let net = mark.dst.parse::<IpNet>();
            number == protocol
                && net.map_or_else(|_| mark.dst.parse() == Ok(dst), |net| net.contains(&dst))
                && (mark.dport == 0 || Some(mark.dport) == dport)
        };
        self.marks.iter().find(matches).map(|mark| mark.mark)
    }

    fn through_tun(&mut self, side: Side, bytes: &[u8], out: &mut Vec<Seen>) {
        let mut bytes = bytes.to_vec();
        take_hop(&mut bytes);
        let mut buf = PacketBuf::from_packet(&bytes);
        if self.checksums == Checksums::Card {
            leave_checksum(&mut buf);
        }
        let mut outbox = std::mem::take(&mut self.outbox);
        let verdict = self.director.process(&mut buf, side, self.now, &mut outbox);
        let mut written = Vec::new();
        if matches!(verdict, Verdict::Forward | Verdict::Pass) {
            written.push(finished(&buf));
        }
        if let Verdict::Route(neighbour) = verdict {
            let (link, _) = self.route(neighbour);
            out.push(Seen::new(link, neighbour, &finished(&buf)));
            outbox.drain(|packet| out.push(Seen::new(link, neighbour, &finished(packet))));
        }
        outbox.drain(|packet| written.push(finished(packet)));
        self.outbox = outbox;
        for packet in written {
            self.host(packet, out);
        }
    }

    /// What the host is sent by routers, and a raw socket gets a copy of.
    fn overhear(&mut self, bytes: &[u8], out: &mut Vec<Seen>) {
        let mut buf = PacketBuf::from_packet(bytes);
        let mut outbox = std::mem::take(&mut self.outbox);
        let verdict = self.director.process_heard(&mut buf, self.now, &mut outbox).unwrap_or(Verdict::Pass);
        let mut written = Vec::new();
        if verdict == Verdict::Forward {
            written.push(finished(&buf));
        }
        outbox.drain(|packet| written.push(finished(packet)));
        self.outbox = outbox;
        for packet in written {
            self.host(packet, out);
        }
    }

    /// What the host does with a packet that no rule sends into a TUN.
    fn host(&mut self, mut bytes: Vec<u8>, out: &mut Vec<Seen>) {
        let (src, dst, _) = addresses(&bytes);
        if self.is_local(dst) {
            if addresses(&bytes).2 == icmp_protocol(dst) {
                self.overhear(&bytes, out);
            }
            self.stack(&bytes, out);
            return;
        }
        let (link, _) = self.route(dst);
        if ttl(&bytes) <= 1 {
            let kind = if src.is_ipv4() { (11, 0) } else { (3, 0) };
            self.complain(self.address_towards(src), &bytes, kind, 0, out);
            return;
        }
        let mtu = if link == Link::Client { self.net.client_mtu } else { self.net.server_mtu };
        let may_fragment = src.is_ipv4() && bytes[6] & 0x40 == 0;
        if bytes.len() > mtu && !may_fragment {
            let kind = if src.is_ipv4() { (3, 4) } else { (2, 0) };
            self.complain(self.address_towards(src), &bytes, kind, u32::try_from(mtu).unwrap(), out);
            return;
        }
        take_hop(&mut bytes);
        if bytes.len() > mtu {
            for piece in pieces(&bytes, mtu) {
                self.emit(&piece, out);
            }
        } else {
            self.emit(&bytes, out);
        }
    }

    fn emit(&self, bytes: &[u8], out: &mut Vec<Seen>) {
        let (_, dst, _) = addresses(bytes);
        let (link, next_hop) = self.route(dst);
        out.push(Seen::new(link, next_hop, bytes));
    }

    /// The host as the receiver, with no program that listens: RST, port unreachable, answers to pings.
    fn stack(&mut self, bytes: &[u8], out: &mut Vec<Seen>) {
        let seen = Seen::new(Link::Client, addresses(bytes).1, bytes);
        let (src, dst) = (seen.src, seen.dst);
        if !seen.bad.is_empty() || seen.is_fragment() {
            return;
        }
        let answer = |protocol, payload: &[u8]| packet::ip(dst, src, protocol, payload, Header::default());
        match (seen.protocol, seen.icmp) {
            (TCP, _) if seen.flags & RST == 0 => {
                let ends = packet::Ends { src: dst, sport: seen.dport, dst: src, dport: seen.sport };
                let segment = if seen.flags & ACK != 0 {
                    packet::tcp(ends, RST, seen.ack, 0, &[])
                } else {
                    let controls = (seen.flags & (packet::SYN | packet::FIN)).count_ones();
                    let next = seen.seq.wrapping_add(controls).wrapping_add(seen.payload.len() as u32);
                    packet::tcp(ends, RST | ACK, 0, next, &[])
                };
                self.speak(&answer(TCP, &segment), out);
            }
            (UDP, _) => {
                let kind = if src.is_ipv4() { (3, 3) } else { (1, 4) };
                self.complain(dst, bytes, kind, 0, out);
            }
            (ICMP, Some((8, 0))) | (ICMPV6, Some((128, 0))) => {
                let kind = if src.is_ipv4() { (0, 0) } else { (129, 0) };
                let message = packet::icmp(dst, src, kind, seen.icmp_rest, &seen.payload);
                self.emit(&answer(seen.protocol, &message), out);
            }
            _ => {}
        }
    }

    /// A packet of the host's own: what a real server on it says is led to the director.
    fn speak(&mut self, bytes: &[u8], out: &mut Vec<Seen>) {
        if !self.captures.reals.contains(&addresses(bytes).0) {
            return self.emit(bytes, out);
        }
        self.through_tun(Side::Server, bytes, out);
    }

    /// An ICMP error about `bytes` to its sender.
    fn complain(&self, from: IpAddr, bytes: &[u8], kind: (u8, u8), rest: u32, out: &mut Vec<Seen>) {
        let (src, _, protocol) = addresses(bytes);
        if protocol == icmp_protocol(src) {
            return;
        }
        let quote = &bytes[..bytes.len().min(if src.is_ipv4() { 548 } else { 1232 })];
        let message = packet::icmp(from, src, kind, rest, quote);
        self.emit(&packet::ip(from, src, icmp_protocol(src), &message, Header::default()), out);
    }

    fn is_local(&self, addr: IpAddr) -> bool {
        let own = self.net.client.iter().chain(&self.net.server).any(|net| net.addr() == addr);
        own || self.net.vips.contains(&addr) || self.net.local.iter().any(|net| net.contains(&addr))
    }

    /// The link to an address, and its next hop: all that is not on a link is behind the clients' router.
    pub(crate) fn route(&self, dst: IpAddr) -> (Link, IpAddr) {
        if self.net.server.iter().any(|net| net.contains(&dst)) {
            (Link::Server, dst)
        } else if self.net.client.iter().any(|net| net.contains(&dst)) {
            (Link::Client, dst)
        } else {
            (Link::Client, self.gateway(dst.is_ipv4()).unwrap_or(dst))
        }
    }

    fn gateway(&self, is_v4: bool) -> Option<IpAddr> {
        let net = self.net.client.iter().find(|net| net.addr().is_ipv4() == is_v4)?;
        net.hosts().next()
    }

    /// The host's address on the link towards `dst`.
    fn address_towards(&self, dst: IpAddr) -> IpAddr {
        let (link, _) = self.route(dst);
        let nets = if link == Link::Client { &self.net.client } else { &self.net.server };
        nets.iter().map(IpNet::addr).find(|addr| addr.is_ipv4() == dst.is_ipv4()).unwrap_or(dst)
    }
}

/// The routes that the host edge would tell the director of.
fn routes(net: &Net) -> RouteTable {
    let link = |nets: &[IpNet], interface, mtu: usize| -> Vec<Route> {
        let route = |net: &IpNet| Route {
            net: *net,
            mtu: u32::try_from(mtu).unwrap(),
            source: Some(net.addr()),
            interface,
            gateway: None,
            is_local: false,
        };
        let default = |net: &IpNet| {
            let all = if net.addr().is_ipv4() { "0.0.0.0/0" } else { "::/0" };
            Route { net: all.parse().unwrap(), gateway: net.hosts().next(), ..route(net) }
        };
        nets.iter()
            .flat_map(|net| if interface == 1 { vec![route(net), default(net)] } else { vec![route(net)] })
            .collect()
    };
    let mut all = link(&net.client, 1, net.client_mtu);
    all.extend(link(&net.server, 2, net.server_mtu));
    let own = net.client.iter().chain(&net.server).map(IpNet::addr).chain(net.vips.iter().copied());
    all.extend(own.map(|addr| Route {
        net: addr.into(),
        mtu: 65_536,
        source: Some(addr),
        interface: 3,
        gateway: None,
        is_local: true,
    }));
    RouteTable::new(all)
}

/// Source, destination and protocol.
fn addresses(bytes: &[u8]) -> (IpAddr, IpAddr, u8) {
    if bytes[0] >> 4 == 4 {
        let addr = |at: usize| IpAddr::from(<[u8; 4]>::try_from(&bytes[at..at + 4]).unwrap());
        (addr(12), addr(16), bytes[9])
    } else {
        let addr = |at: usize| IpAddr::from(<[u8; 16]>::try_from(&bytes[at..at + 16]).unwrap());
        (addr(8), addr(24), bytes[6])
    }
}

/// The protocol that a rule of the host sees: behind the extension headers of IPv6 that the kernel's flow dissector skips.
fn rule_protocol(bytes: &[u8]) -> u8 {
    let mut protocol = addresses(bytes).2;
    let mut at = 40;
    while bytes[0] >> 4 == 6 && matches!(protocol, 0 | 43 | 60) {
        let Some(extension) = bytes.get(at..at + 2) else { break };
        protocol = extension[0];
        at += (usize::from(extension[1]) + 1) * 8;
    }
    protocol
}

fn ttl(bytes: &[u8]) -> u8 {
    bytes[if bytes[0] >> 4 == 4 { 8 } else { 7 }]
}

/// One less to go; the header checksum is adjusted, not made anew, so that a wrong one stays wrong.
fn take_hop(bytes: &mut [u8]) {
    if bytes[0] >> 4 == 4 {
        bytes[8] = bytes[8].saturating_sub(1);
        let sum = u32::from(u16::from_be_bytes([bytes[10], bytes[11]])) + 0x100;
        let folded = (sum & 0xffff) as u16 + u16::from(sum >= 0xffff);
        bytes[10..12].copy_from_slice(&folded.to_be_bytes());
    } else {
        bytes[7] = bytes[7].saturating_sub(1);
    }
}

/// Makes a right TCP or UDP checksum partial: the sum of the pseudo-header only.
fn leave_checksum(buf: &mut PacketBuf) {
    let bytes = buf.bytes_mut();
    let seen = Seen::new(Link::Client, addresses(bytes).1, bytes);
    let offset = match seen.protocol {
        TCP => 16,
        UDP => 6,
        _ => return,
    };
    let start = bytes.len() - seen.body.len();
    let is_left_out = seen.body.get(offset..offset + 2).is_none_or(|sum| *sum == [0, 0]);
    if seen.is_fragment() || !seen.bad.is_empty() || is_left_out || seen.bytes.len() != bytes.len() {
        return;
    }
    let pseudo = packet::pseudo_header(seen.src, seen.dst, seen.protocol, seen.body.len());
    let sum = !packet::checksum(&[&pseudo]);
    bytes[start + offset..start + offset + 2].copy_from_slice(&sum.to_be_bytes());
    let (start, offset) = (u16::try_from(start).unwrap(), u16::try_from(offset).unwrap());
    buf.offload.checksum = Checksum::Partial { start, offset };
}

/// As the network card sends it: a partial checksum is completed.
fn finished(buf: &PacketBuf) -> Vec<u8> {
    let mut bytes = buf.bytes().to_vec();
    if let Checksum::Partial { start, offset } = buf.offload.checksum {
        let (start, at) = (usize::from(start), usize::from(start + offset));
        let sum = packet::checksum(&[&bytes[start..]]);
        bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }
    bytes
}

/// An IPv4 packet without options cut to `mtu`.
fn pieces(bytes: &[u8], mtu: usize) -> Vec<Vec<u8>> {
    let (src, dst, protocol) = addresses(bytes);
    let fragment = u16::from_be_bytes([bytes[6], bytes[7]]);
    let step = (mtu - 20) / 8 * 8;
    let chunks: Vec<&[u8]> = bytes[20..].chunks(step).collect();
    let last = chunks.len() - 1;
    let piece = |(at, chunk): (usize, &&[u8])| {
        let header = Header {
            ttl: ttl(bytes),
            ident: u16::from_be_bytes([bytes[4], bytes[5]]),
            dont_fragment: false,
            offset: usize::from(fragment & 0x1fff) * 8 + at * step,
            more: fragment & 0x2000 != 0 || at < last,
        };
        packet::ip(src, dst, protocol, chunk, header)
    };
    chunks.iter().enumerate().map(piece).collect()
}
