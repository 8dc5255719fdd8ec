//! The host around the director: what leads packets into the TUNs, and its undoing.
//!
//! Owns the [`Plumbing`]: a plan of typed steps that is printed, applied, kept in step with the services, noted in a
//! journal, and undone in reverse. Never decides about packets; knows of the core only what it wants captured, and
//! tells it the routes. Called by the daemon.
#![forbid(unsafe_code)]

mod announce;
mod announcements;
mod announcer;
mod change;
mod claims;
mod clsact;
mod conflict;
mod context;
mod cover;
mod error;
mod filters;
mod follow;
mod forwarders;
mod icmp;
mod icmp_limits;
mod ingress_links;
mod journal;
mod kernel;
mod layout;
mod ledger;
mod legacy_nat;
mod listed;
mod messages;
mod needs;
mod neighbours;
mod netconf;
mod nf_tables;
mod nfnetlink;
mod options;
pub mod own_file;
mod plan;
mod plumbing;
mod ports;
mod real_plan;
mod real_server;
mod requests;
mod route_book;
mod routes;
mod settings;
mod stop;
mod survey;
mod sysctl;
mod untracked;
mod view;
mod watch;

pub use change::Step;
pub use claims::{Claim, ClaimListener};
pub use conflict::Conflicts;
pub use error::HostError;
pub use icmp::ErrorListener;
pub use icmp_limits::icmp_limits;
pub use ingress_links::IngressLink;
pub use journal::identity;
pub use lvs_sys::ethtool::{ReceiveOffload, receive_offload};
pub use needs::{any_workable, workable};
pub use neighbours::{Heard, NeighbourWatch};
pub use netconf::SettingsWatch;
pub use options::{HostOptions, IngressPrograms, RealServerOptions, TunNames};
pub use plumbing::{CleanedUp, Inheritance, Plumbing, cleanup};
pub use real_server::RealPlumbing;
pub use stop::StopFlag;
pub use survey::{
    LinkRoute, Obstacle, RefusingRoute, Survey, SurveyedAddress, SurveyedLink, SurveyedNeighbour,
    port_reservation, survey,
};
pub use watch::Watch;
