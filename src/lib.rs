//! tunvs: Linux Virtual Server in userspace.
//!
//! ```text
//! main → cli ─────────────→ control::client → control::protocol ─┐
//!   └──→ daemon → device, host, config, control::server ─────────┤
//!                                                                ▼
//!                  lvs::director → lvs::{xmit → conn, sched} → lvs::service → lvs::wire
//! ```
//!
//! Arrows never point up. [`lvs`] is the pure core: it does no I/O, reads no clock and draws no random
//! number. Everything beside it is an edge, and [`daemon`] is the only place that joins the edges.

pub mod capture;
pub mod cli;
pub mod config;
pub mod control;
pub mod daemon;
pub mod demo;
pub mod device;
pub mod doctor;
pub mod events;
pub mod flow_log;
pub mod health;
pub mod host;
pub mod lvs;
pub mod metrics;
pub mod shape;
mod suggest;
