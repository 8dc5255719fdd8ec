//! A virtual service in use: its declaration, its servers (newest first), its scheduler.

use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use super::stats::Meter;
use super::syn_gauge::SynGauge;
use super::{
    CommandError, Endpoint, Protocol, Rates, RealServer, ServerSpec, ServiceKey, ServiceSpec, Stats,
};
use crate::sched::{
    self, Cursor, FULL_SHARE, Flow, Ramps, Remembered, Scheduler, SchedulerClass, ServerChange,
};

#[derive(Debug)]
pub struct VirtualService {
    spec: ServiceSpec,
    /// Newest first, the order that every scheduler goes by but where directors agree.
    servers: Vec<Arc<RealServer>>,
    /// Some where directors agree without talking: the servers in use, by their addresses, however they came.
    agreed: Option<Vec<Arc<RealServer>>>,
    /// Servers come as sources say, to each director in an order of its own.
    is_found: bool,
    /// `None` for the scheduler "none".
    scheduler: Option<Mutex<Box<dyn Scheduler>>>,
    /// Servers that begin slowly.
    ramps: Mutex<Ramps>,
    is_ramping: bool,
    /// Traffic of servers that are gone, while they were here.
    retired: Stats,
    meter: Meter,
    syn_gauge: SynGauge,
    /// Packets to all of its servers are rewritten, and there are some.
    rewrites_all: bool,
}

/// Place of a scheduler that goes round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchedulerCursor {
    /// The server that was chosen last.
    pub last: Option<Endpoint>,
    /// The least weight of its turn, where it goes by that.
    pub weight: i64,
}

impl VirtualService {
    /// # Errors
    /// An unknown scheduler or persistence engine, a bad prefix length.
    pub fn new(spec: ServiceSpec) -> Result<Self, CommandError> {
        check(&spec)?;
        let scheduler = new_scheduler(&spec, &[])?;
        Ok(Self {
            spec,
            servers: Vec::new(),
            agreed: None,
            is_found: false,
            scheduler,
            ramps: Mutex::default(),
            is_ramping: false,
            retired: Stats::default(),
            meter: Meter::default(),
            syn_gauge: SynGauge::default(),
            rewrites_all: false,
        })
    }

    /// Takes over a new declaration; the scheduler's state stays when its name does.
    ///
    /// # Errors
    /// As [`Self::new`]; nothing has changed then.
    pub fn edit(&mut self, spec: ServiceSpec) -> Result<(), CommandError> {
        check(&spec)?;
        let is_other = spec.scheduler != self.spec.scheduler;
        if is_other {
            self.scheduler = new_scheduler(&spec, &[])?;
        }
        let agrees_anew = spec.adopt != self.spec.adopt && self.is_hash();
        self.spec = spec;
        if is_other || agrees_anew {
            self.refill();
        }
        Ok(())
    }

    /// Notes whether sources tell of its servers.
    pub(super) fn set_found(&mut self, is_found: bool) {
        let is_other = std::mem::replace(&mut self.is_found, is_found) != is_found;
        if is_other && self.is_hash() {
            self.refill();
        }
    }

    fn is_hash(&self) -> bool {
        let class = self.scheduler.as_ref().map(|scheduler| scheduler.lock().class());
        class == Some(SchedulerClass::Hash)
    }

    /// The servers that the scheduler chooses among.
    fn in_sight(&self) -> &[Arc<RealServer>] {
        self.agreed.as_deref().unwrap_or(&self.servers)
    }

    /// Tables that hashes fill are to follow from the servers in use alone, also of one that leaves and is here for a while yet.
    fn agree(&mut self) {
        let agrees = (self.spec.adopt || self.is_found) && self.is_hash();
        self.agreed = agrees.then(|| {
            let mut servers: Vec<_> =
                self.servers.iter().filter(|server| !server.is_quiesced()).cloned().collect();
            servers.sort_by_key(|server| server.endpoint());
            servers
        });
    }

    /// Has the scheduler begin anew with the servers in their present order.
    fn refill(&mut self) {
        self.agree();
        if let Ok(scheduler) = new_scheduler(&self.spec, self.in_sight()) {
            self.scheduler = scheduler;
        }
    }

    pub const fn spec(&self) -> &ServiceSpec {
        &self.spec
    }

    /// Whether it takes TCP connections in their middle: every director chooses the same server for them.
    pub fn adopts(&self) -> bool {
        self.spec.adopt && self.is_hash()
    }

    pub const fn syn_gauge(&self) -> &SynGauge {
        &self.syn_gauge
    }

    /// Whether packets to all of its servers are rewritten, and there are any.
    pub const fn rewrites_all(&self) -> bool {
        self.rewrites_all
    }

    pub fn servers(&self) -> &[Arc<RealServer>] {
        &self.servers
    }

    pub fn server(&self, addr: IpAddr, port: u16) -> Option<&Arc<RealServer>> {
        self.servers.iter().find(|server| server.port() == port && server.addr() == addr)
    }

    /// Chooses a server for a new connection. None: nobody can take it.
    pub fn schedule(&self, flow: &Flow) -> Option<Arc<RealServer>> {
        let servers = self.in_sight();
        let mut scheduler = self.scheduler.as_ref()?.lock();
        let mut chosen = scheduler.schedule(servers, flow)?;
        if self.is_ramping {
            let mut ramps = self.ramps.lock();
            chosen = ramps.hold_back(&self.spec.scheduler, scheduler.as_mut(), servers, flow, chosen);
        }
        servers.get(chosen).cloned()
    }

    /// The server that [`Self::schedule`] would choose; the scheduler does not notice.
    pub fn would_schedule(&self, flow: &Flow) -> Option<Arc<RealServer>> {
        let servers = self.in_sight();
        let mut copy = self.scheduler.as_ref()?.lock().fork();
        let mut chosen = copy.schedule(servers, flow)?;
        if self.is_ramping {
            let mut ramps = self.ramps.lock().clone();
            chosen = ramps.hold_back(&self.spec.scheduler, copy.as_mut(), servers, flow, chosen);
        }
        servers.get(chosen).cloned()
    }

    /// Returns the place of its scheduler, if that is known.
    pub fn cursor(&self) -> Option<SchedulerCursor> {
        let cursor = self.scheduler.as_ref()?.lock().cursor()?;
        let last = cursor.last.and_then(|last| self.servers.get(last)).map(|server| server.endpoint());
        Some(SchedulerCursor { last, weight: cursor.weight })
    }

    /// Lets its scheduler go on behind that server, if it goes round and the server is still there.
    pub fn resume(&self, SchedulerCursor { last, weight }: SchedulerCursor) {
        let at = last.map(|last| self.position(last.addr, last.port));
        if let (Some(scheduler), false) = (&self.scheduler, at == Some(None)) {
            scheduler.lock().resume(Cursor { last: at.flatten(), weight });
        }
    }

    /// Everything that its scheduler remembers of virtual addresses.
    pub fn remembered(&self) -> Vec<Remembered> {
        self.scheduler.as_ref().map(|scheduler| scheduler.lock().remembered()).unwrap_or_default()
    }

    /// Has its scheduler remember that too.
    pub fn remember(&self, remembered: Remembered) {
        if let Some(scheduler) = &self.scheduler {
            scheduler.lock().remember(remembered);
        }
    }

    /// Takes over what the service has carried elsewhere; `of_servers`: how much of it its servers here have taken over
    /// already.
    pub(super) fn take_over(&mut self, stats: Stats, of_servers: Stats) {
        self.retired = self.retired.plus(stats).minus(of_servers);
        let stats = self.raw_stats();
        self.meter.restart_rates(stats);
    }

    /// How fast it counts, as numbers of its estimator.
    pub const fn rate_numbers(&self) -> [u64; 5] {
        self.meter.rate_numbers()
    }

    /// Goes on from such numbers.
    pub(super) const fn resume_rates(&mut self, numbers: [u64; 5]) {
        self.meter.estimator().resume(numbers);
    }

    /// Puts a server, new or revived, at the head of the list.
    pub(super) fn insert(&mut self, server: Arc<RealServer>) {
        self.retired = self.retired.minus(server.raw_stats());
        server.with_meter(|meter, stats| meter.restart_rates(stats));
        self.ramp(server.endpoint(), FULL_SHARE);
        self.servers.insert(0, server);
        self.tell_scheduler(ServerChange::Added);
    }

    /// Puts its servers in this order, newest first, as if they had come so. Before any packet is scheduled.
    pub(super) fn arrange(&mut self, order: &[Endpoint]) {
        if self.servers.iter().map(|server| server.endpoint()).eq(order.iter().copied()) {
            return;
        }
        let place = |server: &Arc<RealServer>| order.iter().position(|end| *end == server.endpoint());
        self.servers.sort_by_key(place);
        self.refill();
    }

    pub(super) fn edit_server(&mut self, spec: &ServerSpec) -> bool {
        let Some(at) = self.position(spec.addr, spec.port) else { return false };
        self.servers[at].declare(spec, false);
        self.tell_scheduler(ServerChange::Edited(at));
        true
    }

    pub(super) fn set_drained(&mut self, server: Endpoint, drained: bool) -> bool {
        let Some(at) = self.position(server.addr, server.port) else { return false };
        self.servers[at].set_drained(drained);
        self.tell_scheduler(ServerChange::Edited(at));
        true
    }

    /// Gives a server a share of what is fair for it, in thousandths. False: it is not there.
    pub(super) fn set_share(&mut self, server: Endpoint, share: u32) -> bool {
        let is_there = self.position(server.addr, server.port).is_some();
        if is_there {
            self.ramp(server, share);
        }
        is_there
    }

    fn ramp(&mut self, server: Endpoint, share: u32) {
        let ramps = self.ramps.get_mut();
        ramps.set(server, share);
        self.is_ramping = !ramps.is_empty();
    }

    /// Thousandths of what is fair that the server gets.
    pub fn share(&self, server: Endpoint) -> u32 {
        if self.is_ramping { self.ramps.lock().share(server) } else { FULL_SHARE }
    }

    pub(super) fn remove(&mut self, addr: IpAddr, port: u16) -> Option<Arc<RealServer>> {
        let at = self.position(addr, port)?;
        let server = self.servers.remove(at);
        server.retire();
        self.ramp(server.endpoint(), FULL_SHARE);
        self.retired = self.retired.plus(server.raw_stats());
        self.tell_scheduler(ServerChange::Removed(at));
        Some(server)
    }

    /// Retires all servers, for a service that goes away.
    pub(super) fn into_servers(self) -> Vec<Arc<RealServer>> {
        self.servers.iter().for_each(|server| server.retire());
        self.servers
    }

    fn position(&self, addr: IpAddr, port: u16) -> Option<usize> {
        self.servers.iter().position(|server| server.port() == port && server.addr() == addr)
    }

    fn tell_scheduler(&mut self, change: ServerChange) {
        let is_rewritten = |server: &Arc<RealServer>| server.forwarding().is_rewritten();
        self.rewrites_all = !self.servers.is_empty() && self.servers.iter().all(is_rewritten);
        self.agree();
        let servers = self.agreed.as_deref().unwrap_or(&self.servers);
        if let Some(scheduler) = &mut self.scheduler {
            scheduler.get_mut().servers_changed(servers, change);
        }
    }

    /// All that its servers, present and past, ever carried.
    pub fn raw_stats(&self) -> Stats {
        self.servers.iter().fold(self.retired, |sum, server| sum.plus(server.raw_stats()))
    }

    pub fn stats(&self) -> Stats {
        self.meter.since_zero(self.raw_stats())
    }

    pub fn rates(&self) -> Rates {
        self.meter.rates()
    }

    pub fn zero(&mut self) {
        let stats = self.raw_stats();
        self.meter.zero_at(stats);
        for server in &self.servers {
            server.with_meter(Meter::zero_at);
        }
    }

    /// Ends a 2-second interval of the rate estimators.
    pub fn tick(&mut self) {
        let stats = self.raw_stats();
        self.meter.tick(stats);
        for server in &self.servers {
            server.with_meter(Meter::tick);
        }
    }

    /// Rates of one of its servers.
    pub fn server_rates(server: &RealServer) -> Rates {
        server.with_meter(|meter, _| meter.rates())
    }
}

fn check(spec: &ServiceSpec) -> Result<(), CommandError> {
    if spec.scheduler != sched::NONE && !sched::is_known(&spec.scheduler) {
        return Err(CommandError::NoSuchScheduler(spec.scheduler.clone()));
    }
    if let Some(engine) = spec.engine.as_ref().filter(|engine| *engine != "sip") {
        return Err(CommandError::NoSuchEngine(engine.clone()));
    }
    if let ServiceKey::Address { protocol, .. } = spec.key
        && spec.client_addr_mode.is_some()
        && protocol != Protocol::Tcp
    {
        return Err(CommandError::ClientAddrNeedsTcp(spec.key));
    }
    if let ServiceKey::Address { protocol, .. } = spec.key
        && spec.syn_defence.is_some()
        && protocol != Protocol::Tcp
    {
        return Err(CommandError::SynDefenceNeedsTcp(spec.key));
    }
    match (&spec.persistence, spec.key.family()) {
        (Some(persistence), super::Family::V6) if !(1..=128).contains(&persistence.mask) => {
            Err(CommandError::BadPrefix(persistence.mask))
        }
        _ => Ok(()),
    }
}

fn new_scheduler(
    spec: &ServiceSpec,
    servers: &[Arc<RealServer>],
) -> Result<Option<Mutex<Box<dyn Scheduler>>>, CommandError> {
    if spec.scheduler == sched::NONE {
        return Ok(None);
    }
    let scheduler = sched::new(&spec.scheduler, servers)
        .ok_or_else(|| CommandError::NoSuchScheduler(spec.scheduler.clone()))?;
    Ok(Some(Mutex::new(scheduler)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sched::Expirations;
    use crate::service::Forwarding;
    use crate::time::Time;

    const KEY: ServiceKey = ServiceKey::Address {
        protocol: Protocol::Tcp,
        addr: IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        port: 80,
    };

    fn spec(scheduler: &str, adopt: bool) -> ServiceSpec {
        ServiceSpec { adopt, ..ServiceSpec::new(KEY, scheduler) }
    }

    fn server(last: u8, weight: i32) -> ServerSpec {
        ServerSpec { weight, ..ServerSpec::new([10, 0, 0, last].into(), 80, Forwarding::Masq) }
    }

    fn service(spec: ServiceSpec, servers: &[u8]) -> VirtualService {
        let mut service = VirtualService::new(spec).unwrap();
        for last in servers {
            service.insert(Arc::new(RealServer::new(KEY, &server(*last, i32::from(*last)))));
        }
        service
    }

    fn choices(service: &VirtualService) -> Vec<Option<Endpoint>> {
        let choose = |client: u8| {
            let flow = Flow {
                client: Endpoint::new([10, 1, 0, client].into(), 40_000),
                virt: Endpoint::new([10, 2, 0, client].into(), 80),
                flags: Default::default(),
                now: Time::ZERO,
                draw: 0,
                expirations: Expirations::default(),
            };
            let tried = service.would_schedule(&flow).map(|server| server.endpoint());
            assert_eq!(service.schedule(&flow).map(|server| server.endpoint()), tried);
            tried
        };
        (0..=255).map(choose).collect()
    }

    #[test]
    fn hashes_go_by_addresses_where_directors_agree_and_by_the_list_elsewhere() {
        for scheduler in ["mh", "sh", "dh"] {
            let [one, other] =
                [&[1, 2, 3, 4, 5], &[4, 5, 1, 3, 2]].map(|servers| service(spec(scheduler, true), servers));
            assert_eq!(choices(&one), choices(&other), "{scheduler}");
            let [mut one, mut other] =
                [&[1, 2, 3, 4, 5], &[4, 5, 1, 3, 2]].map(|servers| service(spec(scheduler, false), servers));
            let of_list = choices(&one);
            assert_ne!(of_list, choices(&other), "{scheduler}");
            one.set_found(true);
            other.edit(spec(scheduler, true)).unwrap();
            assert_eq!(choices(&one), choices(&other), "{scheduler}");
            one.set_found(false);
            assert_eq!(choices(&one), of_list, "{scheduler}");
        }
    }

    #[test]
    fn a_server_that_leaves_has_no_place_where_directors_agree() {
        for scheduler in ["mh", "sh", "dh"] {
            let without = choices(&service(spec(scheduler, true), &[1, 2, 4]));
            let mut one = service(spec(scheduler, true), &[1, 3, 2, 4]);
            one.set_drained(server(3, 3).endpoint(), true);
            assert_eq!(choices(&one), without, "{scheduler}");
            one.set_drained(server(3, 3).endpoint(), false);
            one.edit_server(&server(3, 0));
            assert_eq!(choices(&one), without, "{scheduler}");
            one.remove([10, 0, 0, 3].into(), 80);
            assert_eq!(choices(&one), without, "{scheduler}");
            assert!(without.iter().all(Option::is_some), "{scheduler}");
        }
    }

    #[test]
    fn a_round_goes_on_where_sources_tell_of_servers() {
        let mut one = service(spec("rr", false), &[1, 2, 3]);
        let first = choices(&one)[..2].to_vec();
        one.set_found(true);
        // 256 choices among three servers end with the first.
        assert_eq!(choices(&one)[0], first[1]);
        assert_eq!(one.in_sight().len(), 3);
    }
}
