//! The operator's declarations: virtual services and their real servers.
//!
//! Owns the declared values ([`ServiceSpec`], [`ServerSpec`]), the live objects ([`VirtualService`],
//! [`RealServer`]) and their table. Same job as `ip_vs_ctl.c`, without its user interface.
//! Never looks at packets; called by the director.

mod access;
mod error;
mod forwarding;
mod key;
mod real;
mod reconcile;
mod spec;
mod stats;
mod syn_gauge;
mod table;
mod trash;
mod validate;
mod virt;

pub use access::AccessList;
pub use error::CommandError;
pub use forwarding::{Forwarding, Method, Tunnel, TunnelChecksum, TunnelKind};
pub use key::{Endpoint, Family, Protocol, ServiceKey};
pub use real::{HandshakeStats, RealServer, ServerFlags};
pub use reconcile::reconcile;
pub use spec::{
    ClientAddrMode, ClientLimit, DeclaredService, Persistence, ProxyVersion, SchedulerFlags, ServerSpec,
    ServiceSpec,
};
pub use stats::{Counters, Estimator, Rates, Stats};
pub use syn_gauge::{DEFAULT_SYN_RATE, SynDefence};
pub use table::ServiceTable;
pub use virt::{SchedulerCursor, VirtualService};
