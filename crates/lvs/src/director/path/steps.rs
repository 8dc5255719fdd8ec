//! The steps of a decision, each a sentence for who asks why.

use std::fmt;
use std::net::IpAddr;

use crate::service::{Endpoint, ServiceKey};

/// One step of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::director) enum Step {
    Service {
        key: ServiceKey,
        port: u16,
    },
    /// The service's lists do not let the client in.
    Denied(IpAddr),
    /// SYNs are answered by cookies (`syn_defence`).
    Cookies,
    /// `drop_packet` gives up one packet of so many.
    MayBeGivenUp {
        rate: i64,
    },
    ActiveFtp,
    /// A persistence engine reads what is not known.
    EngineUnknown(String),
    NoTemplate {
        timeout: u32,
    },
    TemplateOfRemoved,
    TemplateOfDrained(Endpoint),
    TemplateOfQuiesced(Endpoint),
    TemplateLeads {
        client: IpAddr,
        server: Endpoint,
        secs: u64,
    },
    Chosen {
        scheduler: String,
        server: Endpoint,
    },
    OtherPortOfFtp(NoServer),
    CacheBypass(NoServer),
    Refused(NoServer),
}

/// Why a service has no server for a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::director) enum NoServerReason {
    /// The service is for all ports, and has no persistence.
    OtherPort,
    NoServers,
    NoScheduler,
    NotFound,
}

/// The same, with the name of the scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::director) struct NoServer {
    pub(in crate::director) why: NoServerReason,
    pub(in crate::director) scheduler: String,
}

impl Step {
    /// Whether a server is chosen, or none was found among those of the service.
    pub(in crate::director) const fn is_choice(&self) -> bool {
        match self {
            Self::TemplateLeads { .. } | Self::Chosen { .. } => true,
            Self::OtherPortOfFtp(none) | Self::CacheBypass(none) | Self::Refused(none) => {
                !matches!(none.why, NoServerReason::OtherPort)
            }
            Self::Service { .. }
            | Self::Denied(_)
            | Self::Cookies
            | Self::MayBeGivenUp { .. }
            | Self::ActiveFtp
            | Self::EngineUnknown(_)
            | Self::NoTemplate { .. }
            | Self::TemplateOfRemoved
            | Self::TemplateOfDrained(_)
            | Self::TemplateOfQuiesced(_) => false,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { key: ServiceKey::Mark { mark, .. }, .. } => {
                write!(f, "the service of mark {mark} takes it")
            }
            Self::Service { key, port } if key.port() == *port => write!(f, "the service {key} takes it"),
            Self::Service { key, .. } if key.port() == 0 => {
                write!(f, "the service {key} takes it: it is for all ports")
            }
            Self::Service { key, .. } => {
                write!(f, "the service {key} takes it: it may be a data connection of FTP")
            }
            Self::Denied(client) => {
                write!(f, "the lists of the service (allow, deny) do not let {client} in: dropped")
            }
            Self::Cookies => f.write_str(
                "SYNs are answered by cookies (syn_defence): what follows holds for a client that comes back with one",
            ),
            Self::MayBeGivenUp { rate } => {
                write!(f, "memory is short: drop_packet gives up one new connection of {rate}")
            }
            Self::ActiveFtp => f.write_str("it comes from port 20, as active FTP: left to the host"),
            Self::EngineUnknown(engine) => write!(
                f,
                "the persistence engine {engine} reads the payload, which is not known here: taken as a new client"
            ),
            Self::NoTemplate { timeout } => {
                write!(f, "the client has no template (or none any more); one for {timeout} s would be made")
            }
            Self::TemplateOfRemoved => {
                f.write_str("the template of the client names a server that was removed: it is not used")
            }
            Self::TemplateOfDrained(server) => {
                write!(f, "the template of the client names {server}, which is drained: it is not used")
            }
            Self::TemplateOfQuiesced(server) => write!(
                f,
                "the template of the client names {server}, which has weight 0: expire_quiescent_template forgets it"
            ),
            Self::TemplateLeads { client, server, secs } => {
                write!(f, "a template leads {client} to {server} for another {secs} s")
            }
            Self::Chosen { scheduler, server } => write!(f, "the scheduler {scheduler} chooses {server}"),
            Self::OtherPortOfFtp(why) => write!(f, "{why}: other ports of FTP's address are the host's"),
            Self::CacheBypass(why) => write!(f, "{why}: cache_bypass lets it go where it wanted to"),
            Self::Refused(why) => write!(f, "{why}: answered with port unreachable"),
        }
    }
}

impl fmt::Display for NoServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            NoServerReason::OtherPort => {
                f.write_str("a service of all ports is only scheduled with persistence")
            }
            NoServerReason::NoServers => f.write_str("the service has no server"),
            NoServerReason::NoScheduler => f.write_str("the service has no scheduler"),
            NoServerReason::NotFound => write!(f, "the scheduler {} finds no server for it", self.scheduler),
        }
    }
}
