//! The command line of `tunvs`.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

mod fleet;
mod health;
mod real_server;
mod tables;
#[cfg(feature = "top")]
mod top;
mod watch;

pub use fleet::*;
pub use health::*;
pub use real_server::*;
pub use tables::*;
#[cfg(feature = "top")]
pub use top::*;
pub use watch::*;

use super::version::VERSION;
use ipvsadm::proc::ProcFile;
use lvs::director::Kernel;
use lvs_config::Queues;
use lvs_config::{masquerade_net, port_range};
use lvs_control::{DEFAULT_SOCKET, SOCKET_VARIABLE};

/// The classic tools are not clap's; see `cli::ipvsadm`.
const CLASSIC: &str = "Classic tools, also by links of these names:
  ipvsadm          Change and list the tables
  ipvsadm-save     Print the tables as commands
  ipvsadm-restore  Read such commands";

/// Linux Virtual Server in userspace.
#[derive(Debug, Parser)]
#[command(name = "tunvs", version, long_version = VERSION, propagate_version = true, disable_help_subcommand = true, after_help = CLASSIC)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a director in the foreground
    Run(Box<RunArgs>),
    /// Prepare this host to be a real server of direct routing or tunnels, until it is stopped
    RealServer(Box<RealServerArgs>),
    /// Undo what a director or real server that was killed left on this host
    Cleanup {
        #[command(flatten)]
        socket: SocketArgs,
    },
    /// Read a configuration file and report mistakes
    Check(CheckArgs),
    /// Print a keepalived.conf, or lines as `ipvsadm -S` prints them, as TOML
    Convert(ConvertArgs),
    /// Make the director read its configuration file again, and print what changes
    Reload(ReloadArgs),
    /// Show how services, settings and sync daemons differ from the configuration file: - is the file's, + is there.
    /// Exit status: 0 no difference, 1 some, 2 trouble
    Diff(DiffArgs),
    /// Have another tunvs take over from the director that runs, without losing a connection
    Upgrade(UpgradeArgs),
    /// Stop the director, and wait until it has ended
    Stop(StopArgs),
    /// Attend to a director that has taken over: what the process becomes that was started first
    #[command(hide = true)]
    Attend {
        /// Its process
        director: i32,
    },
    /// Start programs for a director, which has given up the rights to do so
    #[command(hide = true)]
    StartPrograms,
    /// Print which versions of the state of a running director this program takes over
    #[command(hide = true)]
    StateFormats,
    /// Print one of the kernel's tables, in the kernel's format
    Proc {
        /// Which one, as below /proc: net/ip_vs, net/ip_vs_conn, net/ip_vs_conn_sync, net/ip_vs_stats,
        /// net/ip_vs_stats_percpu, net/ip_vs_app, net/ip_vs_status
        #[arg(value_parser = proc_file)]
        file: ProcFile,
        #[command(flatten)]
        socket: SocketArgs,
    },
    /// Print all services, timeouts and sync daemons as command lines, losing nothing
    Save {
        #[command(flatten)]
        socket: SocketArgs,
    },
    /// Make the tables be as a file says: all at once, or not at all if any line is wrong
    Restore(RestoreArgs),
    /// Show or set what the kernel keeps under net.ipv4.vs
    Sysctl {
        /// NAME, net.ipv4.vs.NAME or NAME=VALUE; without it all are shown
        name: Option<String>,
        /// The new value
        #[arg(allow_negative_numbers = true)]
        value: Option<String>,
        #[command(flatten)]
        socket: SocketArgs,
    },
    /// Run a program for which this host has IPVS, that of the director: ipvsadm, keepalived, what else speaks to the kernel. Exit
    /// status: the program's, 125 trouble, 126 it cannot be run, 127 it is not there
    Exec {
        #[command(flatten)]
        socket: SocketArgs,
        /// The program and its arguments
        #[arg(value_name = "PROGRAM", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Write manual pages and shell completions below a folder, as /usr/share is laid out
    #[command(hide = true)]
    Generate {
        /// The folder
        share: PathBuf,
    },
    /// Print what became of packets, by verdict and by reason of a drop
    Counters {
        #[command(flatten)]
        socket: SocketArgs,
    },
    /// Show everything at a glance: services, connections, rates, queues, drops, the host
    Status(StatusArgs),
    /// Synchronisation with other directors
    #[command(subcommand)]
    Sync(SyncCommand),
    #[cfg(feature = "top")]
    /// Watch services, servers, states and connections on the whole terminal; ? shows the keys
    Top(TopArgs),
    /// List connections, chosen by their ends, protocol or state
    Connections(ConnectionsArgs),
    /// Say which connection, service, template and server a packet would meet, and why; nothing is changed
    Explain(ExplainArgs),
    /// Check this host: the TUN driver, capabilities, settings, links, filters, routes, real servers; say how to mend what is
    /// wrong, and change nothing. Exit status: 0 nothing is wrong (warnings do not count), 1 something is, 2 trouble
    Doctor(DoctorArgs),
    /// Record packets as they came and as they left, for Wireshark or as text
    Capture(CaptureArgs),
    /// Print what happens, one JSON line each: servers up and down, reloads, overload, drops
    Events(EventsArgs),
    /// Show which services and servers are up, by what checks, since when, and the last errors
    Health(HealthArgs),
    /// Give a server no new connections, and wait until the old ones are gone
    Drain(DrainArgs),
    /// Let a drained server have connections again
    Undrain(UndrainArgs),
    /// Show which virtual addresses routers may be told of, and why others are withheld
    Vips(VipsArgs),
    /// Withdraw all announcements, wait until the traffic has moved to other directors, then stop the director
    Retire(RetireArgs),
    #[cfg(feature = "demo")]
    /// Show LVS-NAT at work, in network namespaces of its own
    Demo {
        /// Leave everything up until Ctrl-C
        #[arg(long)]
        keep: bool,
    },
}

#[derive(Clone, Debug, Default, clap::Args)]
pub struct RunArgs {
    /// Read options and services from this file: TOML (see tunvs.toml(5)), a keepalived.conf, or lines as `ipvsadm -S`
    /// prints them. SIGHUP reads it again
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub language: LanguageArgs,
    #[command(flatten)]
    pub socket: SocketArgs,
    /// Route this whole subnet of virtual addresses into the director (repeatable)
    #[arg(long = "vip-net", value_name = "CIDR")]
    pub vip_nets: Vec<IpNet>,
    /// Route what comes from this whole subnet of real servers into the director (repeatable)
    #[arg(long = "rs-net", value_name = "CIDR")]
    pub rs_nets: Vec<IpNet>,
    /// Addresses of this subnet, which nobody has, stand for clients towards FULLNAT servers (repeatable)
    #[arg(long = "laddr-net", value_name = "CIDR")]
    pub laddr_nets: Vec<IpNet>,
    /// Without such a subnet: these ports of the host's own addresses do [default: 16384-32767]
    #[arg(long, value_name = "FIRST-LAST", value_parser = port_range)]
    pub laddr_ports: Option<RangeInclusive<u16>>,
    /// Connections that hosts of this subnet open outwards leave with the host's own address (repeatable)
    #[arg(long = "masquerade", value_name = "CIDR", value_parser = masquerade_net)]
    pub masquerade_nets: Vec<IpNet>,
    /// Rewrite the destination only, even where client and masqueraded server share a link
    #[arg(long)]
    pub no_hairpin: bool,
    /// Follow the IPVS of this kernel where kernels differ: 6.1, 6.12 or 7.3 [default: 6.1]
    #[arg(long, value_name = "VERSION")]
    pub kernel: Option<Kernel>,
    /// Leave the MSS option of SYNs into tunnels as it is, as IPVS does
    #[arg(long)]
    pub no_mss_clamp: bool,
    /// Print what would be changed on this host, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Leave virtual addresses that nobody has alone: a VRRP daemon decides who owns them
    #[arg(long)]
    pub no_claim_vips: bool,
    /// Read and write ordinary packets only, no super-packets
    #[arg(long)]
    pub no_offload: bool,
    /// Cut super-packets into tunnels here, packet by packet, instead of having the kernel do it
    #[arg(long)]
    pub no_tunnel_offload: bool,
    /// Have every packet go by the director, those of established connections too
    #[arg(long)]
    pub no_fast_path: bool,
    /// Keep what the process could do: to look for trouble that the sandbox may make
    #[arg(long)]
    pub no_sandbox: bool,
    /// Queues (and threads) per TUN interface; auto: as many as processors [default: 1]
    #[arg(long, value_name = "N|auto")]
    pub queues: Option<Queues>,
    /// Call the interfaces PREFIX-vip, PREFIX-rs and so on [default: tunvs]
    #[arg(long, value_name = "PREFIX")]
    pub tun_prefix: Option<String>,
    /// Keep files like /proc/net/ip_vs* below this folder
    #[arg(long, value_name = "DIR")]
    pub proc_dir: Option<PathBuf>,
    /// Leave SCTP services out of these files, for exporters that take their servers for those of the service before
    #[arg(long)]
    pub no_proc_sctp: bool,
    /// Serve numbers for Prometheus here, and /healthz and /readyz, as in 127.0.0.1:9633
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub metrics: Option<std::net::SocketAddr>,
    /// Series of services and servers in the metrics at most [default: 20000]
    #[arg(long, value_name = "N")]
    pub metrics_series: Option<usize>,
    /// Write a JSON line here for each connection that has ended; - is standard output. SIGUSR1 and SIGHUP open it anew
    #[arg(long, value_name = "FILE|-")]
    pub flow_log: Option<PathBuf>,
    /// And one for each connection that begins
    #[arg(long)]
    pub flow_log_begins: bool,
    /// Lines a second at most; the rest is counted [default: 10000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub flow_log_rate: Option<u32>,
    /// Sync daemons believe directors of this subnet alone; with one of a single address (/32, /128) it is also told of this director (repeatable)
    #[arg(long = "sync-peer", value_name = "CIDR")]
    pub sync_peers: Vec<IpNet>,
    /// Directors that talk to this one have to know the secret in this file
    #[arg(long, value_name = "FILE")]
    pub sync_secret: Option<PathBuf>,
    /// Talk to other directors over a channel of its own, beside the messages that kernels know; with a peer or a secret it always does
    #[arg(long)]
    pub sync_channel: bool,
    #[command(flatten)]
    pub fleet: FleetArgs,
    /// Dropped packets a second, of one reason, that are worth an event [default: 100]
    #[arg(long, value_name = "PACKETS", value_parser = clap::value_parser!(u64).range(1..))]
    pub drop_alarm: Option<u64>,
    /// What to log: error, warn, info, debug, trace, or a filter [default: RUST_LOG, else info]
    #[arg(long, value_name = "LEVEL")]
    pub log: Option<String>,
    /// How to log [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormatArg>,
}

#[derive(Clone, Debug, Default, clap::Args)]
pub struct Log {
    /// What to log: error, warn, info, debug, trace, or a filter [default: RUST_LOG, else info]
    #[arg(long, value_name = "LEVEL")]
    pub log: Option<String>,
    /// How to log [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormatArg>,
}

#[derive(Clone, Debug, Default, clap::Args)]
pub struct SocketArgs {
    /// The control socket
    #[arg(long, value_name = "PATH", env = SOCKET_VARIABLE, help = format!("The control socket [default: {DEFAULT_SOCKET}]"))]
    pub socket: Option<PathBuf>,
}

#[derive(Clone, Debug, clap::Args)]
pub struct UpgradeArgs {
    /// The program that takes over [default: the one that runs, as its file is by now]
    pub binary: Option<PathBuf>,
    #[command(flatten)]
    pub socket: SocketArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub struct StopArgs {
    /// Leave the host, services, connections and counters as they are to a director that is started next; without one,
    /// `tunvs cleanup` undoes what is left
    #[arg(long)]
    pub for_restart: bool,
    /// Seconds to wait for the end
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub timeout: u64,
    #[command(flatten)]
    pub socket: SocketArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormatArg {
    Text,
    Json,
}

#[derive(Debug, thiserror::Error)]
#[error("no such table; there are {}", ProcFile::ALL.iter().map(|file| file.path()).collect::<Vec<_>>().join(", "))]
struct NoSuchFile;

fn proc_file(path: &str) -> Result<ProcFile, NoSuchFile> {
    ProcFile::named(path).ok_or(NoSuchFile)
}
