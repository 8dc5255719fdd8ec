//! The flow log: a JSON line for each connection that has ended, and if wanted for each that begins.
//!
//! Owns how a record is written ([`mod@line`]) and the file that it goes to ([`Sink`]), which is opened anew when somebody
//! has moved it away and survives a full disk. Never looks at packets or tables; fed by a thread of the daemon.

pub mod line;
mod sink;

pub use sink::{OpenError, Sink, Target};
