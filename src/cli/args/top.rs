//! The command line of `tunvs top`.

use std::time::Duration;

use clap::ValueEnum;

use super::SocketArgs;
use crate::cli::top;

#[derive(Clone, Debug, clap::Args)]
pub struct TopArgs {
    /// Look so often, in seconds
    #[arg(short, long, value_name = "SECONDS", default_value = "1", value_parser = top::seconds)]
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
