//! Command lines of a director among others: `vips` and `retire`.

use super::SocketArgs;

#[derive(Clone, Debug, clap::Args)]
pub struct VipsArgs {
    /// As JSON, in the schema of docs/json.md
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub socket: SocketArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub struct RetireArgs {
    /// Stop after this time (90, 90s, 5m, 1h), whatever traffic is left
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = crate::cli::drain::seconds)]
    pub deadline: u64,
    /// Do not wait; `tunvs vips` and the log show how it goes on
    #[arg(long)]
    pub no_wait: bool,
    #[command(flatten)]
    pub socket: SocketArgs,
}

/// Options of `tunvs run` about announcements.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct FleetArgs {
    /// Announce the virtual addresses of all services but those that say otherwise, while they are fit
    #[arg(long)]
    pub announce: bool,
    /// The routing table of announcements: a number, or main [default: 151]
    #[arg(long, value_name = "TABLE", value_parser = lvs_config::announce_table)]
    pub announce_table: Option<u32>,
    /// Write 0 there while this director serves and 1 while it does not, for `track_file` of keepalived
    #[arg(long, value_name = "FILE")]
    pub track_file: Option<std::path::PathBuf>,
}
