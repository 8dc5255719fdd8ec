//! The host's firewalls. Pure: rulesets as data and a packet in, its possible courses out.
//!
//! [`nft`] and [`iptables`] read what the tools print, [`packet`] is what is known of a packet, [`condition`] compares
//! the two, [`course`] walks the chains of the hooks in the order of the kernel (`nf_tables_core.c`, `ip_tables.c`).
//! A condition that cannot be told leaves both courses open, so a verdict is never more certain than what was read.
//! Limits of rates and numbers (`limit`, `connlimit`) count as not reached.

mod condition;
mod course;
pub mod iptables;
pub mod nft;
mod nft_values;
mod packet;
mod ruleset;
#[cfg(test)]
mod tests;

pub use course::{Course, End, Place, courses};
pub use packet::{Packet, Tracking};
use ruleset::protocol;
pub use ruleset::{
    Action, Base, Chain, Element, Elements, Expression, Hook, Key, Match, Rule, Ruleset, Tool,
};
