//! Rates measured from one snapshot to the next, and their past for the trends. Pure.
//!
//! The director's own rates are averages over many seconds (`ip_vs_est.c`); they stand where there is nothing to
//! compare with yet.

use std::collections::{HashMap, VecDeque};

use super::snapshot::Snapshot;
use lvs::Time;
use lvs::service::{Endpoint, Rates, ServiceKey, Stats};

/// Rates of the past that are kept of a service.
const DEPTH: usize = 120;

/// Two snapshots that are nearer say nothing of a rate (milliseconds).
const NEAR: u64 = 50;

/// The counters of the last snapshot.
#[derive(Debug, Default)]
pub(super) struct Meter {
    last: Option<Last>,
}

#[derive(Debug)]
struct Last {
    at: Time,
    pid: u32,
    total: Stats,
    services: HashMap<ServiceKey, Stats>,
    servers: HashMap<(ServiceKey, Endpoint), Stats>,
}

impl Meter {
    /// Puts what was measured since the last snapshot in place of the averages.
    pub(super) fn measure(&mut self, snapshot: &mut Snapshot) {
        let now = Last::of(snapshot);
        let last = self.last.take();
        if let Some(last) = last.filter(|last| last.pid == now.pid) {
            let millis = snapshot.at.since(last.at).as_millis().try_into().unwrap_or(u64::MAX);
            if millis < NEAR {
                self.last = Some(last);
                return;
            }
            let put = |rates: &mut Rates, stats: Stats, before: Option<&Stats>| {
                if let Some(measured) = before.and_then(|before| between(*before, stats, millis)) {
                    *rates = measured;
                }
            };
            let census = &mut snapshot.status.census;
            put(&mut census.rates, census.stats, Some(&last.total));
            for service in &mut snapshot.services {
                let key = service.spec.key;
                put(&mut service.rates, service.stats, last.services.get(&key));
                for server in &mut service.servers {
                    let end = server.spec.endpoint();
                    put(&mut server.rates, server.stats, last.servers.get(&(key, end)));
                }
            }
        }
        self.last = Some(now);
    }
}

impl Last {
    fn of(snapshot: &Snapshot) -> Self {
        let services = snapshot.services.iter();
        let servers = services.clone().flat_map(|service| {
            let named = move |server: &lvs::director::ServerEntry| {
                ((service.spec.key, server.spec.endpoint()), server.stats)
            };
            service.servers.iter().map(named)
        });
        Self {
            at: snapshot.at,
            pid: snapshot.status.director.pid,
            total: snapshot.status.census.stats,
            servers: servers.collect(),
            services: services.map(|service| (service.spec.key, service.stats)).collect(),
        }
    }
}

/// None where counters went back: somebody zeroed them.
fn between(before: Stats, now: Stats, millis: u64) -> Option<Rates> {
    let rate = |before: u64, now: u64| {
        let grown = u128::from(now.checked_sub(before)?) * 1000;
        let half = u128::from(millis / 2);
        u64::try_from((grown + half) / u128::from(millis)).ok()
    };
    Some(Rates {
        cps: rate(before.conns, now.conns)?,
        in_pps: rate(before.in_packets, now.in_packets)?,
        out_pps: rate(before.out_packets, now.out_packets)?,
        in_bps: rate(before.in_bytes, now.in_bytes)?,
        out_bps: rate(before.out_bytes, now.out_bytes)?,
    })
}

/// Quantity that a trend is drawn of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Measure {
    #[default]
    Conns,
    Packets,
    Bytes,
}

impl Measure {
    pub(super) const ALL: [Self; 3] = [Self::Conns, Self::Packets, Self::Bytes];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Conns => "conns/s",
            Self::Packets => "packets/s",
            Self::Bytes => "bytes/s",
        }
    }

    pub(super) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|measure| *measure == self).unwrap_or_default();
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    /// In both directions.
    pub(super) const fn of(self, rates: &Rates) -> u64 {
        match self {
            Self::Conns => rates.cps,
            Self::Packets => rates.in_pps.saturating_add(rates.out_pps),
            Self::Bytes => rates.in_bps.saturating_add(rates.out_bps),
        }
    }
}

/// The past of the director and of each service, oldest first.
#[derive(Debug, Default)]
pub(super) struct History {
    total: VecDeque<Rates>,
    services: HashMap<ServiceKey, VecDeque<Rates>>,
}

impl History {
    pub(super) fn note(&mut self, snapshot: &Snapshot) {
        push(&mut self.total, snapshot.status.census.rates);
        self.services.retain(|key, _| snapshot.service(key).is_some());
        for service in &snapshot.services {
            push(self.services.entry(service.spec.key).or_default(), service.rates);
        }
    }

    /// Of one service, or of all together.
    pub(super) fn of(&self, service: Option<&ServiceKey>, measure: Measure) -> Vec<u64> {
        let rates = match service {
            Some(key) => self.services.get(key),
            None => Some(&self.total),
        };
        rates.into_iter().flatten().map(|rates| measure.of(rates)).collect()
    }
}

fn push(past: &mut VecDeque<Rates>, rates: Rates) {
    if past.len() == DEPTH {
        past.pop_front();
    }
    past.push_back(rates);
}

#[cfg(test)]
mod tests {
    use super::super::tests::{key, snapshot};
    use super::*;

    #[test]
    fn rates_are_measured_from_picture_to_picture() {
        let mut meter = Meter::default();
        let mut first = snapshot(1000);
        let averaged = first.services[0].rates;
        meter.measure(&mut first);
        assert_eq!(first.services[0].rates, averaged, "nothing to compare with");
        let mut second = snapshot(3000);
        second.services[0].stats.conns += 100;
        second.services[0].servers[0].stats.in_bytes += 9000;
        second.status.census.stats.conns += 100;
        meter.measure(&mut second);
        assert_eq!(second.status.census.rates.cps, 50);
        assert_eq!(second.services[0].rates, Rates { cps: 50, ..Rates::default() });
        assert_eq!(second.services[0].servers[0].rates.in_bps, 4500);
        let mut zeroed = snapshot(4000);
        meter.measure(&mut zeroed);
        assert_eq!(zeroed.services[0].rates, averaged, "the counters went back");
        let mut other = snapshot(5000);
        other.status.director.pid += 1;
        other.services[0].stats.conns += 100;
        meter.measure(&mut other);
        assert_eq!(other.services[0].rates, averaged, "another director");
    }

    #[test]
    fn the_past_has_an_end_and_forgets_services_that_are_gone() {
        let mut history = History::default();
        for at in 0..300 {
            let mut snapshot = snapshot(at * 1000);
            snapshot.services[1].rates.cps = at;
            history.note(&snapshot);
        }
        let past = history.of(Some(&key(80)), Measure::Conns);
        assert_eq!((past.len(), past.first(), past.last()), (DEPTH, Some(&180), Some(&299)));
        assert_eq!(history.of(None, Measure::Packets).len(), DEPTH);
        let mut less = snapshot(0);
        less.services.clear();
        history.note(&less);
        assert!(history.of(Some(&key(80)), Measure::Conns).is_empty());
        assert_eq!(Measure::ALL.map(Measure::next), [Measure::Packets, Measure::Bytes, Measure::Conns]);
    }
}
