//! The kernel's IPVS as programs ask for it, as data: generic netlink messages and socket options in, bytes as the kernel's out.
//!
//! Owns the formats of `ip_vs.h` and the kernel's checks in their order. Never changes a table by itself: what is asked for
//! becomes a [`lvs::director::Command`] or a query to [`Tables`]. Pure: no socket here. Same job as the interfaces at the
//! end of `ip_vs_ctl.c`.
#![forbid(unsafe_code)]

mod acknowledge;
mod answer;
mod changes;
mod declare;
mod dialogue;
mod entries;
mod family;
mod fill;
mod names;
pub mod options;
mod policy;
mod questions;
mod tables;
mod wire;

pub use dialogue::Dialogue;
pub use family::{listing, readdress, with_family};
pub use names::errno;
pub use tables::{Gone, Tables};
pub use wire::{Header, Message, Messages};
