//! The options of ipvsadm: their spelling, their names in complaints, and sets of them.

use super::popt::{Spec, Takes};
use lvs::service::Protocol;

/// What a command line asks for; the first option decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    AddService,
    EditService,
    DeleteService,
    Flush,
    List,
    AddServer,
    DeleteServer,
    EditServer,
    SetTimeouts,
    StartDaemon,
    StopDaemon,
    Restore,
    Save,
    Zero,
}

impl Action {
    /// As complaints name it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::AddService => "add-service",
            Self::EditService => "edit-service",
            Self::DeleteService => "delete-service",
            Self::Flush => "flush",
            Self::List => "list",
            Self::AddServer => "add-server",
            Self::DeleteServer => "delete-server",
            Self::EditServer => "edit-server",
            Self::SetTimeouts => "set",
            Self::StartDaemon => "start-daemon",
            Self::StopDaemon => "stop-daemon",
            Self::Restore => "restore",
            Self::Save => "save",
            Self::Zero => "zero",
        }
    }
}

macro_rules! opts {
    ($($variant:ident => $name:literal,)*) => {
        /// What may go with an action, in the order in which conflicts are looked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Opt {
            $($variant,)*
        }

        impl Opt {
            pub(super) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// As complaints name it.
            pub(super) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

opts! {
    Numeric => "numeric",
    Connection => "connection",
    Service => "service-address",
    Scheduler => "scheduler",
    Persistent => "persistent",
    Netmask => "netmask",
    Server => "real-server",
    Forwarding => "forwarding-method",
    Weight => "weight",
    UpperThreshold => "u-threshold",
    LowerThreshold => "l-threshold",
    McastInterface => "mcast-interface",
    Timeout => "timeout",
    Daemon => "daemon",
    Stats => "stats",
    Rate => "rate",
    Thresholds => "thresholds",
    PersistentConn => "persistent-conn",
    NoSort => "nosort",
    SyncId => "syncid",
    Exact => "exact",
    OnePacket => "ops",
    Engine => "pe",
    SchedFlags => "sched-flags",
    McastGroup => "mcast-group",
    McastPort => "mcast-port",
    McastTtl => "mcast-ttl",
    SyncMaxlen => "sync-maxlen",
    TunInfo => "tun-info",
    TunType => "tun-type",
    TunPort => "tun-port",
    TunNocsum => "tun-nocsum",
    TunCsum => "tun-csum",
    TunRemcsum => "tun-remcsum",
    Json => "json",
    ProxyProtocol => "proxy-protocol",
    Toa => "toa",
    RstOnExpire => "rst-on-expire",
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

/// `-m`, `-i`, `-g`, `--fullnat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Masq,
    Tunnel,
    Route,
    FullNat,
}

/// What a spelt option stands for.
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
    spec("ipip", Some(b'i'), Takes::Nothing, Id::Method(Method::Tunnel)),
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
];
