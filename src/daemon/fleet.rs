//! The director among others: which virtual addresses routing daemons may announce, and how it retires.
//!
//! Owns the file that keepalived tracks. Never decides what is fit; that is the
//! [`Announcer`]'s. Called by the daemon whenever tables follow, and five times a second.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use super::host_reconciler::HostReconciler;
use super::live_tables::LiveTables;
use super::retirement::Traffic;
use super::state_file;
use lvs::Time;
use lvs::director::{DaemonRole, ServiceEntry};
use lvs::service::ServiceKey;
use lvs_config::Declared;
use lvs_control::{Vips, status};
use lvs_events::Event;
use lvs_health::announcer::{AnnounceCandidate, Announcer, Readiness};
use lvs_health::state::Health;
use parking_lot::Mutex;

/// So long a director with a backup daemon waits for another one to turn up, for further ones, which say each second that they are
/// there, and for all of their connections.
const ALONE_AFTER: Duration = Duration::from_secs(5);
const ALL_SEEN_AFTER: Duration = Duration::from_secs(2);
const FULL_AFTER: Duration = Duration::from_secs(60);

/// Options of announcements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetOptions {
    /// The addresses of all services, but those that say otherwise.
    pub announce: bool,
    pub table: u32,
    /// 0 is written there while the director serves, 1 when it does not.
    pub track_file: Option<PathBuf>,
}

impl FleetOptions {
    /// Returns the addresses that are announced once everything that is declared is fit. None: nothing ever is.
    pub(super) fn addresses(&self, declared: &Declared) -> Option<BTreeSet<IpAddr>> {
        let is_wanted = |key: &ServiceKey| {
            let health = declared.health.iter().find(|health| health.service == *key);
            health.and_then(|health| health.policy.announce).unwrap_or(self.announce)
        };
        let keys = declared.services.iter().map(|service| service.spec.key).filter(is_wanted);
        let addresses: BTreeSet<IpAddr> = keys
            .filter_map(|key| match key {
                ServiceKey::Address { addr, .. } => Some(addr),
                ServiceKey::Mark { .. } => None,
            })
            .collect();
        (self.announce || !addresses.is_empty()).then_some(addresses)
    }
}

#[derive(Debug)]
pub(super) struct Fleet {
    tables: Arc<LiveTables>,
    health: Arc<Mutex<Health>>,
    host: Arc<HostReconciler>,
    options: FleetOptions,
    begun: Time,
    announcer: Mutex<Announcer>,
    traffic: Mutex<Traffic>,
    /// All connections of other directors are here, or are waited for no more.
    is_full: AtomicBool,
    /// As it stands in the file.
    tracked: Mutex<Option<bool>>,
}

impl Fleet {
    /// `is_full`: the connections of another director are here.
    pub(super) fn new(
        tables: Arc<LiveTables>,
        health: Arc<Mutex<Health>>,
        host: Arc<HostReconciler>,
        options: FleetOptions,
        is_full: bool,
    ) -> Self {
        Self {
            options,
            begun: tables.clock.now(),
            tables,
            health,
            host,
            announcer: Mutex::default(),
            traffic: Mutex::default(),
            is_full: AtomicBool::new(is_full),
            tracked: Mutex::default(),
        }
    }

    /// Goes on for a director that announced these.
    pub(super) fn resume(&self, announced: &[IpAddr]) {
        self.announcer.lock().resume(announced, self.tables.clock.now());
    }

    pub(super) fn is_retiring(&self) -> bool {
        self.announcer.lock().is_retiring()
    }

    pub(super) fn status(&self) -> status::Fleet {
        let announcer = self.announcer.lock();
        status::Fleet {
            retiring: announcer.is_retiring(),
            announced: announcer.announced().into_iter().collect(),
            withheld: announcer.withheld().collect(),
        }
    }

    /// Tells a VRRP daemon whether this director is to have addresses.
    pub(super) fn track(&self, serves: bool) {
        let Some(path) = &self.options.track_file else { return };
        let mut tracked = self.tracked.lock();
        if *tracked == Some(serves) {
            return;
        }
        // One that cannot be written is tried again at the next change: this is asked five times a second.
        *tracked = Some(serves);
        if let Err(error) = state_file::replace(path, if serves { b"0\n" } else { b"1\n" }) {
            tracing::warn!(path = %path.display(), %error, "the tracked file is not written");
        }
    }

    /// Decides anew what is announced. True when the host is to follow.
    pub(super) fn judge(&self) -> bool {
        let candidates = self.announce_candidates();
        let is_full = self.is_full();
        let readiness = Readiness { is_filling: !is_full, host_follows: self.host.state().follows };
        let wants = self.options.announce || !candidates.is_empty();
        let (events, is_other) = {
            // Held until the host has the set, or an older one could come after it.
            let mut announcer = self.announcer.lock();
            let events = announcer.judge(&candidates, readiness, self.tables.clock.now());
            let announced = announcer.announced();
            let is_whole = announced.len() == addresses(&candidates);
            self.track(is_full && !announcer.is_retiring() && is_whole);
            (events, self.host.announce(wants.then_some(announced)))
        };
        for event in events {
            match &event {
                Event::VipAnnounced { address } => tracing::info!(%address, "announced"),
                Event::VipWithdrawn { address, reason } => tracing::warn!(%address, reason, "withdrawn"),
                _ => {}
            }
            self.tables.events.publish(event);
        }
        is_other
    }

    fn announce_candidates(&self) -> Vec<AnnounceCandidate> {
        let wants_all = self.options.announce;
        let entries = if wants_all { self.tables.services() } else { Vec::new() };
        let health = self.health.lock();
        let mut candidates = health.announce_candidates(wants_all);
        candidates.retain(|candidate| candidate.is_there || !wants_all);
        let unknown = entries.iter().filter(|entry| !health.knows(&entry.spec.key));
        candidates.extend(unknown.filter_map(unchecked));
        candidates
    }

    /// Whether the tables have what other directors told of, or nothing is to come.
    fn is_full(&self) -> bool {
        if self.is_full.load(Relaxed) {
            return true;
        }
        let sync = self.tables.sync.status();
        let hears = sync.daemons.iter().any(|daemon| daemon.role == DaemonRole::Backup);
        let waited = self.tables.clock.now().since(self.begun);
        let is_full =
            sync.channel.filter(|_| hears).is_none_or(|channel| has_heard_all(&channel.peers, waited));
        self.is_full.store(is_full, Relaxed);
        is_full
    }

    pub(super) fn report(&self) -> Vips {
        let now = self.tables.clock.now();
        Vips {
            table: self.options.table,
            interface: self.host.announce_tun_name().to_owned(),
            retiring: self.traffic.lock().report(now),
            vips: self.announcer.lock().report(now),
        }
    }

    /// Announces nothing from the next time that the host follows.
    pub(super) fn retire(&self, deadline: Duration) {
        let addresses = {
            let mut announcer = self.announcer.lock();
            let addresses = announcer.announced().len() as u64;
            announcer.retire();
            addresses
        };
        self.traffic.lock().retire(addresses, deadline, self.tables.clock.now());
        tracing::info!(addresses, deadline_secs = deadline.as_secs(), "retiring");
        self.tables.events.publish(Event::Retiring { addresses });
    }

    /// Takes the number of packets of clients so far. Why the director has retired, if it has.
    pub(super) fn look_at_traffic(&self, packets: u64) -> Option<&'static str> {
        self.traffic.lock().look(packets, self.tables.clock.now())
    }
}

impl Default for FleetOptions {
    fn default() -> Self {
        Self { announce: false, table: lvs_config::defaults::ANNOUNCE_TABLE, track_file: None }
    }
}

/// Whether nothing is to come from other directors after that time: these are all, and their connections are here.
fn has_heard_all(peers: &[status::SyncPeer], waited: Duration) -> bool {
    let are_full = peers.iter().all(|peer| peer.full_heard_secs_ago.is_some());
    let longest = match (peers.is_empty(), are_full) {
        (true, _) => ALONE_AFTER,
        (false, true) => ALL_SEEN_AFTER,
        (false, false) => FULL_AFTER,
    };
    waited >= longest
}

/// How many addresses these services have.
fn addresses(candidates: &[AnnounceCandidate]) -> usize {
    let addr = |candidate: &AnnounceCandidate| match candidate.service {
        ServiceKey::Address { addr, .. } => Some(addr),
        ServiceKey::Mark { .. } => None,
    };
    candidates.iter().filter_map(addr).collect::<BTreeSet<_>>().len()
}

/// A service that nobody checks: its servers are as well as they are listed.
fn unchecked(entry: &ServiceEntry) -> Option<AnnounceCandidate> {
    if matches!(entry.spec.key, ServiceKey::Mark { .. }) {
        return None;
    }
    let weight = entry.servers.iter().map(|server| i64::from(server.weight().max(0))).sum();
    let service = entry.spec.key;
    Some(AnnounceCandidate {
        service,
        is_there: true,
        is_fit: weight > 0,
        weight,
        quorum: 1,
        silent_checks: 0,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use lvs_config::Config;

    #[test]
    fn addresses_of_marked_services_are_known_before_the_start() {
        let text = r#"
            service = [
                { address = "192.0.2.80:80", announce = true },
                { address = "192.0.2.81:80" },
                { address = "192.0.2.82:80", announce = false },
                { address = "[2001:db8::1]:80", scheduler = "mh" },
            ]
        "#;
        let declared = Config::parse(text, Path::new("t.toml")).unwrap().declared;
        let of = |announce| FleetOptions { announce, ..FleetOptions::default() }.addresses(&declared);
        let set = |all: &[&str]| Some(all.iter().map(|addr| addr.parse().unwrap()).collect());
        assert_eq!(of(false), set(&["192.0.2.80"]));
        assert_eq!(of(true), set(&["192.0.2.80", "192.0.2.81", "2001:db8::1"]));
        assert_eq!(FleetOptions::default().addresses(&Declared::default()), None);
    }

    #[test]
    fn other_directors_have_time_to_turn_up_and_to_tell_all() {
        let peer = |full_heard_secs_ago| status::SyncPeer {
            address: [192, 0, 2, 1].into(),
            id: String::new(),
            version: String::new(),
            is_master: true,
            is_backup: true,
            connected_secs: 0,
            lag_ms: 0,
            behind: 0,
            told: 0,
            heard: 0,
            heard_ends: 0,
            left: [].into(),
            full_told_secs_ago: None,
            full_heard_secs_ago,
        };
        let from = |peers: &[status::SyncPeer]| {
            (0..100).find(|secs| has_heard_all(peers, Duration::from_secs(*secs)))
        };
        assert_eq!(from(&[]), Some(5));
        assert_eq!(from(&[peer(Some(0))]), Some(2), "a second one may not have said yet that it is there");
        assert_eq!(from(&[peer(Some(0)), peer(None)]), Some(60));
    }
}
