//! Health checks: what is asked of real servers, and what follows from the answers.
//!
//! Owns the declared checks ([`spec`]), their pure state ([`state`]), what listings say of it ([`report`]), and the
//! [`tasks`] that ask. Never looks at packets and changes no table itself. Same job as keepalived's checkers. Called by
//! the daemon.

mod asked;
pub mod check;
mod lead;
mod member;
mod passive;
mod pool;
mod probe;
pub mod programs;
pub mod report;
pub mod spec;
pub mod state;
pub mod tasks;
