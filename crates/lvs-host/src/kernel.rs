//! The host's kernel as this edge sees it: read a [`View`], carry out [`Change`]s. One real implementation, over
//! rtnetlink and `/proc/sys`, and a twin in memory for tests.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use futures::future::join_all;
use futures::{StreamExt, TryStreamExt};
use ipnet::IpNet;
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkLayerType, LinkMessage};
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage,
};
use netlink_packet_route::route::RouteMessage;
use netlink_packet_route::rule::RuleMessage;
use parking_lot::Mutex;
use rtnetlink::{Handle, IpVersion};

use super::announcer::Announcer;
use super::change::{Change, Proxy, Route as OurRoute, RouteKind, Rule, Setting, Untracked};
use super::entrances::framing;
use super::error::{HostError, netlink_error};
use super::forwarders::{self, Forwarder};
use super::messages;
use super::needs;
use super::route_book::{Listing, RouteBook};
use super::routes::{self, ListedRoute};
use super::sysctl;
use super::untracked::Table;
use super::view::{Interface, LinkState, View};
use lvs::route::{Route, is_link_local};
use lvs::service::Family;

/// Requests that are under way at the same time; the kernel answers them in order.
const PIPELINE: usize = 256;

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
    untracking: Arc<Mutex<Untracking>>,
    announcer: Announcer,
    book: Arc<tokio::sync::Mutex<RouteBook>>,
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
        Ok(Self { handle, untracking: Arc::default(), announcer: Announcer::default(), book: Arc::default() })
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
        let failed = |source: io::Error| match source.raw_os_error() {
            Some(libc::EPERM) => HostError::NotPermitted { step: change.to_string() },
            _ => HostError::Step { step: change.to_string(), source },
        };
        match change {
            Change::Sysctl(setting) => write_sysctl(setting),
            Change::Announce(proxy) => {
                self.announcer.announce(proxy.clone());
                Ok(())
            }
            Change::Untrack(service) => self.untrack(service, true).map_err(failed),
            Change::Track(service) => self.untrack(service, false).map_err(failed),
            Change::MoveRule { rule, to } => self.move_rule(rule, *to).await.map_err(failed),
            _ => {
                if let Some(addr) = taken_back(change) {
                    self.announcer.withdraw(addr);
                }
                let Some(request) = messages::request(change, index_of).map_err(failed)? else {
                    return Ok(());
                };
                self.ask(request).await.map_err(failed)
            }
        }
    }

    async fn ask(&self, request: messages::Request) -> io::Result<()> {
        let mut message = NetlinkMessage::from(request.message);
        message.header.flags = NLM_F_REQUEST | NLM_F_ACK;
        if request.creates {
            message.header.flags |= NLM_F_CREATE | NLM_F_EXCL;
        }
        let mut answers = self.handle.clone().request(message).map_err(io::Error::other)?;
        while let Some(answer) = answers.next().await {
            if let NetlinkPayload::Error(error) = answer.payload
                && error.code.is_some()
            {
                return Err(error.to_io());
            }
        }
        Ok(())
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

    /// As it is listed, whatever it selects by: it is there twice for a moment, and never gone.
    async fn move_rule(&self, rule: &Rule, to: u32) -> io::Result<()> {
        let listed = self.list_rules(rule.family).await.map_err(io::Error::other)?;
        let is_meant = |message: &RuleMessage| messages::rule_of(message, rule.family) == *rule;
        let Some(listed) = listed.into_iter().find(is_meant) else {
            return Err(io::Error::from_raw_os_error(libc::ENOENT));
        };
        let message = RouteNetlinkMessage::NewRule(messages::moved(&listed, to));
        match self.ask(messages::Request { message, creates: true }).await {
            Err(error) if error.raw_os_error() != Some(libc::EEXIST) => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let message = RouteNetlinkMessage::DelRule(messages::moved(&listed, rule.pref));
        self.ask(messages::Request { message, creates: false }).await
    }
}

impl Kernel for Netlink {
    async fn view(&self) -> Result<View, HostError> {
        let read = |doing| move |error: rtnetlink::Error| netlink_error(doing, error);
        let mut view = View { selects_dscp: selects_dscp(), ..View::default() };
        let mut book = self.book.lock().await;
        let known = book.caught_up();
        let links: Vec<LinkMessage> =
            self.handle.link().get().execute().try_collect().await.map_err(read("list interfaces"))?;
        view.links = links.iter().map(link_state).collect();
        let addresses: Vec<AddressMessage> =
            self.handle.address().get().execute().try_collect().await.map_err(read("list addresses"))?;
        view.addresses = addresses.iter().filter_map(|message| interface(message, &view.links)).collect();
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
            let routes: Vec<Route> =
                listing.of_family(family).filter_map(|message| route(message, &view, family)).collect();
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
        view.proxies = proxies.iter().filter_map(|message| proxy(message, &view.links)).collect();
        Ok(view)
    }

    async fn carry_out(&self, changes: &[Change]) -> Vec<Result<(), HostError>> {
        let mut results = Vec::with_capacity(changes.len());
        for batch in changes.chunk_by(|one, other| can_overlap(one) && can_overlap(other)) {
            for part in batch.chunks(PIPELINE) {
                results.extend(join_all(part.iter().map(|change| self.carry_out_one(change))).await);
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

/// The address that this host will not have any more.
fn taken_back(change: &Change) -> Option<IpAddr> {
    match change {
        Change::DeleteRoute(OurRoute { dst, kind: RouteKind::Local(_), .. }) => Some(dst.addr()),
        Change::DeleteAddress(address) => Some(address.net.addr()),
        Change::DeleteProxy(proxy) => Some(proxy.addr),
        _ => None,
    }
}

/// Netlink requests queue up in the kernel in the order in which they are sent.
const fn can_overlap(change: &Change) -> bool {
    !matches!(change, Change::Sysctl(_) | Change::MoveRule { .. } | Change::Untrack(_) | Change::Track(_))
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

/// Policy rules select by DSCP since Linux 6.13; before, the attribute would be ignored without a word.
fn selects_dscp() -> bool {
    let Ok(system) = nix::sys::utsname::uname() else { return false };
    let release = system.release().to_string_lossy();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map_while(|part| part.parse::<u32>().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (6, 13)
}

fn index_of(name: &str) -> io::Result<u32> {
    nix::net::if_::if_nametoindex(name).map_err(io::Error::from)
}

fn link_state(message: &LinkMessage) -> LinkState {
    let flags = message.header.flags;
    let mut state = LinkState {
        index: message.header.index,
        name: String::new(),
        up: flags.contains(LinkFlags::Up),
        loopback: flags.contains(LinkFlags::Loopback),
        ether: None,
        mtu: 0,
        longest: 0,
        framing: framing(message.header.link_layer_type),
        has_controller: false,
    };
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => state.name.clone_from(name),
            LinkAttribute::Controller(_) => state.has_controller = true,
            LinkAttribute::Mtu(mtu) => state.mtu = *mtu,
            LinkAttribute::GroMaxSize(size)
            | LinkAttribute::GsoMaxSize(size)
            | LinkAttribute::GroIpv4MaxSize(size)
            | LinkAttribute::GsoIpv4MaxSize(size) => state.longest = state.longest.max(*size),
            LinkAttribute::Address(addr)
                if message.header.link_layer_type == LinkLayerType::Ether
                    && !flags.contains(LinkFlags::Noarp) =>
            {
                state.ether = addr.as_slice().try_into().ok();
            }
            _ => {}
        }
    }
    state
}

fn interface(message: &AddressMessage, links: &[LinkState]) -> Option<Interface> {
    let dev = links.iter().find(|link| link.index == message.header.index)?.name.clone();
    let local = |attribute: &AddressAttribute| match attribute {
        AddressAttribute::Local(addr) => Some(*addr),
        _ => None,
    };
    let any = |attribute: &AddressAttribute| match attribute {
        AddressAttribute::Address(addr) => Some(*addr),
        _ => None,
    };
    // Where both are there the other one is the far end of a point-to-point link.
    let addr =
        message.attributes.iter().find_map(local).or_else(|| message.attributes.iter().find_map(any))?;
    Some(Interface { dev, net: IpNet::new(addr, message.header.prefix_len).ok()? })
}

fn route(message: &RouteMessage, view: &View, family: Family) -> Option<Route> {
    let is_local = messages::route_kind(message)?;
    if !messages::is_host_table(messages::table_of(message)) {
        return None;
    }
    let ListedRoute { dst, gateway, source, index, mtu } = ListedRoute::of(message, family)?;
    let link = view.links.iter().find(|link| Some(link.index) == index)?;
    Some(Route {
        net: IpNet::new(dst, message.header.destination_prefix_length).ok()?,
        mtu: mtu.unwrap_or(link.mtu),
        source: source.or_else(|| {
            // A router's link-local address says nothing of what lies behind it.
            let near = gateway.filter(|gateway| !is_link_local(*gateway)).unwrap_or(dst);
            if is_local { Some(dst) } else { view.source_on(&link.name, near) }
        }),
        interface: link.index,
        gateway,
        is_local,
    })
}

fn proxy(message: &NeighbourMessage, links: &[LinkState]) -> Option<Proxy> {
    if !message.header.flags.contains(NeighbourFlags::Proxy) {
        return None;
    }
    let dev = links.iter().find(|link| link.index == message.header.ifindex)?.name.clone();
    message.attributes.iter().find_map(|attribute| match attribute {
        NeighbourAttribute::Destination(NeighbourAddress::Inet(addr)) => {
            Some(Proxy { addr: (*addr).into(), dev: dev.clone() })
        }
        NeighbourAttribute::Destination(NeighbourAddress::Inet6(addr)) => {
            Some(Proxy { addr: (*addr).into(), dev: dev.clone() })
        }
        _ => None,
    })
}
