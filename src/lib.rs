//! tunvs: Linux Virtual Server in userspace.
//!
//! The program: command line, daemon, probes, doctor. What it decides about packets and tables is [`lvs`]'s, which does no
//! I/O, reads no clock and draws no random number; the other crates are its edges, and [`daemon`] joins them.
#![forbid(unsafe_code)]

pub mod cli;
pub mod daemon;
#[cfg(feature = "demo")]
pub mod demo;
pub mod discovery;
pub mod doctor;
pub mod exec;
pub mod flow_log;
pub mod health;
pub mod memory;
pub mod metrics;
pub mod sandbox;
pub mod seccomp;
pub mod starter;
