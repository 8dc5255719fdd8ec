//! The interface by which the doctor reads a host.

use std::collections::BTreeSet;

use super::site::{Socket, Tun};
use lvs_host::ReceiveOffload;

/// A host, as far as a doctor asks it; all of it only reads.
pub trait Host {
    /// A file, if it is there and for us.
    fn text(&self, path: &str) -> Option<String>;

    fn can_write(&self, path: &str) -> bool;

    /// Returns what a program prints; None where it is not here or fails.
    fn output(&self, program: &str, args: &[&str]) -> Option<String>;

    /// Names of the programs that run in this network namespace.
    fn programs(&self) -> BTreeSet<String>;

    /// Names of the files in a folder.
    fn names(&self, folder: &str) -> Vec<String>;

    fn tun(&self) -> Tun;

    fn packet_socket(&self) -> Socket;

    fn offload(&self, link: &str) -> ReceiveOffload;
}
