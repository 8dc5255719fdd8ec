//! The host's firewalls. Pure: rulesets as data and a packet in, its possible traces out.
//!
//! [`nft`] and [`iptables`] read what the tools print, [`packet`] is what is known of a packet, [`condition`] compares
//! the two, [`trace`] walks the chains of the hooks in the order of the kernel (`nf_tables_core.c`, `ip_tables.c`).
//! A condition that cannot be told leaves both traces open, so a verdict is never more certain than what was read.
//! Limits of rates and numbers (`limit`, `connlimit`) count as not reached.

mod condition;
pub mod iptables;
pub mod nft;
mod nft_values;
mod packet;
mod ruleset;
#[cfg(test)]
mod tests;
mod trace;

pub use packet::{Packet, Tracking};
use ruleset::protocol;
pub use ruleset::{
    Action, Base, Chain, Element, Elements, Expression, Hook, Key, MarkChange, Match, Rule, Ruleset, Tool,
};
pub use trace::{End, Place, Trace, traces};
