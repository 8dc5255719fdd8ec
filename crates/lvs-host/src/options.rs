//! Options that the daemon gives the host edge once: the subnets given on the command line, the names of the TUN devices, numbers to start from.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;

use lvs::director::DEFAULT_LADDR_PORTS;
use lvs_sys::bpf_program::LoadedProgram;
use lvs_wire::Framing;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostOptions {
    /// Subnets that are virtual from the start (`--vip-net`).
    pub vip_nets: Vec<IpNet>,
    /// Subnets whose hosts are real servers from the start (`--rs-net`).
    pub rs_nets: Vec<IpNet>,
    /// Subnets whose addresses stand for clients (`--laddr-net`).
    pub laddr_nets: Vec<IpNet>,
    /// Ports of the host's own addresses that do (`--laddr-ports`).
    pub laddr_ports: RangeInclusive<u16>,
    /// Subnets whose hosts open connections outwards with the host's own address (`--masquerade`).
    pub masquerade_nets: Vec<IpNet>,
    /// Makes a virtual address that is nobody's an address of this host. Off where a VRRP daemon decides who owns it.
    pub claim_vips: bool,
    /// Packets of a connection may go two ways: tracking is not to count on seeing all.
    pub fast_path: bool,
    /// Programs for filters at the entrance of links, where the fast path is one.
    pub ingress_programs: Option<IngressPrograms>,
    /// The first routing table tried for packets to virtual addresses; the next one is for packets from real servers.
    pub table_base: u32,
    /// The routing table that virtual addresses are announced from.
    pub announce_table: u32,
    pub tx_queue_len: u32,
    /// File in which the steps are noted for a clean-up after a kill; none for a dry run or where nothing may be written.
    pub journal: Option<PathBuf>,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            vip_nets: Vec::new(),
            rs_nets: Vec::new(),
            laddr_nets: Vec::new(),
            laddr_ports: DEFAULT_LADDR_PORTS,
            masquerade_nets: Vec::new(),
            claim_vips: true,
            fast_path: false,
            ingress_programs: None,
            table_base: 7600,
            announce_table: 151,
            tx_queue_len: 1000,
            journal: None,
        }
    }
}

/// The fast path's programs, in the order of [`Framing::ALL`].
#[derive(Clone, Debug)]
pub struct IngressPrograms(pub Arc<[LoadedProgram; 2]>);

impl PartialEq for IngressPrograms {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for IngressPrograms {}

impl IngressPrograms {
    pub(super) fn of(&self, framing: Framing) -> &LoadedProgram {
        &self.0[framing as usize]
    }

    /// The program of that number.
    pub(super) fn numbered(&self, number: u32) -> Option<&OwnedFd> {
        self.0.iter().find(|program| program.number == number).map(|program| &program.fd)
    }
}

/// The devices that the device edge opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TunNames {
    pub vip: String,
    pub rs: String,
    /// The interface that virtual addresses are announced by.
    pub fleet: String,
}

impl TunNames {
    /// How names of the director's own devices begin.
    pub(super) fn prefix(&self) -> &str {
        self.vip.trim_end_matches("vip")
    }
}

impl Default for TunNames {
    fn default() -> Self {
        Self { vip: "tunvs-vip".to_owned(), rs: "tunvs-rs".to_owned(), fleet: "tunvs-fleet".to_owned() }
    }
}

/// Options that the daemon gives the edge of a real server once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RealServerOptions {
    pub vips: Vec<IpAddr>,
    /// Addresses by whose families encapsulated packets may come; the families of all own addresses if there are none.
    pub directors: Vec<IpAddr>,
    pub ipip: bool,
    pub gre: bool,
    pub gue_ports: Vec<u16>,
    /// The device that packets come out of.
    pub tun: String,
    /// The first routing table tried.
    pub table_base: u32,
    pub tx_queue_len: u32,
    pub journal: Option<PathBuf>,
}

impl RealServerOptions {
    /// Whether packets come inside others; with direct routing alone they do not.
    pub fn has_tunnels(&self) -> bool {
        self.ipip || self.gre || !self.gue_ports.is_empty()
    }
}
