//! The command lines of `tunvs top` and `tunvs doctor`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use super::args::{LanguageArgs, SocketArgs};

#[derive(Clone, Debug, clap::Args)]
pub struct TopArgs {
    /// Look so often, in seconds
    #[arg(short, long, value_name = "SECONDS", default_value = "1", value_parser = super::top::seconds)]
    pub interval: Duration,
    /// Print one picture as text, and end
    #[arg(long, conflicts_with = "batch")]
    pub once: bool,
    /// Print a picture as text each time, without a terminal
    #[arg(short, long)]
    pub batch: bool,
    /// End after N pictures
    #[arg(short, long, value_name = "N", requires = "batch", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// With --once or --batch: as JSON, in the schema of docs/json.md; with --batch a line each
    #[arg(long)]
    pub json: bool,
    /// Begin with these
    #[arg(long, value_name = "VIEW", default_value = "services")]
    pub view: TopView,
    /// Sort by this column, as in Conns/s; with - in front the other way round
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// Only rows with this text in them
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    #[command(flatten)]
    pub socket: SocketArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TopView {
    Services,
    Servers,
    /// How many connections are in which state
    States,
    Connections,
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
