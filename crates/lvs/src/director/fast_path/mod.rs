//! Handing plain packets of busy connections to a fast path, and taking back what it counted.
//!
//! A connection is offered by the packet that answers its SYN, and goes in before that packet goes on (`offer`): a request is
//! over before it can show to be busy. There is a bound on those of which nothing more was seen; the others are offered
//! by a packet that shows them to be busy, which costs a look at a bit and a place in a short list. Others of these may be in the
//! director's queues, and are not overtaken (`waiting`). What flows have carried is merged once a second, and before anybody is told of
//! a table. A change of the tables takes all connections back first: they come again with their next packets.
//!
//! Locked before services and connections: by whoever merges, offers or holds.

mod follow;
mod holding;
mod merge;
mod offer;
pub(in crate::director) mod state;
mod waiting;
