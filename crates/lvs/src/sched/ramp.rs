//! Slow start: a server that has just come gets a growing share of the connections that are fair for it.
//!
//! Stands behind every scheduler, also those that know no weights: what is too much for the server is passed on to the
//! scheduler's next choice. Without a server that begins slowly nothing here runs. The kernel has nothing like it.

use std::sync::Arc;

use super::{Flow, Scheduler, SchedulerClass, hash, is_usable, weight};
use crate::service::{Endpoint, Family, RealServer};

/// A whole share.
pub const FULL_SHARE: u32 = 1000;

/// One connection, in the measure of credits.
const ONE: u64 = 1_000_000;

/// Connections that may be made up for at once.
const MOST_CREDIT: u64 = 2 * ONE;

/// Choices of a scheduler that goes round that are passed on at most.
const MOST_TURNS: usize = 64;

#[derive(Clone, Debug)]
struct Ramp {
    server: Endpoint,
    /// Thousandths.
    share: u32,
    credit: u64,
}

/// The servers of a service that begin slowly.
#[derive(Clone, Debug, Default)]
pub struct Ramps(Vec<Ramp>);

/// The scheduler that chooses among the other servers where the service's own would choose the same again.
fn substitute(name: &str, class: SchedulerClass) -> &str {
    match class {
        SchedulerClass::Hash => "sh",
        SchedulerClass::Locality => "wlc",
        SchedulerClass::RoundRobin { .. } | SchedulerClass::Load { .. } => name,
    }
}

impl Ramps {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The server gets these thousandths of what is fair from now on.
    pub fn set(&mut self, server: Endpoint, share: u32) {
        match self.0.iter_mut().find(|ramp| ramp.server == server) {
            Some(ramp) => ramp.share = share,
            None => self.0.push(Ramp { server, share, credit: 0 }),
        }
        self.0.retain(|ramp| ramp.share < FULL_SHARE);
    }

    pub fn share(&self, server: Endpoint) -> u32 {
        self.0.iter().find(|ramp| ramp.server == server).map_or(FULL_SHARE, |ramp| ramp.share)
    }

    fn find(&mut self, server: &RealServer) -> Option<&mut Ramp> {
        let endpoint = server.endpoint();
        self.0.iter_mut().find(|ramp| ramp.server == endpoint)
    }

    /// Leaves the scheduler's choice, or passes it on. Somebody always gets the connection.
    pub fn hold_back(
        &mut self,
        name: &str,
        scheduler: &mut (dyn Scheduler + 'static),
        servers: &[Arc<RealServer>],
        flow: &Flow,
        chosen: usize,
    ) -> usize {
        let class = scheduler.class();
        self.credit(class, servers);
        if self.takes(class, servers, flow, chosen) {
            return chosen;
        }
        if let SchedulerClass::RoundRobin { .. } = class {
            for _ in 0..MOST_TURNS {
                let Some(next) = scheduler.schedule(servers, flow) else { break };
                if self.takes(class, servers, flow, next) {
                    return next;
                }
            }
        }
        let others: Vec<Arc<RealServer>> =
            servers.iter().filter(|server| self.find(server).is_none()).cloned().collect();
        let next =
            super::new(substitute(name, class), &others).and_then(|mut fresh| fresh.schedule(&others, flow));
        let next = next.and_then(|next| servers.iter().position(|server| Arc::ptr_eq(server, &others[next])));
        next.unwrap_or(chosen)
    }

    /// Another connection comes: everybody who begins slowly has earned a part of it.
    fn credit(&mut self, class: SchedulerClass, servers: &[Arc<RealServer>]) {
        let fair = |server: &RealServer| match class {
            _ if !is_usable(server) => 0,
            SchedulerClass::RoundRobin { weighted: false } | SchedulerClass::Load { weighted: false } => 1,
            _ => weight(server),
        };
        let all: u64 = servers.iter().map(|server| fair(server)).sum();
        for server in servers {
            if let Some(ramp) = self.find(server) {
                let earned = ONE / u64::from(FULL_SHARE) * u64::from(ramp.share) * fair(server) / all.max(1);
                ramp.credit = (ramp.credit + earned).min(MOST_CREDIT);
            }
        }
    }

    fn takes(&mut self, class: SchedulerClass, servers: &[Arc<RealServer>], flow: &Flow, at: usize) -> bool {
        let Some(ramp) = servers.get(at).and_then(|server| self.find(server)) else { return true };
        if class == SchedulerClass::Hash {
            // The same client goes the same way, and comes over once.
            let client = hash::fold(flow.client.addr, Family::of(&flow.client.addr));
            let place = u64::from(client.wrapping_mul(0x9E37_79B1).rotate_left(13).wrapping_mul(0x85EB_CA6B));
            return ((place * u64::from(FULL_SHARE)) >> 32) < u64::from(ramp.share);
        }
        let takes = ramp.credit >= ONE;
        ramp.credit -= if takes { ONE } else { 0 };
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sched::{Expirations, names};
    use crate::service::{Forwarding, Protocol, SchedulerFlags, ServerSpec, ServiceKey};
    use crate::time::Time;

    fn servers(weights: &[i32]) -> Vec<Arc<RealServer>> {
        let key = ServiceKey::Address { protocol: Protocol::Tcp, addr: [10, 0, 0, 1].into(), port: 80 };
        let server = |(at, weight): (usize, &i32)| {
            let spec = ServerSpec::new([10, 1, 0, at as u8 + 1].into(), 80, Forwarding::Masq);
            Arc::new(RealServer::new(key, &ServerSpec { weight: *weight, ..spec }))
        };
        weights.iter().enumerate().map(server).collect()
    }

    fn flow(number: u32, now: Time) -> Flow {
        Flow {
            client: Endpoint::new(std::net::Ipv4Addr::from_bits(0x0a02_0000 + number % 5000).into(), 1000),
            virt: Endpoint::new(std::net::Ipv4Addr::from_bits(0x0a00_0001 + number % 251).into(), 80),
            flags: SchedulerFlags::default(),
            now,
            draw: u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            expirations: Expirations::default(),
        }
    }

    /// The part of `count` connections, held open, that the first server gets with this share.
    fn part(name: &str, servers: &[Arc<RealServer>], ramps: &mut Ramps, share: u32, count: u32) -> f64 {
        ramps.set(servers[0].endpoint(), share);
        let mut scheduler = super::super::new(name, servers).unwrap();
        let mut got = 0;
        for number in 0..count {
            let now = Time(u64::from(share) * 1000 + u64::from(number));
            let flow = flow(number, now);
            let Some(chosen) = scheduler.schedule(servers, &flow) else { continue };
            let chosen = ramps.hold_back(name, scheduler.as_mut(), servers, &flow, chosen);
            servers[chosen].bind(true);
            got += u32::from(chosen == 0);
        }
        f64::from(got) / f64::from(count)
    }

    #[test]
    fn every_scheduler_gives_a_share_that_follows_the_ramp() {
        for name in names() {
            // With fo and ovf one server gets everything: what they would give is not its part of the weights.
            for weights in [[1, 1, 1], [3, 3, 3]] {
                for step in 1..10 {
                    let share = step * 100;
                    let servers = servers(&weights);
                    // The others have been at work: load would send everything to the newcomer.
                    for server in &servers[1..] {
                        (0..100).for_each(|_| server.bind(true));
                    }
                    let got = part(name, &servers, &mut Ramps::default(), share, 6000);
                    let fair = f64::from(share) / 1000.0 / 3.0;
                    let is_hash = super::super::new(name, &servers).unwrap().class() == SchedulerClass::Hash;
                    let slack = if is_hash { 0.1 } else { 0.1 * fair + 0.001 };
                    match name {
                        "fo" | "ovf" | "twos" | "dh" => assert!(got <= fair + slack, "{name} {share}: {got}"),
                        _ => assert!(
                            (got - fair).abs() <= slack,
                            "{name} {weights:?} {share}: {got}, fair {fair}"
                        ),
                    }
                }
            }
        }
    }

    #[test]
    fn weights_count_where_they_count() {
        let got = part("wrr", &servers(&[4, 1, 1]), &mut Ramps::default(), 500, 6000);
        assert!((got - 0.5 * 4.0 / 6.0).abs() < 0.03, "{got}");
        let got = part("rr", &servers(&[4, 1, 1]), &mut Ramps::default(), 500, 6000);
        assert!((got - 0.5 / 3.0).abs() < 0.02, "{got}");
    }

    #[test]
    fn the_others_share_what_is_passed_on() {
        for name in ["rr", "wrr", "lc", "wlc", "sed"] {
            let servers = servers(&[1, 1, 1]);
            part(name, &servers, &mut Ramps::default(), 100, 3000);
            let [_, two, three] = [0, 1, 2].map(|at| servers[at].active_conns());
            assert!(two.abs_diff(three) < 150, "{name}: {two} and {three}");
        }
    }

    #[test]
    fn a_server_alone_takes_all_and_a_client_comes_over_once() {
        for name in names() {
            let got = part(name, &servers(&[1000]), &mut Ramps::default(), 10, 100);
            assert!((got - 1.0).abs() < f64::EPSILON, "{name}: {got}");
        }
        let servers = servers(&[1, 1]);
        for number in 0..500 {
            let mut was_there = false;
            for share in (1..=1000).step_by(111) {
                let mut ramps = Ramps::default();
                ramps.set(servers[0].endpoint(), share);
                let takes = ramps.takes(SchedulerClass::Hash, &servers, &flow(number, Time::ZERO), 0);
                assert!(takes || !was_there);
                was_there = takes;
            }
        }
    }

    #[test]
    fn a_full_share_leaves_nothing_behind() {
        let servers = servers(&[1, 1]);
        let mut ramps = Ramps::default();
        ramps.set(servers[0].endpoint(), 5);
        assert_eq!((ramps.is_empty(), ramps.share(servers[0].endpoint())), (false, 5));
        ramps.set(servers[0].endpoint(), FULL_SHARE);
        assert_eq!((ramps.is_empty(), ramps.share(servers[0].endpoint())), (true, FULL_SHARE));
    }
}
