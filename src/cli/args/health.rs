//! Command lines about health checks and draining.

use super::SocketArgs;
use lvs::service::ServiceKey;

#[derive(Clone, Debug, clap::Args)]
pub struct HealthArgs {
    /// Only what is not well
    #[arg(long)]
    pub down: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub socket: SocketArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub struct DrainArgs {
    /// The service: 10.0.0.1:80, udp:10.0.0.1:53, `sctp:[fd00::1]:80`, or fwm:7 (fwm6:7) for a mark
    #[arg(value_parser = crate::cli::drain::service)]
    pub service: ServiceKey,
    /// The server, ADDRESS:PORT as in listings
    pub server: String,
    /// After this time (90, 90s, 5m, 1h) what is left is ended, and both ends of TCP connections are told
    #[arg(long, value_name = "TIME", value_parser = crate::cli::drain::seconds)]
    pub deadline: Option<u64>,
    /// Do not wait; `tunvs events` and `tunvs health` show how it goes on
    #[arg(long)]
    pub no_wait: bool,
    #[command(flatten)]
    pub socket: SocketArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub struct UndrainArgs {
    /// The service, as for drain
    #[arg(value_parser = crate::cli::drain::service)]
    pub service: ServiceKey,
    /// The server, ADDRESS:PORT as in listings
    pub server: String,
    #[command(flatten)]
    pub socket: SocketArgs,
}
