//! Health checks: what is asked of real servers, and what follows from the answers.
//!
//! Owns the declared checks ([`spec`]). Never looks at packets.

pub mod spec;
