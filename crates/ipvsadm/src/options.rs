//! The options of ipvsadm: their spelling, their names in complaints, and sets of them.

use strum::{IntoStaticStr, VariantArray};

use super::popt::{Spec, Takes};
use lvs::service::{Method, Protocol};

/// The action of a command line; its first option decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum Action {
    AddService,
    EditService,
    DeleteService,
    Flush,
    List,
    AddServer,
    DeleteServer,
    EditServer,
    #[strum(serialize = "set")]
    SetTimeouts,
    StartDaemon,
    StopDaemon,
    Restore,
    Save,
    Zero,
}

impl Action {
    /// As complaints name it.
    pub(super) fn name(self) -> &'static str {
        self.into()
    }
}

/// Options of an action, in the order in which conflicts are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
#[repr(u8)]
pub(super) enum Opt {
    Numeric,
    Connection,
    #[strum(serialize = "service-address")]
    Service,
    Scheduler,
    Persistent,
    Netmask,
    #[strum(serialize = "real-server")]
    Server,
    #[strum(serialize = "forwarding-method")]
    Forwarding,
    Weight,
    #[strum(serialize = "u-threshold")]
    UpperThreshold,
    #[strum(serialize = "l-threshold")]
    LowerThreshold,
    McastInterface,
    Timeout,
    Daemon,
    Stats,
    Rate,
    Thresholds,
    PersistentConn,
    #[strum(serialize = "nosort")]
    NoSort,
    #[strum(serialize = "syncid")]
    SyncId,
    Exact,
    #[strum(serialize = "ops")]
    OnePacket,
    #[strum(serialize = "pe")]
    Engine,
    SchedFlags,
    McastGroup,
    McastPort,
    McastTtl,
    SyncMaxlen,
    TunInfo,
    TunType,
    TunPort,
    TunNocsum,
    TunCsum,
    TunRemcsum,
    Json,
    ProxyProtocol,
    Toa,
    RstOnExpire,
    Adopt,
    SynDefence,
    ClientLimit,
    Allow,
    Deny,
}

impl Opt {
    /// As complaints name it.
    pub(super) fn name(self) -> &'static str {
        self.into()
    }
}

/// A set of options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OptSet(u64);

impl OptSet {
    pub(super) const fn of(options: &[Opt]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < options.len() {
            bits |= 1 << options[at] as u8;
            at += 1;
        }
        Self(bits)
    }

    pub(super) const fn has(self, option: Opt) -> bool {
        self.0 & (1 << option as u8) != 0
    }

    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// False when it is there already.
    pub(super) const fn insert(&mut self, option: Opt) -> bool {
        let is_new = !self.has(option);
        self.0 |= 1 << option as u8;
        is_new
    }
}

/// The meaning of a spelt option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Id {
    Action(Action),
    Help,
    Version,
    Service(Protocol),
    Mark,
    Method(Method),
    /// An option that needs no more said than its name, or whose word is read by [`parse`](super::parse).
    Opt(Opt),
    Ipv6,
    Sort,
}

const fn spec(long: &'static str, short: Option<u8>, takes: Takes, id: Id) -> Spec<Id> {
    Spec { long, short, takes, id }
}

const fn action(long: &'static str, short: u8, action: Action) -> Spec<Id> {
    spec(long, Some(short), Takes::Nothing, Id::Action(action))
}

const fn word(long: &'static str, short: Option<u8>, option: Opt) -> Spec<Id> {
    spec(long, short, Takes::Word, Id::Opt(option))
}

const fn flag(long: &'static str, short: Option<u8>, option: Opt) -> Spec<Id> {
    spec(long, short, Takes::Nothing, Id::Opt(option))
}

/// The option as one writes it: by its letter, if it has one. None where no option stands for that alone.
pub(super) fn spelling(id: Id) -> Option<String> {
    let spec = TABLE.iter().find(|spec| spec.id == id)?;
    Some(match spec.short {
        Some(short) => format!("-{}", char::from(short)),
        None => format!("--{}", spec.long),
    })
}

pub(super) const TABLE: &[Spec<Id>] = &[
    action("add-service", b'A', Action::AddService),
    action("edit-service", b'E', Action::EditService),
    action("delete-service", b'D', Action::DeleteService),
    action("clear", b'C', Action::Flush),
    action("list", b'L', Action::List),
    action("list", b'l', Action::List),
    action("zero", b'Z', Action::Zero),
    action("add-server", b'a', Action::AddServer),
    action("edit-server", b'e', Action::EditServer),
    action("delete-server", b'd', Action::DeleteServer),
    action("restore", b'R', Action::Restore),
    action("save", b'S', Action::Save),
    spec("set", None, Takes::Nothing, Id::Action(Action::SetTimeouts)),
    spec("start-daemon", None, Takes::Word, Id::Action(Action::StartDaemon)),
    spec("stop-daemon", None, Takes::Word, Id::Action(Action::StopDaemon)),
    spec("help", Some(b'h'), Takes::Nothing, Id::Help),
    spec("version", Some(b'v'), Takes::Nothing, Id::Version),
    spec("tcp-service", Some(b't'), Takes::Word, Id::Service(Protocol::Tcp)),
    spec("udp-service", Some(b'u'), Takes::Word, Id::Service(Protocol::Udp)),
    spec("sctp-service", None, Takes::Word, Id::Service(Protocol::Sctp)),
    spec("fwmark-service", Some(b'f'), Takes::Word, Id::Mark),
    word("scheduler", Some(b's'), Opt::Scheduler),
    spec("persistent", Some(b'p'), Takes::OptionalWord, Id::Opt(Opt::Persistent)),
    word("netmask", Some(b'M'), Opt::Netmask),
    word("real-server", Some(b'r'), Opt::Server),
    spec("masquerading", Some(b'm'), Takes::Nothing, Id::Method(Method::Masq)),
    spec("ipip", Some(b'i'), Takes::Nothing, Id::Method(Method::Tunnel(()))),
    spec("gatewaying", Some(b'g'), Takes::Nothing, Id::Method(Method::Route)),
    word("weight", Some(b'w'), Opt::Weight),
    word("u-threshold", Some(b'x'), Opt::UpperThreshold),
    word("l-threshold", Some(b'y'), Opt::LowerThreshold),
    flag("numeric", Some(b'n'), Opt::Numeric),
    flag("connection", Some(b'c'), Opt::Connection),
    word("mcast-interface", None, Opt::McastInterface),
    word("syncid", None, Opt::SyncId),
    word("sync-maxlen", None, Opt::SyncMaxlen),
    word("mcast-group", None, Opt::McastGroup),
    word("mcast-port", None, Opt::McastPort),
    word("mcast-ttl", None, Opt::McastTtl),
    flag("timeout", None, Opt::Timeout),
    flag("daemon", None, Opt::Daemon),
    flag("stats", None, Opt::Stats),
    flag("rate", None, Opt::Rate),
    flag("thresholds", None, Opt::Thresholds),
    flag("persistent-conn", None, Opt::PersistentConn),
    flag("nosort", None, Opt::NoSort),
    spec("sort", None, Takes::Nothing, Id::Sort),
    flag("exact", Some(b'X'), Opt::Exact),
    spec("ipv6", Some(b'6'), Takes::Nothing, Id::Ipv6),
    flag("ops", Some(b'o'), Opt::OnePacket),
    word("pe", None, Opt::Engine),
    word("sched-flags", Some(b'b'), Opt::SchedFlags),
    flag("tun-info", None, Opt::TunInfo),
    word("tun-type", None, Opt::TunType),
    word("tun-port", None, Opt::TunPort),
    flag("tun-nocsum", None, Opt::TunNocsum),
    flag("tun-csum", None, Opt::TunCsum),
    flag("tun-remcsum", None, Opt::TunRemcsum),
    // Ours alone.
    flag("json", None, Opt::Json),
    word("proxy-protocol", None, Opt::ProxyProtocol),
    flag("toa", None, Opt::Toa),
    spec("fullnat", None, Takes::Nothing, Id::Method(Method::FullNat)),
    flag("rst-on-expire", None, Opt::RstOnExpire),
    flag("adopt", None, Opt::Adopt),
    word("syn-defence", None, Opt::SynDefence),
    word("client-limit", None, Opt::ClientLimit),
    word("allow", None, Opt::Allow),
    word("deny", None, Opt::Deny),
];
