//! Any bytes as a keepalived.conf, and as a file that it includes.
#![no_main]

#[path = "../bodies.rs"]
#[allow(dead_code)]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::keepalived(data));
