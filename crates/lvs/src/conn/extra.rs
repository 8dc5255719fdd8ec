//! Properties that few connections have, beside the record of all.

use super::{Account, Positions};
use crate::app::{ClientAddrState, SynProxy, ftp};
use crate::time::Time;

/// Deadline that other directors were told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncedUntil {
    pub deadline: Time,
    /// How often without an effect.
    pub retries: u8,
}

/// A persistence engine, and what it knows clients by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    pub name: String,
    pub data: Box<[u8]>,
}

/// Properties that few connections have.
#[derive(Debug, Default)]
pub struct Extra {
    pub fwmark: u32,
    /// State of a control connection of FTP.
    pub ftp: Option<Box<ftp::Control>>,
    /// Positions of both ends, if they are to be told of its end.
    pub(super) positions: Option<Positions>,
    /// Both ends are told even when it ends by its timeout.
    pub(super) tells_on_expiry: bool,
    /// Of a template: what its clients are known by, and the tag that stands for it in the key.
    pub(super) engine: Option<Box<(Engine, u64)>>,
    /// The deadline that other directors were last told, and how often in vain.
    pub(super) synced_until: Option<SyncedUntil>,
    /// Connection of a health check.
    pub(super) pinned: bool,
    /// The host would refuse its super-packets: they are the director's, which passes them on as segments. This director's alone.
    pub(super) is_too_long: bool,
    /// State of telling the server the client's address.
    pub(super) client_addr_state: Option<ClientAddrState>,
    /// Of a connection that began with a cookie.
    pub(super) syn_proxy: Option<Box<SynProxy>>,
    /// Stands for the client among those whose connections are counted. This director's alone.
    pub(super) client_tag: Option<u64>,
    /// Traffic so far, if it is logged.
    pub(super) account: Option<Account>,
}
