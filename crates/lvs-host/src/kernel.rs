//! The host's kernel as this edge sees it: read a [`View`], carry out [`Change`]s. One real implementation, over
//! rtnetlink and `/proc/sys`, and a twin in memory for tests.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use futures::TryStreamExt;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::LinkMessage;
use netlink_packet_route::neighbour::NeighbourMessage;
use netlink_packet_route::route::RouteMessage;
use netlink_packet_route::rule::RuleMessage;
use parking_lot::Mutex;
use rtnetlink::{Handle, IpVersion};

use super::announcer::Announcer;
use super::change::{Change, Filter, Route as OurRoute, RouteKind, Rule, Setting, Untracked};
use super::clsact;
use super::error::{HostError, netlink_error};
use super::filters;
use super::forwarders::{self, Forwarder};
use super::listed;
use super::messages::{self, Request};
use super::needs;
use super::options::IngressPrograms;
use super::requests::Requests;
use super::route_book::{Listing, RouteBook};
use super::routes;
use super::sysctl;
use super::untracked::Table;
use super::view::View;
use lvs::route::Route;
use lvs::service::Family;

/// Changes that are carried out before others have a turn.
const AT_ONCE: usize = 256;

/// The kernel, as far as this edge asks it.
pub(super) trait Kernel {
    /// Reads the host as it is.
    ///
    /// # Errors
    /// The host cannot be read.
    async fn view(&self) -> Result<View, HostError>;

    /// Carries out changes in their order; one result each.
    async fn carry_out(&self, changes: &[Change]) -> Vec<Result<(), HostError>>;

    /// The value of a sysctl; None when there is none of that name.
    fn sysctl(&self, key: &str) -> Option<String>;

    /// Other forwarders of packets of a family.
    fn forwarders(&self, family: Family) -> Vec<Forwarder>;

    /// Tells why packets of a family can never pass here.
    ///
    /// # Errors
    /// Packets of the family cannot pass.
    fn workable(&self, family: Family) -> Result<(), HostError>;
}

/// The kernel of this network namespace.
#[derive(Clone, Debug)]
pub(super) struct Netlink {
    handle: Handle,
    requests: Arc<Requests>,
    untracking: Arc<Mutex<Untracking>>,
    announcer: Announcer,
    book: Arc<tokio::sync::Mutex<RouteBook>>,
    /// For filters; without them none is looked for.
    programs: Option<IngressPrograms>,
}

/// Whether the kernel keeps services from its connection tracking.
#[derive(Debug, Default)]
enum Untracking {
    #[default]
    Unasked,
    By(Table),
    Refused,
}

impl Netlink {
    /// Opens a connection; to be called inside a tokio runtime.
    pub(super) fn connect() -> Result<Self, HostError> {
        let (connection, handle, _) = rtnetlink::new_connection()
            .map_err(|source| HostError::Netlink { doing: "open a netlink socket", source })?;
        tokio::spawn(connection);
        let requests = Requests::open()
            .map_err(|source| HostError::Netlink { doing: "open a netlink socket", source })?;
        Ok(Self {
            handle,
            requests: Arc::new(requests),
            untracking: Arc::default(),
            announcer: Announcer::default(),
            book: Arc::default(),
            programs: None,
        })
    }

    /// The same, for which filters may be made of these.
    pub(super) fn with_programs(self, programs: Option<IngressPrograms>) -> Self {
        Self { programs, ..self }
    }

    pub(super) const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// A kernel that cannot is asked once: it matters only where a firewall drops what it calls invalid.
    fn untrack(&self, service: &Untracked, is_untracked: bool) -> io::Result<()> {
        let mut untracking = self.untracking.lock();
        if matches!(*untracking, Untracking::Unasked) && is_untracked {
            *untracking = Table::open(&service.table).map_or_else(
                |error| {
                    tracing::info!(%error, "the kernel keeps nothing from connection tracking for us: a firewall must not drop invalid packets of direct routing and tunnels");
                    Untracking::Refused
                },
                Untracking::By,
            );
        }
        match &*untracking {
            Untracking::By(table) => table.set(service, is_untracked),
            // Of a table that is gone, or was never there.
            Untracking::Unasked | Untracking::Refused => Ok(()),
        }
    }

    async fn carry_out_one(&self, change: &Change) -> Result<(), HostError> {
        match change {
            Change::Sysctl(setting) => return write_sysctl(setting),
            Change::Untrack(service) => self.untrack(service, true),
            Change::Track(service) => self.untrack(service, false),
            Change::MoveRule { rule, to } => self.move_rule(rule, *to).await,
            Change::DeleteClsact(dev) => self.delete_clsact(dev).await,
            _ => return self.ask_all(std::slice::from_ref(change)).pop().unwrap_or(Ok(())),
        }
        .map_err(|error| failed(change, error))
    }

    /// Has changes carried out in their order that are no more than a request; one result each.
    fn ask_all(&self, changes: &[Change]) -> Vec<Result<(), HostError>> {
        let indexes = RefCell::new(HashMap::new());
        let index = |name: &str| {
            if let Some(index) = indexes.borrow().get(name) {
                return Ok(*index);
            }
            let index = index_of(name)?;
            indexes.borrow_mut().insert(name.to_owned(), index);
            Ok(index)
        };
        let mut requests = Vec::with_capacity(changes.len());
        let mut ask = |change: &Change| -> io::Result<bool> {
            if let Change::Announce(proxy) = change {
                self.announcer.announce(proxy.clone());
            }
            if let Some(addr) = taken_back(change) {
                self.announcer.withdraw(addr);
            }
            let request = match change {
                Change::AddFilter(filter) => Some(self.filter(filter, index(&filter.dev)?)?),
                _ => messages::request(change, index)?,
            };
            let is_asked = request.is_some();
            requests.extend(request);
            Ok(is_asked)
        };
        let asked: Vec<io::Result<bool>> = changes.iter().map(&mut ask).collect();
        let mut answers = self.requests.carry_out(requests).into_iter();
        let results = asked.into_iter().map(|is_asked| match is_asked? {
            true => answers.next().unwrap_or(Ok(())),
            false => Ok(()),
        });
        changes
            .iter()
            .zip(results)
            .map(|(change, result)| result.map_err(|error| failed(change, error)))
            .collect()
    }

    fn ask(&self, message: RouteNetlinkMessage, creates: bool) -> io::Result<()> {
        self.requests.carry_out(vec![Request { message, creates }]).pop().unwrap_or(Ok(()))
    }

    async fn list_rules(&self, family: Family) -> Result<Vec<RuleMessage>, rtnetlink::Error> {
        let version = match family {
            Family::V4 => IpVersion::V4,
            Family::V6 => IpVersion::V6,
        };
        self.handle.rule().get(version).execute().try_collect().await
    }

    /// A kernel without IPv6 has no routes of it.
    async fn list_routes(&self) -> Result<Listing, HostError> {
        let v4 = routes::listed(&self.handle, Family::V4).await?;
        let v6 = match self.list_rules(Family::V6).await {
            Ok(_) => routes::listed(&self.handle, Family::V6).await?,
            Err(_) => Vec::new(),
        };
        let of = |family, routes: Vec<RouteMessage>| routes.into_iter().map(move |route| (family, route));
        Ok(Listing::new(of(Family::V4, v4).chain(of(Family::V6, v6))))
    }

    fn filter(&self, filter: &Filter, index: u32) -> io::Result<Request> {
        let program = self.programs.as_ref().and_then(|programs| programs.numbered(filter.program));
        let program = program.ok_or_else(|| io::Error::from_raw_os_error(libc::ENOENT))?;
        Ok(Request { message: clsact::add_filter(index, program), creates: true })
    }

    /// Unless others have filters there by now.
    async fn delete_clsact(&self, dev: &str) -> io::Result<()> {
        let index = index_of(dev)?;
        if filters::has_any(&self.handle, index).await.map_err(io::Error::other)? {
            tracing::info!(dev, "clsact stays: another program has filters there");
            return Ok(());
        }
        match self.ask(clsact::delete(index), false) {
            // One of another kind, which somebody has made in its place.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(()),
            outcome => outcome,
        }
    }

    /// As it is listed, whatever it selects by: it is there twice for a moment, and never gone.
    async fn move_rule(&self, rule: &Rule, to: u32) -> io::Result<()> {
        let listed = self.list_rules(rule.family).await.map_err(io::Error::other)?;
        let is_meant = |message: &RuleMessage| messages::rule_of(message, rule.family) == *rule;
        let Some(listed) = listed.into_iter().find(is_meant) else {
            return Err(io::Error::from_raw_os_error(libc::ENOENT));
        };
        let message = RouteNetlinkMessage::NewRule(messages::moved(&listed, to));
        match self.ask(message, true) {
            Err(error) if error.raw_os_error() != Some(libc::EEXIST) => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let message = RouteNetlinkMessage::DelRule(messages::moved(&listed, rule.pref));
        self.ask(message, false)
    }
}

impl Kernel for Netlink {
    async fn view(&self) -> Result<View, HostError> {
        let read = |doing| move |error: rtnetlink::Error| netlink_error(doing, error);
        let mut view = View::default();
        let mut book = self.book.lock().await;
        let known = book.caught_up();
        let links: Vec<LinkMessage> =
            self.handle.link().get().execute().try_collect().await.map_err(read("list interfaces"))?;
        view.links = links.iter().map(listed::link_state).collect();
        let addresses: Vec<AddressMessage> =
            self.handle.address().get().execute().try_collect().await.map_err(read("list addresses"))?;
        view.addresses =
            addresses.iter().filter_map(|message| listed::interface(message, &view.links)).collect();
        let listing = match known {
            Some(listing) => listing,
            None => self.list_routes().await?,
        };
        for family in [Family::V4, Family::V6] {
            let rules = match self.list_rules(family).await {
                Ok(rules) => rules,
                // A kernel without IPv6 has no rules for it.
                Err(_) if family == Family::V6 => continue,
                Err(error) => return Err(netlink_error("list rules", error)),
            };
            view.rules.extend(rules.iter().map(|message| messages::rule_of(message, family)));
            view.tables.extend(listing.of_family(family).map(messages::table_of));
            let name_of = |index| {
                let link = view.links.iter().find(|link| link.index == index)?;
                Some(link.name.clone())
            };
            let ours =
                listing.of_family(family).filter_map(|message| messages::our_route(message, family, name_of));
            view.ours.extend(ours.collect::<Vec<_>>());
            let routes: Vec<Route> = listing
                .of_family(family)
                .filter_map(|message| listed::route(message, &view, family))
                .collect();
            view.routes.extend(routes);
        }
        book.keep(listing);
        drop(book);
        let proxies: Vec<NeighbourMessage> = self
            .handle
            .neighbours()
            .get()
            .proxies()
            .execute()
            .try_collect()
            .await
            .map_err(read("list proxy neighbours"))?;
        if self.programs.is_some() {
            filters::view(&self.handle, &mut view).await.map_err(read("list filters"))?;
        }
        view.proxies = proxies.iter().filter_map(|message| listed::proxy(message, &view.links)).collect();
        Ok(view)
    }

    async fn carry_out(&self, changes: &[Change]) -> Vec<Result<(), HostError>> {
        let mut results = Vec::with_capacity(changes.len());
        for batch in changes.chunk_by(|one, other| is_asked(one) && is_asked(other)) {
            if let [change] = batch {
                results.push(self.carry_out_one(change).await);
                continue;
            }
            for part in batch.chunks(AT_ONCE) {
                results.extend(self.ask_all(part));
                tokio::task::yield_now().await;
            }
        }
        results
    }

    fn sysctl(&self, key: &str) -> Option<String> {
        sysctl::read(key)
    }

    fn forwarders(&self, family: Family) -> Vec<Forwarder> {
        forwarders::listed(family)
    }

    fn workable(&self, family: Family) -> Result<(), HostError> {
        needs::workable(family)
    }
}

fn failed(change: &Change, source: io::Error) -> HostError {
    match source.raw_os_error() {
        Some(libc::EPERM) => HostError::NotPermitted { step: change.to_string() },
        _ => HostError::Step { step: change.to_string(), source },
    }
}

/// The address that this host will not have any more.
fn taken_back(change: &Change) -> Option<IpAddr> {
    match change {
        Change::DeleteRoute(OurRoute { dst, kind: RouteKind::Local(_), .. }) => Some(dst.addr()),
        Change::DeleteAddress(address) => Some(address.net.addr()),
        Change::DeleteProxy(proxy) => Some(proxy.addr),
        _ => None,
    }
}

/// Changes that are no more than a request.
const fn is_asked(change: &Change) -> bool {
    !matches!(
        change,
        Change::Sysctl(_)
            | Change::MoveRule { .. }
            | Change::DeleteClsact(_)
            | Change::Untrack(_)
            | Change::Track(_)
    )
}

fn write_sysctl(setting: &Setting) -> Result<(), HostError> {
    let present = sysctl::read(&setting.key);
    if present.as_ref() == Some(&setting.value) {
        return Ok(());
    }
    // Whoever changed it since then meant it; and an interface that is gone took its settings along.
    if setting.only_if.as_ref().is_some_and(|only_if| present.as_ref() != Some(only_if)) {
        return Ok(());
    }
    sysctl::write(&setting.key, &setting.value).map_err(|source| HostError::Sysctl {
        key: super::change::text::dotted(&setting.key),
        value: setting.value.clone(),
        source,
    })
}

fn index_of(name: &str) -> io::Result<u32> {
    nix::net::if_::if_nametoindex(name).map_err(io::Error::from)
}
