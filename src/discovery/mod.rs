//! The edge of discovery: name servers that are asked, files that are watched, streams that are read.
//!
//! Tells what they say, and decides nothing: what follows is [`lvs_discovery`]'s. Made and fed by the daemon.

mod ask;
mod files;
mod names;
mod stream;
pub mod tasks;

pub use names::{HostNames, Names};
