//! Any datagrams to the family `IPVS`, and any socket options of IPVS.
#![no_main]

#[path = "../bodies.rs"]
#[allow(dead_code)]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::netlink(data));
