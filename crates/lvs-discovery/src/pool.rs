//! The servers that a virtual service has by its sources: which are to come, to change and to go, given what is in the table.
//!
//! Only differences between what sources said last and what they say now change anything. So what somebody changed by hand holds
//! until the source says something else of that server, as with a reload of the configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use crate::found::{Content, Stage};
use crate::kept::{KeptServer, KeptService, Place};
use crate::kubernetes::SelectError;
use crate::select::{Selected, select};
use crate::spec::{DRAIN, Source};
use lvs::Time;
use lvs::director::Command;
use lvs::service::{Endpoint, ServerSpec, ServiceKey};
use lvs_health::spec::ServerHealth;

/// Time that connections have to end after they were cut off, before their server goes all the same.
const GRACE: Duration = Duration::from_secs(5);

/// So long a removed server is remembered for the next director, whose tables may be a little older.
const REMEMBERED: Duration = Duration::from_secs(60);

/// A server as it is in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present {
    pub drained: bool,
    pub connections: u64,
}

/// Changes of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// Before the checks of those that come are declared.
    pub goes: Vec<Command>,
    pub comes: Vec<Command>,
    pub drains: Vec<ServerDrain>,
}

/// A server that is to be drained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerDrain {
    pub server: Endpoint,
    /// Time that its connections have. None: as long as they take.
    pub timeout: Option<Duration>,
}

/// Servers of a source in the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerCounts {
    pub(crate) serving: u64,
    pub(crate) draining: u64,
}

impl Steps {
    pub fn is_empty(&self) -> bool {
        self.goes.is_empty() && self.comes.is_empty() && self.drains.is_empty()
    }
}

#[derive(Debug)]
pub(crate) struct Pool {
    service: ServiceKey,
    pub(crate) sources: Vec<SourceState>,
    /// Servers of the configuration.
    fixed: BTreeSet<Endpoint>,
    servers: BTreeMap<Endpoint, Owned>,
    /// Servers that were removed a moment ago.
    gone: BTreeMap<Endpoint, (ServerSpec, String, Time)>,
}

/// A source, and what it said last.
#[derive(Debug)]
pub(crate) struct SourceState {
    pub(crate) source: Source,
    pub(crate) said: Option<Selected>,
    pub(crate) trouble: Option<String>,
}

/// A server that is in the table because of a source.
#[derive(Debug)]
struct Owned {
    spec: ServerSpec,
    from: String,
    place: Place,
    /// When the rest of its connections is cut off.
    until: Option<Time>,
    drain: Duration,
    marked: bool,
    removed: bool,
    /// An earlier director had it; this one may have to add it.
    is_owed: bool,
}

struct Wish {
    spec: ServerSpec,
    stage: Stage,
    from: String,
    drain: Duration,
}

impl Pool {
    pub(crate) const fn new(service: ServiceKey) -> Self {
        Self {
            service,
            sources: Vec::new(),
            fixed: BTreeSet::new(),
            servers: BTreeMap::new(),
            gone: BTreeMap::new(),
        }
    }

    /// Takes over what is declared. A source that stays goes on with what it said.
    pub(crate) fn declare(&mut self, sources: &[Source], fixed: BTreeSet<Endpoint>) {
        let mut old = std::mem::take(&mut self.sources);
        for source in sources {
            let known = old.iter().position(|state| state.source == *source);
            self.sources.push(match known {
                Some(at) => old.swap_remove(at),
                None => SourceState { source: source.clone(), said: None, trouble: None },
            });
        }
        self.servers.retain(|end, _| !fixed.contains(end));
        self.fixed = fixed;
    }

    pub(crate) fn is_over(&self) -> bool {
        self.sources.is_empty() && self.servers.is_empty()
    }

    /// The service is not in the tables any more.
    pub(crate) fn leave(&mut self) {
        for server in self.servers.values_mut() {
            server.is_owed = true;
        }
        if self.sources.is_empty() {
            self.servers.clear();
        }
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.servers.values().any(|server| server.place == Place::Leaving)
    }

    pub(crate) fn resume(&mut self, kept: &KeptService) {
        for KeptServer { spec, from, place, marked, removed } in kept.servers.clone() {
            let is_gone = place == Place::Gone;
            let (until, is_owed) = (None, !removed && !is_gone);
            let drain = if is_gone { Duration::ZERO } else { DRAIN };
            let owned = Owned { spec, from, place, until, drain, marked, removed, is_owed };
            self.servers.insert(owned.spec.endpoint(), owned);
        }
    }

    pub(crate) fn kept(&self) -> KeptService {
        let servers = self.servers.values().map(|server| KeptServer {
            spec: server.spec.clone(),
            from: server.from.clone(),
            place: server.place,
            marked: server.marked,
            removed: server.removed,
        });
        let gone = self.gone.values().map(|(spec, from, _)| KeptServer {
            spec: spec.clone(),
            from: from.clone(),
            place: Place::Gone,
            marked: false,
            removed: false,
        });
        KeptService { service: self.service, servers: servers.chain(gone).collect() }
    }

    /// Forgets what was removed long ago. True when there was such a thing.
    pub(crate) fn forget_gone(&mut self, now: Time) -> bool {
        let before = self.gone.len();
        self.gone.retain(|_, (.., at)| now.since(*at) < REMEMBERED);
        self.gone.len() != before
    }

    /// Takes in what a source says. What it said before goes on where it does not say what it is asked for.
    pub(crate) fn take(
        &mut self,
        at: usize,
        content: &Content,
        vips: &BTreeSet<IpAddr>,
    ) -> Result<(), SelectError> {
        let Some(state) = self.sources.get_mut(at) else { return Ok(()) };
        let mut vips = vips.clone();
        if let ServiceKey::Address { addr, .. } = self.service {
            vips.insert(addr);
        }
        state.said = Some(select(&state.source, &self.service, content, &vips)?);
        Ok(())
    }

    pub(crate) fn counts(&self, source: &Source) -> ServerCounts {
        let from = source.to_string();
        let mut counts = ServerCounts::default();
        for server in self.servers.values().filter(|server| server.from == from) {
            match server.place {
                Place::In => counts.serving += 1,
                Place::Draining | Place::Leaving => counts.draining += 1,
                Place::Gone => {}
            }
        }
        counts
    }

    /// The checks of all servers, as their sources want them.
    pub(crate) fn healths(&self) -> impl Iterator<Item = ServerHealth> {
        self.servers.iter().filter_map(|(end, server)| {
            let state = self.sources.iter().find(|state| state.source.to_string() == server.from)?;
            Some(ServerHealth { server: *end, ..state.source.health.clone() })
        })
    }

    /// Servers as declared, but for those that leave.
    pub(crate) fn specs(&self) -> impl Iterator<Item = &ServerSpec> {
        let is_there = |server: &&Owned| !server.removed && server.place != Place::Gone;
        self.servers.values().filter(is_there).map(|server| &server.spec)
    }

    /// Leads the table to what the sources say.
    pub(crate) fn settle(&mut self, present: &BTreeMap<Endpoint, Present>, now: Time) -> Steps {
        let wishes = self.wishes();
        let mut steps = Steps::default();
        let gone: Vec<Endpoint> =
            self.servers.keys().copied().filter(|end| !wishes.contains_key(end)).collect();
        for end in gone {
            if self.may_leave(&end) {
                self.let_go(end, present.get(&end), now, &mut steps);
            } else {
                self.keep(end, present.get(&end), &mut steps);
            }
        }
        for (end, wish) in wishes {
            self.fulfil(end, wish, present.get(&end), &mut steps);
        }
        steps
    }

    /// All that the sources want; of two the first one decides.
    fn wishes(&self) -> BTreeMap<Endpoint, Wish> {
        let mut wishes = BTreeMap::new();
        for SourceState { source, said, .. } in &self.sources {
            for (end, picked) in said.iter().flat_map(|said| &said.servers) {
                if !self.fixed.contains(end) {
                    let spec = source.server(*end, picked.weight);
                    let wish =
                        || Wish { spec, stage: picked.stage, from: source.to_string(), drain: source.drain };
                    wishes.entry(*end).or_insert_with(wish);
                }
            }
        }
        wishes
    }

    /// Whether it is known that nobody wants the server: its source has spoken, or is not declared any more and all others have.
    fn may_leave(&self, end: &Endpoint) -> bool {
        let Some(server) = self.servers.get(end) else { return false };
        if server.place == Place::Gone {
            return true;
        }
        let its = |state: &&SourceState| state.source.to_string() == server.from;
        let mut asked: Vec<&SourceState> = self.sources.iter().filter(its).collect();
        if asked.is_empty() {
            asked = self.sources.iter().collect();
        }
        asked.iter().all(|state| state.said.is_some())
    }

    /// A server of which nothing is known yet stays, and comes back after a start.
    fn keep(&mut self, end: Endpoint, there: Option<&Present>, steps: &mut Steps) {
        let Some(server) = self.servers.get_mut(&end) else { return };
        if there.is_none() && std::mem::take(&mut server.is_owed) {
            steps.comes.push(Command::AddServer { service: self.service, server: server.spec.clone() });
        }
    }

    fn fulfil(&mut self, end: Endpoint, wish: Wish, there: Option<&Present>, steps: &mut Steps) {
        let service = self.service;
        let Wish { spec, stage, from, drain } = wish;
        let Some(server) = self.servers.get_mut(&end) else {
            // One that is there already was declared by somebody else; one that ends need not begin.
            if there.is_none() && stage != Stage::Draining {
                steps.comes.push(Command::AddServer { service, server: spec.clone() });
                let (place, until) = (Place::In, None);
                let owned =
                    Owned { spec, from, place, until, drain, marked: false, removed: false, is_owed: false };
                self.servers.insert(end, owned);
                self.gone.remove(&end);
            }
            return;
        };
        let is_other = server.spec != spec;
        server.is_owed |= server.place == Place::Gone && there.is_none();
        (server.from, server.drain) = (from, drain);
        match there {
            Some(_) if is_other => steps.comes.push(Command::EditServer { service, server: spec.clone() }),
            None if is_other || server.is_owed => {
                steps.comes.push(Command::AddServer { service, server: spec.clone() });
            }
            Some(_) | None => {}
        }
        server.removed = there.is_none() && !is_other && !server.is_owed;
        server.is_owed = false;
        server.spec = spec;
        match (stage, server.place) {
            (Stage::Draining, Place::In | Place::Gone) => {
                server.place = Place::Draining;
                if there.is_some_and(|there| !there.drained) {
                    server.marked = true;
                    steps.drains.push(ServerDrain { server: end, timeout: None });
                }
            }
            (Stage::Draining, Place::Draining | Place::Leaving) => server.place = Place::Draining,
            (Stage::Serving | Stage::Unready, place) => {
                if place != Place::In && std::mem::take(&mut server.marked) {
                    steps.comes.push(Command::SetDrained { service, server: end, drained: false });
                }
                server.place = Place::In;
            }
        }
    }

    fn let_go(&mut self, end: Endpoint, there: Option<&Present>, now: Time, steps: &mut Steps) {
        let Some(server) = self.servers.get_mut(&end) else { return };
        // An earlier director may have had it of a source that has not told of it since.
        if let Some(state) = self.sources.iter().find(|state| state.source.to_string() == server.from)
            && server.place != Place::Gone
        {
            server.drain = state.source.drain;
        }
        let Some(there) = there else {
            if server.marked {
                let service = self.service;
                steps.goes.push(Command::SetDrained { service, server: end, drained: false });
            }
            self.servers.remove(&end);
            return;
        };
        if server.place == Place::Leaving && server.marked && !there.drained {
            // Somebody wants it to stay.
            self.servers.remove(&end);
            return;
        }
        let until = server.until.unwrap_or(now + server.drain);
        if there.connections == 0 || server.drain.is_zero() || now >= until + GRACE {
            self.remove(end, now, steps);
            return;
        }
        let has_begun = server.place == Place::Leaving && server.until.is_some();
        server.until = Some(until);
        server.place = Place::Leaving;
        if !has_begun && (server.marked || !there.drained) {
            server.marked = true;
            steps.drains.push(ServerDrain { server: end, timeout: Some(server.drain) });
        }
    }

    /// Weight 0 comes first, so that nobody is sent there once the mark is gone.
    fn remove(&mut self, end: Endpoint, now: Time, steps: &mut Steps) {
        let Some(server) = self.servers.remove(&end) else { return };
        self.gone.insert(end, (server.spec.clone(), server.from.clone(), now));
        let service = self.service;
        if server.marked {
            let spec = ServerSpec { weight: 0, ..server.spec };
            steps.goes.push(Command::EditServer { service, server: spec });
            steps.goes.push(Command::SetDrained { service, server: end, drained: false });
        }
        steps.goes.push(Command::DeleteServer { service, addr: end.addr, port: end.port });
    }
}
