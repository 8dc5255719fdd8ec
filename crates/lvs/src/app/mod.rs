//! Protocols that carry addresses in their payload, and what to do about it. Same job as `ip_vs_app.c` and the
//! sequence adjustment of netfilter's NAT.
//!
//! Owns the reading and rewriting of payloads and the correction of sequence numbers that a changed length needs.
//! Never touches tables: what connection to expect is an answer for the director.

pub mod ftp;
mod payload;
mod proxy;
pub mod sequence;
pub mod sip;
mod stamps;
mod syn_cookie;
mod syn_proxy;
mod toa;

pub use ftp::Control;
pub use proxy::{ProxyHeader, ProxyProgress, ProxyStep, close_fast_open};
pub use stamps::blank_stamps;
pub use syn_cookie::{Offer, Opening, Stamps, SynCookies, opening_options, stamps};
pub use syn_proxy::{OWN_SCALE, ProvenClient, ServerStep, Shift, SynProgress, SynProxy, between};
pub use toa::{Toa, ToaOutcome, leave_room, toa_len};

/// Packet that has to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again<'a> {
    pub packet: &'a [u8],
    /// How often it was before.
    pub repeats: u8,
}

/// State of telling a server the client's address.
#[derive(Clone, Debug)]
pub enum ClientAddrState {
    Proxy(ProxyHeader),
    Toa(Toa),
}
