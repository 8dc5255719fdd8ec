//! Virtual addresses that are fit to be announced to routers, and why others are not.
//!
//! Pure: how services stand and the time come in, the set of addresses comes out. An address is announced while every service of
//! it that is to be announced is fit: whoever marks one service of an address makes that one decide. Called by the daemon.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use lvs::Time;
use lvs::service::ServiceKey;
use lvs_events::{Event, json};

/// A service whose address is to be announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnnounceCandidate {
    pub service: ServiceKey,
    /// In the tables.
    pub is_there: bool,
    /// Enough of its servers are up, or its sorry server serves and counts.
    pub is_fit: bool,
    /// Sum of the weights of servers that are up.
    pub weight: i64,
    pub quorum: u32,
    /// Checks without any result so far.
    pub silent_checks: usize,
}

/// The director as a whole, as far as it decides about announcements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Connections that other directors told of are still on their way.
    pub is_filling: bool,
    /// Rules and routes are as the services need them.
    pub host_follows: bool,
}

/// Why an address is not announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    #[error("the director retires")]
    Retiring,
    #[error("{service} is not in the tables")]
    NotThere { service: ServiceKey },
    #[error("{checks} checks of {service} have not spoken yet")]
    Silent { service: ServiceKey, checks: usize },
    #[error("{service}: weight {weight} is up, quorum is {quorum}")]
    NoQuorum { service: ServiceKey, weight: i64, quorum: u32 },
    #[error("the connections of other directors are not all here yet")]
    Filling,
    #[error("the host does not do what the services need")]
    HostTrouble,
}

/// One virtual address, for those who ask. `docs/json.md` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VipReport {
    pub address: IpAddr,
    pub announced: bool,
    /// Seconds since it is so.
    pub since_secs: u64,
    pub why: Option<String>,
    pub services: Vec<VipService>,
}

/// A service that decides about an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VipService {
    #[serde(with = "json::service")]
    pub service: ServiceKey,
    pub fit: bool,
    pub why: Option<String>,
}

#[derive(Debug)]
struct Vip {
    withheld: Option<Withheld>,
    since: Time,
    services: Vec<Judged>,
}

/// A service as it was judged.
#[derive(Debug)]
struct Judged {
    service: ServiceKey,
    unfit: Option<Withheld>,
}

/// Decides which addresses are announced, and remembers what it decided.
#[derive(Debug, Default)]
pub struct Announcer {
    is_retiring: bool,
    /// Services all of whose checks have spoken once: a check that is added later does not withdraw them.
    heard: BTreeSet<ServiceKey>,
    vips: BTreeMap<IpAddr, Vip>,
}

impl Announcer {
    /// Goes on for a director that announced these.
    pub fn resume(&mut self, announced: &[IpAddr], now: Time) {
        let vip = || Vip { withheld: None, since: now, services: Vec::new() };
        self.vips.extend(announced.iter().map(|address| (*address, vip())));
    }

    /// From the next look on nothing is announced any more.
    pub const fn retire(&mut self) {
        self.is_retiring = true;
    }

    pub const fn is_retiring(&self) -> bool {
        self.is_retiring
    }

    /// Decides anew. What has changed, as events.
    pub fn judge(&mut self, candidates: &[AnnounceCandidate], readiness: Readiness, now: Time) -> Vec<Event> {
        let mut by_address: BTreeMap<IpAddr, Vec<Judged>> = BTreeMap::new();
        for candidate in candidates {
            let ServiceKey::Address { addr, .. } = candidate.service else { continue };
            let unfit = self.unfit(candidate);
            by_address.entry(addr).or_default().push(Judged { service: candidate.service, unfit });
        }
        let mut before = std::mem::take(&mut self.vips);
        let mut events = Vec::new();
        for (address, services) in by_address {
            let old = before.remove(&address);
            let was_announced = old.as_ref().is_some_and(|vip| vip.withheld.is_none());
            let unfit = services.iter().find_map(|judged| judged.unfit);
            let withheld = if self.is_retiring { Some(Withheld::Retiring) } else { unfit };
            // What begins to go wrong later leaves it where clients reach it.
            let withheld = withheld.or_else(|| if was_announced { None } else { readiness.withheld() });
            match withheld {
                None if !was_announced => events.push(Event::VipAnnounced { address }),
                Some(why) if was_announced => {
                    events.push(Event::VipWithdrawn { address, reason: why.to_string() });
                }
                None | Some(_) => {}
            }
            let is_same = old.as_ref().is_some_and(|_| was_announced == withheld.is_none());
            let since = old.filter(|_| is_same).map_or(now, |vip| vip.since);
            self.vips.insert(address, Vip { withheld, since, services });
        }
        let gone = before.into_iter().filter(|(_, vip)| vip.withheld.is_none());
        let reason = "no service of it is to be announced any more";
        events.extend(gone.map(|(address, _)| Event::VipWithdrawn { address, reason: reason.to_owned() }));
        self.heard.retain(|service| candidates.iter().any(|candidate| candidate.service == *service));
        events
    }

    fn unfit(&mut self, candidate: &AnnounceCandidate) -> Option<Withheld> {
        let AnnounceCandidate { service, weight, quorum, silent_checks, .. } = *candidate;
        if !candidate.is_there {
            self.heard.remove(&service);
            return Some(Withheld::NotThere { service });
        }
        let is_announced = |addr: &IpAddr| self.vips.get(addr).is_some_and(|vip| vip.withheld.is_none());
        let was_announced = matches!(&service, ServiceKey::Address { addr, .. } if is_announced(addr));
        if silent_checks == 0 || was_announced {
            self.heard.insert(service);
        }
        if !self.heard.contains(&service) {
            return Some(Withheld::Silent { service, checks: silent_checks });
        }
        (!candidate.is_fit).then_some(Withheld::NoQuorum { service, weight, quorum })
    }

    /// The addresses that are to be announced.
    pub fn announced(&self) -> BTreeSet<IpAddr> {
        self.vips.iter().filter(|(_, vip)| vip.withheld.is_none()).map(|(address, _)| *address).collect()
    }

    /// Lists addresses that are meant to be announced, and are not.
    pub fn withheld(&self) -> impl Iterator<Item = IpAddr> {
        self.vips.iter().filter(|(_, vip)| vip.withheld.is_some()).map(|(address, _)| *address)
    }

    pub fn report(&self, now: Time) -> Vec<VipReport> {
        let said = |why: &Option<Withheld>| why.as_ref().map(ToString::to_string);
        let service = |judged: &Judged| VipService {
            service: judged.service,
            fit: judged.unfit.is_none(),
            why: said(&judged.unfit),
        };
        let vips = self.vips.iter().map(|(address, vip)| VipReport {
            address: *address,
            announced: vip.withheld.is_none(),
            since_secs: now.since(vip.since).as_secs(),
            why: said(&vip.withheld),
            services: vip.services.iter().map(service).collect(),
        });
        vips.collect()
    }
}

impl Readiness {
    const fn withheld(self) -> Option<Withheld> {
        match self {
            Self { host_follows: false, .. } => Some(Withheld::HostTrouble),
            Self { is_filling: true, .. } => Some(Withheld::Filling),
            Self { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs::service::Protocol;

    const READY: Readiness = Readiness { is_filling: false, host_follows: true };

    fn candidate(port: u16) -> AnnounceCandidate {
        let service = ServiceKey::Address { protocol: Protocol::Tcp, addr: [192, 0, 2, 1].into(), port };
        AnnounceCandidate { service, is_there: true, is_fit: true, weight: 2, quorum: 1, silent_checks: 0 }
    }

    fn why(announcer: &Announcer) -> Option<String> {
        announcer.report(Time::ZERO).remove(0).why
    }

    #[test]
    fn every_service_that_is_marked_decides() {
        let mut announcer = Announcer::default();
        let events = announcer.judge(&[candidate(80), candidate(443)], READY, Time(1000));
        let address = IpAddr::from([192, 0, 2, 1]);
        assert_eq!(events, [Event::VipAnnounced { address }]);
        let down = AnnounceCandidate { is_fit: false, weight: 0, ..candidate(443) };
        let reason = "TCP 192.0.2.1:443: weight 0 is up, quorum is 1".to_owned();
        let events = announcer.judge(&[candidate(80), down], READY, Time(2000));
        assert_eq!(events, [Event::VipWithdrawn { address, reason: reason.clone() }]);
        assert_eq!((announcer.announced().len(), why(&announcer)), (0, Some(reason)));
        let report = announcer.report(Time(5000)).remove(0);
        assert_eq!((report.since_secs, report.services[0].fit, report.services[1].fit), (3, true, false));
        assert_eq!(announcer.judge(&[candidate(80)], READY, Time(6000)), [Event::VipAnnounced { address }]);
        assert!(matches!(announcer.judge(&[], READY, Time(7000))[..], [Event::VipWithdrawn { .. }]));
    }

    #[test]
    fn a_start_waits_until_checks_have_spoken_and_tables_are_full() {
        let mut announcer = Announcer::default();
        let silent = AnnounceCandidate { silent_checks: 2, ..candidate(80) };
        announcer.judge(&[silent], READY, Time::ZERO);
        assert_eq!(why(&announcer).unwrap(), "2 checks of TCP 192.0.2.1:80 have not spoken yet");
        announcer.judge(&[candidate(80)], Readiness { is_filling: true, ..READY }, Time::ZERO);
        assert_eq!(why(&announcer).unwrap(), Withheld::Filling.to_string());
        announcer.judge(&[candidate(80)], Readiness::default(), Time::ZERO);
        assert_eq!(why(&announcer).unwrap(), Withheld::HostTrouble.to_string());
        announcer.judge(&[candidate(80)], READY, Time::ZERO);
        assert_eq!(why(&announcer), None);
        // Neither a new check nor trouble of the host takes it away from clients.
        assert_eq!(announcer.judge(&[silent], Readiness::default(), Time::ZERO), []);
        assert_eq!(announcer.announced().len(), 1);
    }

    #[test]
    fn a_successor_goes_on_announcing() {
        let mut announcer = Announcer::default();
        announcer.resume(&[[192, 0, 2, 1].into()], Time::ZERO);
        let silent = AnnounceCandidate { silent_checks: 1, ..candidate(80) };
        assert_eq!(announcer.judge(&[silent], Readiness::default(), Time::ZERO), []);
        assert_eq!(announcer.announced().len(), 1);
        let down = AnnounceCandidate { is_fit: false, ..candidate(80) };
        assert_eq!(announcer.judge(&[down], READY, Time::ZERO).len(), 1);
    }

    #[test]
    fn who_retires_announces_nothing_whatever_is_fit() {
        let mut announcer = Announcer::default();
        announcer.judge(&[candidate(80)], READY, Time::ZERO);
        announcer.retire();
        assert_eq!(announcer.judge(&[candidate(80)], READY, Time::ZERO).len(), 1);
        assert_eq!(why(&announcer).unwrap(), "the director retires");
        let gone = AnnounceCandidate { is_there: false, ..candidate(80) };
        assert_eq!(announcer.judge(&[gone], READY, Time::ZERO), []);
        assert!(announcer.announced().is_empty());
    }
}
