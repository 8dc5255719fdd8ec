//! The host that follows the tables: one at a time brings it up to date, in a task of its own that nobody cancels, until the director
//! stops and everything is undone.
//!
//! Never decides what is captured; that is the core's. Called after every change of the tables, and of the host itself.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use ipnet::IpNet;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use super::clock::Clock;
use super::interface::Interface;
use super::marks::MarkTuns;
use super::rivals::Rivals;
use super::routing_state::Routing;
use lvs::director::{Captures, Director};
use lvs::neighbour::Neighbours;
use lvs::service::Family;
use lvs_control::events::Events;
use lvs_control::status;
use lvs_device::AnnounceTun;
use lvs_events::Event;
use lvs_host::{Claim, Conflicts, HostError, IngressLink, Plumbing, StopFlag};

#[derive(Debug)]
pub(super) struct HostReconciler {
    director: Arc<Director>,
    neighbours: Arc<Neighbours>,
    events: Arc<Events>,
    clock: Clock,
    stop: StopFlag,
    /// None where nothing of the host is to be changed.
    host: Arc<Mutex<Option<Host>>>,
    has_host: AtomicBool,
    /// How the last time went.
    state: parking_lot::Mutex<status::Host>,
    announced: parking_lot::Mutex<Announced>,
    /// Name of the interface of announcements.
    announce_tun_name: OnceLock<String>,
    /// As they were then.
    conflicts: parking_lot::Mutex<Conflicts>,
    /// Links by which packets enter.
    ingress_links: watch::Sender<Vec<IngressLink>>,
    /// Virtual addresses, and those of them that the host was made to answer for.
    virtuals: parking_lot::Mutex<BTreeSet<IpAddr>>,
    claimed: parking_lot::Mutex<BTreeSet<IpAddr>>,
    rivals: Rivals,
}

#[derive(Debug)]
struct Host {
    plumbing: Plumbing,
    marks: MarkTuns,
    /// Wishes that the host was made to follow; none when that failed.
    followed: Option<Followed>,
    /// Exists while announcements are wanted.
    announce_tun: Option<AnnounceTun>,
}

/// Virtual addresses that are announced; none where nothing ever is.
type Announced = Option<BTreeSet<IpAddr>>;

#[derive(Debug, PartialEq, Eq)]
struct Followed {
    captures: Captures,
    announced: Announced,
}

impl Host {
    /// Makes or closes the interface of announcements. Why it cannot be made, as a sentence.
    fn open_announce_tun(&mut self, is_wanted: bool) -> Option<String> {
        match (is_wanted, &self.announce_tun) {
            (false, _) => self.announce_tun = None,
            (true, Some(_)) => {}
            (true, None) => match AnnounceTun::open(self.plumbing.announce_tun_name()) {
                Ok(announce_tun) => self.announce_tun = Some(announce_tun),
                Err(error) => return Some(error.to_string()),
            },
        }
        None
    }
}

/// A single address, no network.
fn is_host(net: &IpNet) -> bool {
    net.prefix_len() == net.max_prefix_len()
}

/// The host, which follows nothing meanwhile.
#[derive(Debug)]
pub(super) struct HostGuard(OwnedMutexGuard<Option<Host>>);

impl HostGuard {
    /// The interfaces of firewall marks.
    pub(super) fn mark_interfaces(&mut self) -> impl Iterator<Item = &mut Interface> {
        self.0.iter_mut().flat_map(|host| host.marks.interfaces())
    }

    /// The interface of announcements.
    pub(super) fn announce_tun(&self) -> Option<&AnnounceTun> {
        self.0.as_ref().and_then(|host| host.announce_tun.as_ref())
    }

    /// The ways out of the host, as they were read last.
    pub(super) fn routing(&self) -> Routing {
        let Some(host) = self.0.as_ref() else { return Routing::default() };
        let routing = host.plumbing.routing();
        Routing {
            routes: routing.routes.all().map(Into::into).collect(),
            claimed: routing.routes.claimed().collect(),
            links: routing.links.into_iter().collect(),
            has_policy: routing.has_policy,
        }
    }

    /// Leaves the host as it is to a successor, which may take it from here on.
    pub(super) fn let_go(mut self) {
        *self.0 = None;
    }
}

/// Why the host is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The tables may want something else captured than the last time.
    Tables,
    /// The host has changed by itself.
    Host,
}

impl HostReconciler {
    pub(super) fn new(
        director: Arc<Director>,
        neighbours: Arc<Neighbours>,
        events: Arc<Events>,
        clock: Clock,
        stop: StopFlag,
    ) -> Self {
        let (host, has_host, state) = (Arc::default(), AtomicBool::default(), parking_lot::Mutex::default());
        let (announced, conflicts) = (parking_lot::Mutex::default(), parking_lot::Mutex::default());
        let ingress_links = watch::Sender::default();
        let announce_tun_name = OnceLock::new();
        Self {
            director,
            neighbours,
            events,
            clock,
            stop,
            host,
            has_host,
            state,
            announced,
            announce_tun_name,
            conflicts,
            ingress_links,
            virtuals: parking_lot::Mutex::default(),
            claimed: parking_lot::Mutex::default(),
            rivals: Rivals::default(),
        }
    }

    /// Gives the host that follows the tables from now on.
    pub(super) async fn attach(
        &self,
        plumbing: Plumbing,
        marks: MarkTuns,
        announce_tun: Option<AnnounceTun>,
    ) {
        let _ = self.announce_tun_name.set(plumbing.announce_tun_name().to_owned());
        *self.host.lock().await = Some(Host { plumbing, marks, followed: None, announce_tun });
        self.has_host.store(true, Relaxed);
    }

    /// Keeps the host as it is, for as long as the result lives.
    pub(super) async fn hold(&self) -> HostGuard {
        HostGuard(Arc::clone(&self.host).lock_owned().await)
    }

    pub(super) fn stop_flag(&self) -> StopFlag {
        self.stop.clone()
    }

    /// Whether everything is to be undone soon.
    pub(super) fn is_stopping(&self) -> bool {
        self.stop.is_raised()
    }

    /// Tells why services of a family would be dead here.
    ///
    /// # Errors
    /// Packets of the family cannot pass.
    pub(super) fn workable(&self, family: Family) -> Result<(), HostError> {
        if self.has_host.load(Relaxed) { lvs_host::workable(family) } else { Ok(()) }
    }

    /// Makes the host follow. What could not be done, as sentences.
    pub(super) async fn follow(self: &Arc<Self>, cause: Cause) -> Vec<String> {
        let this = Arc::clone(self);
        // Whoever asked may be given up at any time, as a client's request is.
        let looked = tokio::spawn(async move { this.look(cause).await }).await;
        looked.unwrap_or_else(|error| vec![format!("the host does not follow: {error}")])
    }

    async fn look(&self, cause: Cause) -> Vec<String> {
        let mut host = self.host.lock().await;
        let Some(host) = host.as_mut() else { return Vec::new() };
        let wanted =
            Followed { captures: self.director.captures(), announced: self.announced.lock().clone() };
        if cause == Cause::Tables && host.followed.as_ref() == Some(&wanted) {
            return Vec::new();
        }
        if self.stop.is_raised() {
            return vec![HostError::Stopping.to_string()];
        }
        self.make_follow(host, wanted).await
    }

    async fn make_follow(&self, host: &mut Host, Followed { captures, announced }: Followed) -> Vec<String> {
        self.virtuals.lock().clone_from(&captures.virtuals);
        let (mark_tuns, mut warnings) = host.marks.open(&captures);
        host.marks.close_others(&captures);
        warnings.extend(host.open_announce_tun(announced.is_some()));
        host.plumbing.announce(announced.clone().filter(|_| host.announce_tun.is_some()));
        match host.plumbing.reconcile(&captures, &mark_tuns, self.clock.now()).await {
            Ok(()) => {}
            Err(error @ HostError::Stopping) => return vec![error.to_string()],
            Err(error) => warnings.push(error.to_string()),
        }
        host.marks.keep();
        let ingress_links = host.plumbing.ingress_links();
        self.ingress_links.send_if_modified(|before| {
            let has_changed = *before != ingress_links;
            *before = ingress_links;
            has_changed
        });
        let routing = host.plumbing.routing();
        *self.claimed.lock() = routing.routes.claimed().filter(is_host).map(|net| net.addr()).collect();
        self.rivals.tell(|addr| self.claims(addr), self.clock.now());
        self.director.set_routes(Arc::clone(&routing.routes));
        self.neighbours.set_routing(routing);
        let state = status::Host {
            follows: warnings.is_empty(),
            changes: host.plumbing.changes() as u64,
            troubles: warnings.clone(),
            contested: 0,
            rivals: Vec::new(),
        };
        let before = std::mem::replace(&mut *self.state.lock(), state);
        for warning in warnings.iter().filter(|warning| !before.troubles.contains(warning)) {
            tracing::warn!(warning, "the host does not follow");
            self.events.publish(Event::HostTrouble { reason: warning.clone() });
        }
        if warnings.is_empty() && !before.troubles.is_empty() {
            tracing::info!("the host follows again");
        }
        host.followed = warnings.is_empty().then_some(Followed { captures, announced });
        self.tell_of_conflicts(host.plumbing.conflicts());
        warnings
    }

    /// An event when one begins, and once a minute while it lasts.
    fn tell_of_conflicts(&self, conflicts: Conflicts) {
        let before = std::mem::replace(&mut *self.conflicts.lock(), conflicts);
        if let Some(times) = conflicts.news_since(&before, self.clock.now()) {
            self.events.publish(Event::HostContested { times: times.into() });
        }
    }

    /// Tells of the links by which packets enter.
    pub(super) fn ingress_links(&self) -> watch::Receiver<Vec<IngressLink>> {
        self.ingress_links.subscribe()
    }

    /// Whether another program changes again and again what the director made.
    pub(super) fn is_contested(&self) -> bool {
        self.contested() > 0
    }

    fn contested(&self) -> u64 {
        self.conflicts.lock().times(self.clock.now()).map_or(0, u64::from)
    }

    pub(super) fn state(&self) -> status::Host {
        let rivals = self.rivals.report(|addr| self.claims(addr), self.clock.now());
        status::Host { contested: self.contested(), rivals, ..self.state.lock().clone() }
    }

    /// Whether the host answers for an address because of the director.
    fn claims(&self, addr: IpAddr) -> bool {
        self.claimed.lock().contains(&addr)
    }

    pub(super) fn is_virtual(&self, addr: IpAddr) -> bool {
        self.virtuals.lock().contains(&addr)
    }

    /// Takes in what other hosts say of virtual addresses.
    pub(super) fn hear(&self, claims: Vec<Claim>) {
        let now = self.clock.now();
        claims.into_iter().for_each(|claim| self.rivals.note(claim, now));
        self.rivals.tell(|addr| self.claims(addr), now);
    }

    /// The families of these services that the host has no room for, and why.
    pub(super) async fn refused(&self, families: BTreeSet<Family>) -> BTreeMap<Family, HostError> {
        let host = self.host.lock().await;
        let mut refused = BTreeMap::new();
        if let Some(host) = host.as_ref() {
            for family in families {
                if let Err(error) = host.plumbing.room_for(family).await {
                    refused.insert(family, error);
                }
            }
        }
        refused
    }

    /// From here on nothing is made any more.
    pub(super) fn stop(&self) {
        self.stop.raise();
    }

    /// Leaves everything as it is to a successor.
    pub(super) async fn leave(&self) {
        self.stop();
        drop(self.host.lock().await.take());
    }

    /// From the next look on these addresses are announced. True when they are others than before.
    pub(super) fn announce(&self, announced: Announced) -> bool {
        let mut present = self.announced.lock();
        let is_other = *present != announced;
        *present = announced;
        is_other
    }

    /// Name of the interface of announcements; empty where the host is left alone.
    pub(super) fn announce_tun_name(&self) -> &str {
        self.announce_tun_name.get().map(String::as_str).unwrap_or_default()
    }

    /// Withdraws all announcements, also when all is about to be undone. What could not be done.
    pub(super) async fn withdraw(&self) -> Vec<HostError> {
        match self.host.lock().await.as_mut() {
            Some(host) => host.plumbing.withdraw().await,
            None => Vec::new(),
        }
    }

    /// Undoes everything, once what is under way has come to the end of a step. What could not be undone.
    pub(super) async fn end(&self) -> Vec<HostError> {
        self.stop();
        match self.host.lock().await.take() {
            // The interfaces of marks go last.
            Some(Host { plumbing, marks: _marks, announce_tun: _announce_tun, .. }) => plumbing.undo().await,
            None => Vec::new(),
        }
    }
}
