//! The command line of `tunvs real-server`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::ValueEnum;

use super::Log;
use lvs_control::{REAL_SERVER_SOCKET, SOCKET_VARIABLE};

#[derive(Clone, Debug, clap::Args)]
pub struct RealServerArgs {
    /// A virtual address that packets come for (repeatable)
    #[arg(long = "vip", value_name = "IP", required = true)]
    pub vips: Vec<IpAddr>,
    /// How they come (repeatable): as they are (dr), or inside others
    #[arg(long = "mode", value_name = "MODE", required = true, value_delimiter = ',')]
    pub modes: Vec<Mode>,
    /// UDP port of GUE (repeatable) [default: 6080]
    #[arg(long = "port", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub ports: Vec<u16>,
    /// Take encapsulated packets from this address of a director only (repeatable)
    #[arg(long = "director", value_name = "IP")]
    pub directors: Vec<IpAddr>,
    /// Print what would be changed on this host, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Read and write ordinary packets only, no super-packets
    #[arg(long)]
    pub no_offload: bool,
    /// Keep what the process could do: to look for trouble that the sandbox may make
    #[arg(long)]
    pub no_sandbox: bool,
    /// What the interface is called that packets come out of
    #[arg(long, value_name = "NAME", default_value = "tunvs-real")]
    pub tun: String,
    #[command(flatten)]
    pub socket: RealServerSocket,
    #[command(flatten)]
    pub log: Log,
}

#[derive(Clone, Debug, Default, clap::Args)]
pub struct RealServerSocket {
    /// The control socket
    #[arg(long, value_name = "PATH", env = SOCKET_VARIABLE, help = format!("The control socket, for `tunvs counters` [default: {REAL_SERVER_SOCKET}]"))]
    pub socket: Option<PathBuf>,
}

/// How packets reach a real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Mode {
    /// To its link address, unchanged (-g)
    Dr,
    /// IP in IP (-i)
    Ipip,
    /// GRE (-i --tun-type gre)
    Gre,
    /// GUE (-i --tun-type gue)
    Gue,
}
