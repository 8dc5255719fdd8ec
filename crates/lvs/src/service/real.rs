//! A real server in use: what was declared, how many connections it has, what it has carried.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};

use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};

use super::stats::Meter;
use super::{Counters, Endpoint, Forwarding, ServerSpec, ServiceKey, Stats};

/// Status bits of a server (`IP_VS_DEST_F_*`).
#[derive(Debug, Default)]
pub struct ServerFlags(AtomicU32);

impl ServerFlags {
    const AVAILABLE: u32 = 1;
    const OVERLOADED: u32 = 2;
    /// No flag of the kernel: see `tunvs drain`.
    const DRAINED: u32 = 1 << 31;

    /// True when that changed it.
    fn set(&self, bit: u32, on: bool) -> bool {
        let before = if on { self.0.fetch_or(bit, Relaxed) } else { self.0.fetch_and(!bit, Relaxed) };
        (before & bit != 0) != on
    }

    fn has(&self, bit: u32) -> bool {
        self.0.load(Relaxed) & bit != 0
    }
}

/// How a server takes new connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandshakeStats {
    pub opened: u32,
    pub answered: u32,
    pub refused: u32,
}

impl HandshakeStats {
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self {
            opened: self.opened.wrapping_sub(earlier.opened),
            answered: self.answered.wrapping_sub(earlier.answered),
            refused: self.refused.wrapping_sub(earlier.refused),
        }
    }
}

/// One real server of one service. Shared by the service, its connections and the trash.
#[derive(Debug)]
pub struct RealServer {
    addr: IpAddr,
    port: u16,
    /// The service it was made for: a removed server comes back only under the same key.
    service: ServiceKey,
    forwarding: RwLock<Forwarding>,
    weight: AtomicI32,
    last_weight: AtomicI32,
    upper_threshold: AtomicU32,
    lower_threshold: AtomicU32,
    flags: ServerFlags,
    overloads: AtomicU32,
    active: AtomicI32,
    inactive: AtomicI32,
    persistent: AtomicI32,
    counters: Counters,
    answered: AtomicU32,
    refused: AtomicU32,
    meter: Mutex<Meter>,
}

impl RealServer {
    pub fn new(service: ServiceKey, spec: &ServerSpec) -> Self {
        let server = Self {
            addr: spec.addr,
            port: spec.port,
            service,
            forwarding: RwLock::new(spec.forwarding),
            weight: AtomicI32::new(0),
            last_weight: AtomicI32::new(0),
            upper_threshold: AtomicU32::new(0),
            lower_threshold: AtomicU32::new(0),
            flags: ServerFlags::default(),
            overloads: AtomicU32::new(0),
            active: AtomicI32::new(0),
            inactive: AtomicI32::new(0),
            persistent: AtomicI32::new(0),
            counters: Counters::default(),
            answered: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            meter: Mutex::new(Meter::default()),
        };
        server.declare(spec, true);
        server
    }

    /// Takes over a declaration (`__ip_vs_update_dest`). `added` tells an addition from an edit.
    pub fn declare(&self, spec: &ServerSpec, added: bool) {
        if added || spec.weight != 0 {
            self.last_weight.store(spec.weight, Relaxed);
        }
        self.weight.store(spec.weight, Relaxed);
        *self.forwarding.write() = spec.forwarding;
        self.flags.set(ServerFlags::AVAILABLE, true);
        self.upper_threshold.store(spec.upper_threshold, Relaxed);
        self.lower_threshold.store(spec.lower_threshold, Relaxed);
        self.check_overload();
    }

    /// Marks it as removed from its service; its connections keep it until they end.
    pub fn retire(&self) {
        self.flags.set(ServerFlags::AVAILABLE, false);
    }

    pub fn spec(&self) -> ServerSpec {
        ServerSpec {
            addr: self.addr,
            port: self.port,
            forwarding: self.forwarding(),
            weight: self.weight.load(Relaxed),
            upper_threshold: self.upper_threshold.load(Relaxed),
            lower_threshold: self.lower_threshold.load(Relaxed),
        }
    }

    pub const fn addr(&self) -> IpAddr {
        self.addr
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub const fn endpoint(&self) -> Endpoint {
        Endpoint::new(self.addr, self.port)
    }

    pub const fn service(&self) -> &ServiceKey {
        &self.service
    }

    pub fn forwarding(&self) -> Forwarding {
        *self.forwarding.read()
    }

    /// The weight that counts: that of a drained server is 0.
    pub fn weight(&self) -> i32 {
        if self.is_drained() { 0 } else { self.weight.load(Relaxed) }
    }

    /// Whether it gets no new connections, whatever its weight and the templates that lead to it.
    pub fn is_drained(&self) -> bool {
        self.flags.has(ServerFlags::DRAINED)
    }

    pub(super) fn set_drained(&self, drained: bool) {
        self.flags.set(ServerFlags::DRAINED, drained);
    }

    /// The last weight that was not 0, or the one it was added with.
    pub fn last_weight(&self) -> i32 {
        self.last_weight.load(Relaxed)
    }

    /// Weight 0: no new connections.
    pub fn is_quiesced(&self) -> bool {
        self.weight() <= 0
    }

    /// False once it was removed from its service.
    pub fn is_available(&self) -> bool {
        self.flags.has(ServerFlags::AVAILABLE)
    }

    pub fn is_overloaded(&self) -> bool {
        self.flags.has(ServerFlags::OVERLOADED)
    }

    /// How often it reached its upper threshold.
    pub fn overloads(&self) -> u32 {
        self.overloads.load(Relaxed)
    }

    pub fn upper_threshold(&self) -> u32 {
        self.upper_threshold.load(Relaxed)
    }

    pub fn active_conns(&self) -> u32 {
        self.active.load(Relaxed).max(0).unsigned_abs()
    }

    pub fn inactive_conns(&self) -> u32 {
        self.inactive.load(Relaxed).max(0).unsigned_abs()
    }

    pub fn persistent_conns(&self) -> u32 {
        self.persistent.load(Relaxed).max(0).unsigned_abs()
    }

    /// A connection was bound (`ip_vs_bind_dest`); templates count apart.
    pub fn bind(&self, active: bool) {
        if active { &self.active } else { &self.inactive }.fetch_add(1, Relaxed);
        self.check_overload();
    }

    pub fn bind_template(&self) {
        self.persistent.fetch_add(1, Relaxed);
        self.check_overload();
    }

    /// So many connections and templates were bound.
    pub fn bind_many(&self, active: i32, inactive: i32, templates: i32) {
        self.active.fetch_add(active, Relaxed);
        self.inactive.fetch_add(inactive, Relaxed);
        self.persistent.fetch_add(templates, Relaxed);
        self.check_overload();
    }

    /// A connection ended (`ip_vs_unbind_dest`).
    pub fn unbind(&self, active: bool) {
        if active { &self.active } else { &self.inactive }.fetch_sub(1, Relaxed);
        self.check_overload();
    }

    pub fn unbind_template(&self) {
        self.persistent.fetch_sub(1, Relaxed);
        self.check_overload();
    }

    /// A connection changed between active and inactive.
    pub fn rebind(&self, active: bool) {
        let (up, down) = if active { (&self.active, &self.inactive) } else { (&self.inactive, &self.active) };
        up.fetch_add(1, Relaxed);
        down.fetch_sub(1, Relaxed);
    }

    /// An overloaded server returns below the lower threshold, or below three quarters of the upper one. Looked at whenever
    /// connections or thresholds change, an edit too (recorded: `tests/data/datapath/overload`).
    fn check_overload(&self) {
        let upper = self.upper_threshold.load(Relaxed);
        let lower = self.lower_threshold.load(Relaxed);
        let total = self.total_conns();
        let before = self.is_overloaded();
        let now = match (before, upper, lower) {
            (_, 0, _) => false,
            (false, ..) => total >= upper,
            (true, _, 0) => u64::from(total) * 4 >= u64::from(upper) * 3,
            (true, ..) => total >= lower,
        };
        if before != now && self.flags.set(ServerFlags::OVERLOADED, now) && now {
            self.overloads.fetch_add(1, Relaxed);
        }
    }

    fn total_conns(&self) -> u32 {
        self.active_conns() + self.inactive_conns()
    }

    /// Counts an answer to a client's SYN.
    pub fn count_answered(&self) {
        self.answered.fetch_add(1, Relaxed);
    }

    /// Counts a refusal of a client's SYN.
    pub fn count_refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// TCP connections that it was given, answered and refused, all wrapping around.
    pub fn handshakes(&self) -> HandshakeStats {
        HandshakeStats {
            opened: self.counters.read().conns as u32,
            answered: self.answered.load(Relaxed),
            refused: self.refused.load(Relaxed),
        }
    }

    /// How often it answered and refused a client's SYN, and how often it reached its upper threshold.
    pub fn tallies(&self) -> [u32; 3] {
        [&self.answered, &self.refused, &self.overloads].map(|tally| tally.load(Relaxed))
    }

    /// Takes over what it has carried elsewhere, and whether it was overloaded there. With its connections bound.
    pub fn take_over(&self, stats: Stats, tallies: [u32; 3], was_overloaded: bool) {
        self.counters.add(stats);
        self.with_meter(|meter, stats| meter.restart_rates(stats));
        for (tally, more) in [&self.answered, &self.refused].into_iter().zip(tallies) {
            tally.fetch_add(more, Relaxed);
        }
        self.overloads.store(tallies[2], Relaxed);
        // Between the thresholds it is as it was.
        self.flags.set(ServerFlags::OVERLOADED, was_overloaded);
        self.check_overload();
    }

    /// How fast it counts, as numbers of its estimator.
    pub fn rate_numbers(&self) -> [u64; 5] {
        self.with_meter(|meter, _| meter.rate_numbers())
    }

    /// Goes on from such numbers.
    pub fn resume_rates(&self, numbers: [u64; 5]) {
        self.with_meter(|meter, _| meter.estimator().resume(numbers));
    }

    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Traffic since the counters were last zeroed.
    pub fn stats(&self) -> Stats {
        self.meter.lock().since_zero(self.counters.read())
    }

    /// All it ever carried.
    pub fn raw_stats(&self) -> Stats {
        self.counters.read()
    }

    pub(super) fn with_meter<T>(&self, use_it: impl FnOnce(&mut Meter, Stats) -> T) -> T {
        use_it(&mut self.meter.lock(), self.counters.read())
    }
}
