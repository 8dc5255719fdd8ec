//! Clients, servers and an operator around one director, all led by one seed; and what must hold after each step.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use lvs::director::{ConnEntry, DropReason, Query, Reply, ServiceEntry, Settings, Side, Sysctl};
use lvs::route::{Route, RouteTable};
use lvs::service::{Endpoint, Family, Forwarding, Protocol, ServerSpec, Tunnel};
use lvs::{Director, Time, Verdict};
use lvs_device::MemoryFlows;
use lvs_wire::{Outbox, PacketBuf};

use super::crash::MemoryStore;
use super::draw::{MARK, is_marked, method_of, service_of};
use super::model::{Model, Service};
use super::packet::{self, Ends, Header, icmp_protocol};
use super::rng::Rng;
use super::seen::{Link, Seen};

const FLAGS: &[u8] = &[
    packet::SYN,
    packet::SYN,
    packet::SYN,
    packet::ACK,
    packet::ACK,
    packet::PSH | packet::ACK,
    packet::FIN | packet::ACK,
    packet::SYN | packet::ACK,
    packet::RST,
    packet::FIN,
    0,
];

const NO_PORT: Verdict = Verdict::Refuse(DropReason::NoLocalPort);

/// A broken promise: what, in which step.
pub(crate) type Broken = String;

pub(crate) struct World {
    pub(crate) rng: Rng,
    pub(crate) director: Director,
    pub(crate) settings: Settings,
    pub(crate) store: MemoryStore,
    model: Model,
    pub(crate) now: Time,
    outbox: Outbox,
    buf: PacketBuf,
    /// Every flow that ever was tried bounds the table.
    flows: std::collections::BTreeSet<(u8, Endpoint, Endpoint)>,
    /// The last packet that any server got, and its client.
    pub(crate) last_forwarded: Option<(Vec<u8>, IpAddr)>,
    /// Ports that stand for clients.
    ports: RangeInclusive<u16>,
    /// Where plain packets of connections go past the director.
    pub(crate) fast: MemoryFlows,
}

/// The fast path of a new director: of a quarter of the seeds none, of a quarter one without room.
pub(crate) fn fast_path(settings: &Settings, director: &Director) -> MemoryFlows {
    let fast = MemoryFlows::new(if settings.seed % 4 == 1 { 0 } else { 20 });
    if !settings.seed.is_multiple_of(4) {
        director.use_fast_path(Arc::new(fast.clone()));
        if settings.seed % 8 == 3 {
            fast.track();
        }
    }
    fast
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        // With few ports they run out; with a subnet of their own there are enough.
        let ports = if rng.chance(40) { 30_000..=30_002 } else { 30_000..=31_000 };
        let nets: &[&str] = if rng.chance(40) { &["10.8.0.0/30", "fd08::/126"] } else { &[] };
        let laddr_nets = nets.iter().map(|net| net.parse().unwrap()).collect();
        let settings = Settings {
            seed,
            laddr_nets,
            laddr_ports: ports.clone(),
            fast_path_after: 0,
            ..Settings::default()
        };
        let director = Director::new(settings.clone());
        let fast = fast_path(&settings, &director);
        director.begin_keeping();
        let ports = if nets.is_empty() { ports } else { 1024..=u16::MAX };
        let sysctls = [
            (Sysctl::ConnReuseMode, rng.below(3)),
            (Sysctl::SloppyTcp, rng.below(2)),
            (Sysctl::SecureTcp, rng.below(4)),
            (Sysctl::ExpireNodestConn, rng.below(2)),
            (Sysctl::ExpireQuiescentTemplate, rng.below(2)),
            (Sysctl::NatIcmpSend, rng.below(2)),
        ];
        for (sysctl, value) in sysctls {
            director.set_sysctl(sysctl, value as i64).unwrap();
        }
        director.set_routes(routes());
        Self {
            rng,
            director,
            settings,
            store: MemoryStore::default(),
            model: Model::default(),
            now: Time::ZERO,
            outbox: Outbox::default(),
            buf: PacketBuf::new(),
            flows: std::collections::BTreeSet::new(),
            last_forwarded: None,
            ports,
            fast,
        }
    }

    pub(crate) fn step(&mut self) -> Result<(), Broken> {
        match self.rng.below(100) {
            0..=13 => self.command(),
            14..=62 => self.client_packet(),
            63..=85 => self.server_packet(),
            86..=89 => self.error(),
            90..=91 => self.noise(),
            92..=93 => self.fragments(),
            94 if self.rng.chance(20) => self.crash(),
            95 if self.rng.chance(30) => {
                self.keep();
                Ok(())
            }
            _ => {
                self.pass_time();
                Ok(())
            }
        }
    }

    fn pass_time(&mut self) {
        let span = match self.rng.below(20) {
            0 => Duration::from_secs(self.rng.below(1200) as u64),
            1..=4 => Duration::from_secs(self.rng.below(130) as u64),
            _ => Duration::from_millis(self.rng.below(3000) as u64),
        };
        self.now = self.now + span;
        if self.rng.chance(70) {
            while self.director.handle_timeout(self.now) {}
        }
    }

    fn command(&mut self) -> Result<(), Broken> {
        let command = self.rng.draw_command();
        let succeeds = self.model.apply(&command);
        let result = self.director.apply(&command, self.now);
        if result.is_ok() != succeeds {
            return Err(format!("{command:?}: {result:?}"));
        }
        match self.model.difference(&self.services()) {
            Some(difference) => Err(format!("after {command:?}: {difference}")),
            None => Ok(()),
        }
    }

    fn client_packet(&mut self) -> Result<(), Broken> {
        let (protocol, virt) = self.rng.draw_virt();
        let client = self.rng.draw_client(Family::of(&virt.addr));
        let flags = *self.rng.pick(FLAGS);
        let known = self.conns();
        let conn = known
            .iter()
            .find(|conn| conn.protocol == protocol.number() && conn.client == client && conn.virt == virt);
        self.flows.insert((protocol.number(), client, virt));
        let side = if is_marked(virt.addr) { Side::Mark(MARK) } else { Side::Client };
        let verdict = self.process(side, protocol, client, virt, flags);
        let answers = self.answers()?;
        let what = format!("{protocol} {client} > {virt} flags {flags:#x} ({conn:?}): {verdict:?}");
        let is_answered = matches!(verdict, Verdict::Reply | NO_PORT);
        if is_answered == answers.is_empty() {
            return Err(format!("{what}, with {} answers", answers.len()));
        }
        let reached = self.check_request(verdict, (protocol, client, virt), &what)?;
        let service = self.model.services.get(&service_of(protocol, virt));
        let is_syn = protocol == Protocol::Tcp && flags & packet::SYN != 0;
        let is_reset = flags & packet::RST != 0;
        let may_start = protocol == Protocol::Udp || !is_reset && (is_syn || self.is_on(Sysctl::SloppyTcp));
        let starts_well = match service {
            Some(service) if may_start => is_fair_choice(service, reached, &verdict),
            _ => verdict == Verdict::Pass,
        };
        let goes_on_well = conn.is_some_and(|conn| match service {
            Some(service) if service.has(conn.real) => reached == Some(conn.real),
            _ => matches!(verdict, Verdict::Refuse(_) | Verdict::Drop(_)),
        });
        let is_right = match conn {
            _ if !self.model.has_family(Family::of(&virt.addr)) => verdict == Verdict::Pass,
            None => starts_well,
            // Due at this moment: gone or not, both is right.
            Some(conn) if conn.expires_in_ms == 0 => starts_well || goes_on_well,
            Some(conn) if is_syn && self.is_reusable(conn) => {
                // The port is used again, except under a template.
                starts_well || goes_on_well && known.iter().any(is_template)
            }
            Some(conn) if is_syn && self.is_on(Sysctl::ExpireNodestConn) => {
                let server = service.and_then(|service| service.server(conn.real));
                if server.is_none_or(|server| server.weight == 0) { starts_well } else { goes_on_well }
            }
            Some(_) => goes_on_well,
        };
        if is_right { Ok(()) } else { Err(what) }
    }

    /// Checks what goes to a server, and says to which. None: nothing does.
    fn check_request(
        &mut self,
        verdict: Verdict,
        (protocol, client, virt): (Protocol, Endpoint, Endpoint),
        what: &str,
    ) -> Result<Option<Endpoint>, Broken> {
        let seen = self.seen();
        // One hop is taken already; what the host routes once more gets it back.
        let (reached, ttl) = match (verdict, &seen.outer) {
            (Verdict::Forward, None) => (Endpoint::new(seen.dst, seen.dport), 64),
            (Verdict::Forward, Some(outer)) if outer.ttl == 64 => (Endpoint::new(outer.dst, virt.port), 63),
            (Verdict::Route(server), None) => (Endpoint::new(server, virt.port), 63),
            (Verdict::Forward | Verdict::Route(_), _) => return Err(format!("{what}: {seen:?}")),
            _ => return Ok(None),
        };
        let method = match (verdict, &seen.outer) {
            (Verdict::Route(_), _) => Forwarding::Route,
            (_, Some(_)) => Forwarding::Tunnel(Tunnel::default()),
            _ if method_of(reached.addr) == Forwarding::FullNat => Forwarding::FullNat,
            _ => Forwarding::Masq,
        };
        let is_rewritten = matches!(method, Forwarding::Masq | Forwarding::FullNat);
        let source = Endpoint::new(seen.src, seen.sport);
        let source_is_right = match method {
            Forwarding::FullNat => self.stands_for(source, (protocol, client, virt, reached)),
            _ => source == client,
        };
        let is_kept = is_rewritten || (seen.dst, seen.dport) == (virt.addr, virt.port);
        if !seen.bad.is_empty()
            || !source_is_right
            || seen.ttl != ttl
            || method != method_of(reached.addr)
            || !is_kept
        {
            return Err(format!("{what}: {seen:?}"));
        }
        if is_rewritten {
            self.last_forwarded = Some((seen.bytes, client.addr));
        }
        Ok(Some(reached))
    }

    /// Whether that end stands for this client, and for no other.
    fn stands_for(
        &self,
        source: Endpoint,
        (protocol, client, virt, real): (Protocol, Endpoint, Endpoint, Endpoint),
    ) -> bool {
        let conns = self.conns();
        let mut users = conns
            .iter()
            .filter(|conn| (conn.protocol, conn.local, conn.real) == (protocol.number(), Some(source), real));
        let is_its = |conn: &ConnEntry| (conn.client, conn.virt) == (client, virt);
        self.ports.contains(&source.port) && users.next().is_some_and(is_its) && users.next().is_none()
    }

    fn server_packet(&mut self) -> Result<(), Broken> {
        let known: Vec<ConnEntry> = self
            .conns()
            .into_iter()
            .filter(|conn| is_answered_through(conn) && conn.expires_in_ms > 0)
            .collect();
        if known.is_empty() || self.rng.chance(5) {
            return self.stray_server_packet();
        }
        let conn = self.rng.pick(&known).clone();
        let flags =
            *self.rng.pick(&[packet::SYN | packet::ACK, packet::ACK, packet::FIN | packet::ACK, packet::RST]);
        let protocol = Protocol::from_number(conn.protocol).ok_or("a connection of no protocol")?;
        let to = conn.local.unwrap_or(conn.client);
        let verdict = self.process(Side::Server, protocol, conn.real, to, flags);
        let what = format!("answer of {conn:?}: {verdict:?}");
        self.answers()?;
        if !self.model.has_family(Family::of(&conn.virt.addr)) {
            return if verdict == Verdict::Pass { Ok(()) } else { Err(what) };
        }
        if verdict != Verdict::Forward {
            return Err(what);
        }
        let seen = self.seen();
        let from = Endpoint::new(seen.src, seen.sport);
        let shares_ends = |other: &&ConnEntry| {
            (other.protocol, other.client, other.real) == (conn.protocol, conn.client, conn.real)
        };
        let is_a_vip = known.iter().filter(shares_ends).any(|other| other.virt == from);
        let reached = Endpoint::new(seen.dst, seen.dport);
        if !seen.bad.is_empty() || !is_a_vip || reached != conn.client || seen.ttl != 64 {
            return Err(format!("{what}: {:?} {from} > {reached}", seen.bad));
        }
        Ok(())
    }

    fn stray_server_packet(&mut self) -> Result<(), Broken> {
        let server = self.rng.draw_server(Family::V4);
        let client = self.rng.draw_client(Family::V4);
        let from = Endpoint::new(server.addr, 7);
        let verdict = self.process(Side::Server, Protocol::Tcp, from, client, packet::ACK);
        if verdict == Verdict::Pass { Ok(()) } else { Err(format!("a stray packet of {from}: {verdict:?}")) }
    }

    fn has_conn(&self, client: IpAddr, server: IpAddr) -> bool {
        self.conns().iter().any(|conn| conn.client.addr == client && conn.real.addr == server)
    }

    /// A server complains about the last packet that any server got.
    fn error(&mut self) -> Result<(), Broken> {
        let Some((about, client)) = self.last_forwarded.clone() else { return Ok(()) };
        let seen = Seen::new(Link::Server, IpAddr::from([0; 4]), &about);
        let kind = if seen.src.is_ipv4() { (3, 1) } else { (1, 3) };
        let quote = &about[..about.len().min(if seen.src.is_ipv4() { 28 } else { 48 } + self.rng.below(30))];
        let message = packet::icmp(seen.dst, seen.src, kind, 0, quote);
        let bytes = packet::ip(seen.dst, seen.src, icmp_protocol(seen.src), &message, Header::default());
        self.buf.fill(&bytes);
        let verdict = self.director.process(&mut self.buf, Side::Server, self.now, &mut self.outbox);
        self.answers()?;
        let error = self.seen();
        match verdict {
            Verdict::Forward if error.bad.is_empty() && error.dst == client => Ok(()),
            // When its connection is over, the local port is another client's.
            Verdict::Forward if error.bad.is_empty() && !self.has_conn(client, seen.dst) => Ok(()),
            Verdict::Pass | Verdict::Refuse(_) | Verdict::Drop(_) => Ok(()),
            _ => Err(format!("an error of {}: {verdict:?} {:?}", seen.dst, error.bad)),
        }
    }

    /// Anything at all, on either side.
    fn noise(&mut self) -> Result<(), Broken> {
        let len = self.rng.below(90);
        let mut bytes: Vec<u8> = (0..len).map(|_| self.rng.bits() as u8).collect();
        if let Some((whole, _)) = self.last_forwarded.clone().filter(|_| self.rng.chance(60)) {
            bytes = whole;
            // Not the flags or ports of a connection: the model knows nothing of it.
            let at = self.rng.below(12);
            bytes[at] = self.rng.bits() as u8;
            bytes.truncate(self.rng.below(41));
        }
        self.buf.fill(&bytes);
        let side = if self.rng.chance(50) { Side::Client } else { Side::Server };
        self.director.process(&mut self.buf, side, self.now, &mut self.outbox);
        self.answers().map(|_| ())
    }

    /// A datagram in pieces, in any order; some are lost.
    fn fragments(&mut self) -> Result<(), Broken> {
        let (_, virt) = self.rng.draw_virt();
        let client = self.rng.draw_client(Family::V4);
        if virt.addr.is_ipv6() {
            return Ok(());
        }
        self.flows.insert((Protocol::Udp.number(), client, virt));
        let data = vec![b'f'; 100 + self.rng.below(3000)];
        let ends = Ends { src: client.addr, sport: client.port, dst: virt.addr, dport: virt.port };
        let datagram = packet::udp(ends, &data);
        let step = 8 * (1 + self.rng.below(100));
        let ident = self.rng.below(4) as u16;
        let last = (datagram.len() - 1) / step;
        let mut pieces: Vec<usize> = (0..=last).collect();
        for at in 0..pieces.len() {
            let other = self.rng.below(pieces.len());
            pieces.swap(at, other);
        }
        for piece in pieces {
            if self.rng.chance(3) {
                continue;
            }
            let offset = piece * step;
            let header = Header { ttl: 63, ident, dont_fragment: false, offset, more: piece < last };
            let chunk = &datagram[offset..datagram.len().min(offset + step)];
            self.buf.fill(&packet::ip(client.addr, virt.addr, packet::UDP, chunk, header));
            let side = if is_marked(virt.addr) { Side::Mark(MARK) } else { Side::Client };
            let verdict = self.director.process(&mut self.buf, side, self.now, &mut self.outbox);
            self.answers()?;
            let seen = self.seen();
            if verdict == Verdict::Forward && !seen.bad.is_empty() && seen.outer.is_none() {
                return Err(format!("a piece of {client} > {virt}: {:?}", seen.bad));
            }
        }
        Ok(())
    }

    fn process(
        &mut self,
        side: Side,
        protocol: Protocol,
        from: Endpoint,
        to: Endpoint,
        flags: u8,
    ) -> Verdict {
        let ends = Ends { src: from.addr, sport: from.port, dst: to.addr, dport: to.port };
        let data = vec![b'x'; self.rng.below(5)];
        let segment = match protocol {
            Protocol::Tcp => packet::tcp(ends, flags, self.rng.bits() as u32, 0, &data),
            _ => packet::udp(ends, &data),
        };
        let packet = |ttl| {
            let header = Header { ttl, ..Header::default() };
            packet::ip(from.addr, to.addr, protocol.number(), &segment, header)
        };
        self.buf.fill(&packet(64));
        if !matches!(side, Side::Mark(_)) && self.fast.pass(&mut self.buf, self.now) {
            return Verdict::Forward;
        }
        // As the host hands it over: one hop is taken already.
        self.buf.fill(&packet(63));
        let verdict = self.director.process(&mut self.buf, side, self.now, &mut self.outbox);
        self.director.take_offers(self.now);
        verdict
    }

    /// Closed, so that a SYN begins a new connection.
    fn is_reusable(&self, conn: &ConnEntry) -> bool {
        let mode = self.director.sysctls().value(Sysctl::ConnReuseMode);
        match conn.state.as_str() {
            "TIME_WAIT" | "CLOSE" => mode != 0,
            "FIN_WAIT" => mode & 2 != 0 && !is_answered_through(conn),
            _ => false,
        }
    }

    fn is_on(&self, sysctl: Sysctl) -> bool {
        self.director.sysctls().is_on(sysctl)
    }

    fn seen(&self) -> Seen {
        Seen::new(Link::Client, IpAddr::from([0; 4]), self.buf.bytes())
    }

    /// The packets in the outbox; each one must be valid.
    fn answers(&mut self) -> Result<Vec<Seen>, Broken> {
        let mut answers = Vec::new();
        self.outbox
            .drain(|packet| answers.push(Seen::new(Link::Client, IpAddr::from([0; 4]), packet.bytes())));
        let is_piece = |answer: &Seen| answer.outer.as_ref().is_some_and(|outer| outer.is_fragment());
        match answers.iter().find(|answer| !answer.bad.is_empty() && !is_piece(answer)) {
            Some(answer) => Err(format!("an answer with wrong {:?}", answer.bad)),
            None => Ok(answers),
        }
    }

    pub(crate) fn conns(&self) -> Vec<ConnEntry> {
        self.director.entries(self.now).flatten().collect()
    }

    pub(crate) fn services(&self) -> Vec<ServiceEntry> {
        match self.director.query(&Query::Services, self.now) {
            Ok(Reply::Services(services)) => services,
            other => panic!("{other:?}"),
        }
    }

    /// The counters of every server are the connections that it has.
    pub(crate) fn check_counters(&self) -> Result<(), Broken> {
        let conns = self.conns();
        let mut counts: BTreeMap<(u8, Endpoint, Endpoint), (u32, u32)> = BTreeMap::new();
        for conn in conns.iter().filter(|conn| !is_template(conn)) {
            let count = counts.entry((conn.protocol, conn.virt, conn.real)).or_default();
            let is_active = matches!(conn.state.as_str(), "ESTABLISHED" | "SYN_SENT" | "SYN_RECV" | "SYNACK");
            *if is_active { &mut count.0 } else { &mut count.1 } += 1;
        }
        let tracked = conns.iter().filter(|conn| !is_template(conn)).count();
        if tracked > self.flows.len() {
            return Err(format!("{tracked} connections of {} flows", self.flows.len()));
        }
        for service in self.services() {
            let key = service.spec.key;
            for server in &service.servers {
                let (addr, port) = (server.spec.addr, server.spec.port);
                let is_its = |(protocol, virt, real): &(u8, Endpoint, Endpoint)| {
                    let protocol = Protocol::from_number(*protocol);
                    protocol.is_some_and(|protocol| service_of(protocol, *virt) == key)
                        && real.addr == addr
                        && (real.port == port || key.is_mark())
                };
                let own = counts.iter().filter(|(ends, _)| is_its(ends)).map(|(_, count)| count);
                let listed = own.fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
                let counted = (server.active_conns, server.inactive_conns);
                if counted != listed {
                    let name = Endpoint::new(addr, port);
                    return Err(format!("{name} of {key} counts {counted:?}, has {listed:?}: {conns:#?}"));
                }
            }
        }
        Ok(())
    }

    /// When nothing happens any more, nothing stays.
    pub(crate) fn drain(&mut self) -> Result<(), Broken> {
        for _ in 0..600 {
            self.now = self.now + Duration::from_secs(15);
            while self.director.handle_timeout(self.now) {}
        }
        self.check_counters()?;
        let left = self.conns();
        if left.is_empty() { Ok(()) } else { Err(format!("{} connections stay: {left:?}", left.len())) }
    }
}

/// One network of servers and one of everybody else.
pub(crate) fn routes() -> RouteTable {
    let route = |net: &str, source: &str, interface| Route {
        net: net.parse().unwrap(),
        mtu: 1500,
        source: Some(source.parse().unwrap()),
        interface,
        gateway: None,
        is_local: false,
    };
    RouteTable::new(vec![
        route("10.9.0.0/24", "10.9.0.254", 2),
        route("fd09::/64", "fd09::254", 2),
        route("0.0.0.0/0", "20.0.0.254", 1),
        route("::/0", "fd20::254", 1),
    ])
}

/// A new connection went to a server that takes some, or was refused where that can be.
fn is_fair_choice(service: &Service, reached: Option<Endpoint>, verdict: &Verdict) -> bool {
    match reached {
        Some(reached) => {
            // A template may hold a client at a server of weight 0.
            let takes_it = |server: &ServerSpec| server.weight > 0 || service.spec.persistence.is_some();
            service.server(reached).is_some_and(takes_it)
        }
        None if *verdict == NO_PORT => service.has_full_nat(),
        None => *verdict == Verdict::Reply && (!service.takes_everyone() || service.takes_nobody()),
    }
}

/// The server's packets come through the director.
fn is_answered_through(conn: &ConnEntry) -> bool {
    !is_template(conn) && matches!(method_of(conn.real.addr), Forwarding::Masq | Forwarding::FullNat)
}

fn is_template(conn: &ConnEntry) -> bool {
    conn.client.port == 0
}
