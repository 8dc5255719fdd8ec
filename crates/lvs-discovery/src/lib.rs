//! Real servers that somebody else knows of: name servers, files of targets, objects of Kubernetes.
//!
//! Pure. Texts and answers come in, and what is to be done to tables comes out. Owns the rule that no mistake of a source takes a
//! server away. Never asks and never reads anything; that is the program's `src/discovery`. Called by the daemon.
#![forbid(unsafe_code)]

pub mod file_sd;
pub mod found;
pub mod kept;
pub mod kubernetes;
mod pool;
pub mod report;
pub mod select;
pub mod spec;
pub mod state;
pub mod stream;
