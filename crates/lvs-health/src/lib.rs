//! Health checks as data: what is declared, and what follows from findings.
//!
//! Owns the declared checks ([`spec`]), their state ([`state`]), which of them ask the same ([`probe_key`]), which virtual
//! addresses are fit to be announced ([`announcer`]) and what listings
//! say ([`report`]). Pure: time comes in as an argument, programs and sockets belong to the probes of the director. Same
//! job as the decisions of keepalived's checkers.
#![forbid(unsafe_code)]

mod action;
pub mod announcer;
pub mod carried;
pub mod check;
mod member;
mod passive;
mod pool;
pub mod probe_key;
pub mod report;
pub mod spec;
pub mod state;
mod transition;
mod weight;
