//! Connection tracking: which packet belongs to what, and in which state that is. Same job as `ip_vs_conn.c`.
//!
//! Owns the [`Connection`] record, its states and timeouts, and the [`ConnTable`]. Templates of persistence are
//! connections too, with a client port of 0. Never decides where a connection goes; called by the director.

mod account;
mod addrs;
mod bulk;
mod chains;
pub mod changes;
mod clients;
mod connection;
mod due;
mod entry;
mod expiry;
mod extra;
mod flows;
mod id;
mod index;
mod kept;
mod key;
mod last_segment;
mod locks;
mod matching;
mod mirror;
mod offered;
mod port_range;
mod ports;
mod positions;
mod rare;
pub mod record;
mod rekey;
mod sctp_state;
mod slots;
mod standing;
mod state;
mod synced;
mod table;
mod tcp_state;
mod telling;
#[cfg(test)]
mod tests;
mod timeout;
mod timer;
mod walk;

pub use account::Account;
pub use addrs::LocalEnd;
pub use bulk::{Aged, BATCH, UnledKeys};
pub use chains::Chains;
pub use clients::Clients;
pub use connection::{Connection, TIME_WAIT};
pub use entry::{Entry, RestoreError, TableFull};
pub use extra::{Engine, Extra, SyncedUntil};
pub use flows::{CloseReason, FlowLogging, FlowRecord, LostFlows, TakenFlows};
pub use id::{ConnId, Place};
pub use key::{ConnKey, Role};
pub use last_segment::LastSegment;
pub use port_range::{AdoptedPort, AdoptedUse, Rest, Resting};
pub use ports::{HeldPort, LocalPort, PortPoolKey, Ports};
pub use positions::{Numbers, Positions, SeqAck};
pub use sctp_state::{SctpEvent, SctpState};
pub use state::{ConnFlags, State};
pub use table::ConnTable;
pub use tcp_state::{TcpState, View};
pub use timeout::{EXTENSION, NEW, Timeouts};
pub use walk::TablePart;
