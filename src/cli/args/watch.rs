//! Command lines of what watches a director: `status`, `events`, `capture`, `doctor`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;

use super::{LanguageArgs, SocketArgs};
use lvs_events::Event;

#[derive(Clone, Debug, clap::Args)]
pub struct StatusArgs {
    /// As JSON, in the schema of docs/json.md
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub socket: SocketArgs,
}

#[derive(Clone, Debug, clap::Subcommand)]
pub enum SyncCommand {
    /// Show sync daemons, and other directors: how far they are behind, and when they knew all connections
    Status(StatusArgs),
}

#[derive(Clone, Debug, clap::Args)]
pub struct CaptureArgs {
    /// Which packets, before or after rewriting; all words must fit: tcp, udp, sctp, icmp, an address or network, :PORT, ADDRESS:PORT
    pub filter: Vec<String>,
    /// Write a pcapng file, - for standard output; without it packets are printed, one a line
    #[arg(short, long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// End after N packets
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// End after so many seconds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub seconds: Option<u64>,
    /// Keep so many bytes of each packet
    #[arg(short, long, value_name = "BYTES", default_value_t = 65_535, value_parser = clap::value_parser!(u32).range(64..=65_535))]
    pub snaplen: u32,
    #[command(flatten)]
    pub socket: SocketArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub struct EventsArgs {
    /// Begin with the last N events (up to 256 are kept)
    #[arg(long, value_name = "N")]
    pub last: Option<usize>,
    /// Print those that are kept, and wait for none
    #[arg(long)]
    pub no_follow: bool,
    /// Only events of these names, as `event` has them
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = PossibleValuesParser::new(Event::NAMES), hide_possible_values = true)]
    pub only: Vec<String>,
    /// End after N events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// As JSON lines, or as text
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    pub format: EventFormat,
    #[command(flatten)]
    pub socket: SocketArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EventFormat {
    Json,
    Text,
}

#[derive(Clone, Debug, clap::Args)]
pub struct DoctorArgs {
    /// The services of this file, in place of those of the director
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub language: LanguageArgs,
    /// On a real server of direct routing or tunnels: a virtual address that packets come for (repeatable)
    #[arg(long = "vip", value_name = "IP")]
    pub vips: Vec<IpAddr>,
    /// Connect to each real server from here, which is otherwise not done
    #[arg(long)]
    pub probe: bool,
    /// Leave out what is well
    #[arg(short, long)]
    pub quiet: bool,
    /// As JSON, in the schema of docs/json.md
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub socket: SocketArgs,
}
