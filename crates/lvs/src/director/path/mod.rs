//! The path of a packet: parse, defragment, classify, look up, schedule, track, mangle, transmit.
//!
//! Called for every packet, with the tables shared; takes no lock for longer than one table access and allocates nothing for a
//! packet of a known connection. Same job as `ip_vs_core.c`.

pub(in crate::director) mod engine;
pub(in crate::director) mod flow;
pub(in crate::director) mod ftp;
pub(in crate::director) mod fullnat;
pub(in crate::director) mod hand_on;
pub(in crate::director) mod ipsec;
pub(in crate::director) mod masquerade;
pub(in crate::director) mod mtu;
pub(in crate::director) mod outer;
pub(in crate::director) mod packet;
pub(in crate::director) mod related;
pub(in crate::director) mod schedule;
