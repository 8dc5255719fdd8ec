//! Every `unsafe` system call and ioctl of the project, each a thin cover with the reason why it is sound.
//!
//! Knows nothing of packets or services and decides nothing. Called by the edges.
#![allow(unsafe_code, reason = "it is what this crate is for; all others forbid it")]

pub mod bpf;
pub mod bpf_memory;
pub mod bpf_program;
pub mod bpf_ring;
pub mod descriptors;
pub mod ethtool;
pub mod interface;
pub mod link_address;
pub mod process;
pub mod seccomp;
pub mod socket_option;
pub mod spawn;
pub mod stat;
pub mod tun_driver;
