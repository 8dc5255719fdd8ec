//! Schedulers: the choice of a real server for a new connection. One file per algorithm, one registry: [`new`].
//!
//! A scheduler sees the servers newest first, as the kernel's list is. It may keep a position, a table or a
//! cache between calls; it learns of every change of the list. It reads no clock and draws no number: both
//! come in with the [`Flow`]. Called by [`VirtualService`](crate::service::VirtualService).
//! Same job as `ip_vs_sched.c`.

mod dh;
mod fo;
mod hash;
mod lblc;
mod lblcr;
mod lc;
mod locality;
mod mh;
mod nq;
mod ovf;
mod ramp;
mod rr;
mod scheduler;
mod sed;
mod sh;
mod twos;
mod wlc;
mod wrr;

use std::sync::Arc;

use crate::service::{RealServer, SchedulerFlags};

pub use ramp::{FULL_SHARE, Ramps};
pub use scheduler::{Cursor, Expirations, Flow, Fork, Remembered, Scheduler, SchedulerClass, ServerChange};

use scheduler::{expected_delay, gcd, heaviest, is_outweighed, is_usable, least_loaded, overhead, weight};

/// The name that binds no scheduler.
pub const NONE: &str = "none";

/// A scheduler that services can name.
struct Registered {
    name: &'static str,
    /// Names that the scheduler has for flags.
    flags: &'static [(&'static str, SchedulerFlags)],
    new: fn(&[Arc<RealServer>]) -> Box<dyn Scheduler>,
}

const REGISTRY: &[Registered] = &[
    Registered { name: "rr", flags: &[], new: |_| Box::new(rr::RoundRobin::default()) },
    Registered { name: "wrr", flags: &[], new: |servers| Box::new(wrr::WeightedRoundRobin::new(servers)) },
    Registered { name: "lc", flags: &[], new: |_| Box::new(lc::LeastConnection) },
    Registered { name: "wlc", flags: &[], new: |_| Box::new(wlc::WeightedLeastConnection) },
    Registered { name: "lblc", flags: &[], new: |_| Box::new(lblc::LocalityLeastConnection::default()) },
    Registered { name: "lblcr", flags: &[], new: |_| Box::new(lblcr::ReplicatedLocality::default()) },
    Registered { name: "dh", flags: &[], new: |_| Box::new(dh::DestinationHashing) },
    Registered { name: "sh", flags: sh::FLAGS, new: |servers| Box::new(sh::SourceHashing::new(servers)) },
    Registered { name: "mh", flags: mh::FLAGS, new: |servers| Box::new(mh::MaglevHashing::new(servers)) },
    Registered { name: "sed", flags: &[], new: |_| Box::new(sed::ShortestExpectedDelay) },
    Registered { name: "nq", flags: &[], new: |_| Box::new(nq::NeverQueue) },
    Registered { name: "fo", flags: &[], new: |_| Box::new(fo::Failover) },
    Registered { name: "ovf", flags: &[], new: |_| Box::new(ovf::Overflow) },
    Registered { name: "twos", flags: &[], new: |_| Box::new(twos::PowerOfTwo) },
];

/// A scheduler by its name, for a service that has these servers.
pub fn new(name: &str, servers: &[Arc<RealServer>]) -> Option<Box<dyn Scheduler>> {
    registered(name).map(|scheduler| (scheduler.new)(servers))
}

/// The names of all.
pub fn names() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|scheduler| scheduler.name)
}

pub fn is_known(name: &str) -> bool {
    registered(name).is_some()
}

/// Flags that a scheduler has names of its own for; none of these where it has none, or there is no such scheduler.
pub fn flags(name: &str) -> &'static [(&'static str, SchedulerFlags)] {
    registered(name).map_or(&[], |scheduler| scheduler.flags)
}

fn registered(name: &str) -> Option<&'static Registered> {
    REGISTRY.iter().find(|scheduler| scheduler.name == name)
}

#[cfg(test)]
mod tests;
