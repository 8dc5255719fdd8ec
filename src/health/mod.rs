//! Health checks at the edge: the probes that ask real servers, and the tasks that run them.
//!
//! The declaration of checks and what follows from findings is [`lvs_health`]'s. Never looks at packets and changes no table itself.
//! Called by the daemon.

mod probe;
pub mod tasks;
