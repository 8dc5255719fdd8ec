//! Handing plain packets of busy connections to a fast path, and taking back what it counted.
//!
//! A packet that shows its connection to be busy offers it (`offer`), which costs a look at a bit and a place in a short
//! list; the rest is done off the path of packets. What flows have carried is merged once a second, and before anybody is
//! told of a table. A change of the tables takes all connections back first: they come again with their next packets.
//!
//! Locked before services and connections: by whoever merges, offers or holds.

mod holding;
mod merge;
mod offer;
pub(in crate::director) mod state;
