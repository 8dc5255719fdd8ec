//! Command lines about files and tables.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::SocketArgs;
use crate::cli::ends;
use lvs::director::EndFilter;
use lvs::service::{Endpoint, Protocol};
use lvs_config::{Format, Source};

/// How a configuration file is to be read.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct LanguageArgs {
    /// What the file is written in [default: as it looks]
    #[arg(long, value_name = "FORMAT")]
    pub config_format: Option<FormatArg>,
    /// Lines `@ID` of a keepalived.conf are for us (keepalived -i)
    #[arg(long, value_name = "ID")]
    pub config_id: Option<String>,
}

impl LanguageArgs {
    pub fn source(&self, path: &Path) -> Source {
        let format = self.config_format.map(|format| match format {
            FormatArg::Toml => Format::Toml,
            FormatArg::Keepalived => Format::Keepalived,
            FormatArg::Ipvsadm => Format::Ipvsadm,
        });
        Source { path: path.to_owned(), format, instance: self.config_id.clone() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    Toml,
    Keepalived,
    /// Lines as `ipvsadm -S` prints them
    Ipvsadm,
}

#[derive(Clone, Debug, clap::Args)]
pub struct CheckArgs {
    /// TOML, a keepalived.conf, or lines as `ipvsadm -S` prints them
    pub file: PathBuf,
    #[command(flatten)]
    pub language: LanguageArgs,
    /// Warnings count as mistakes
    #[arg(long)]
    pub strict: bool,
}

impl CheckArgs {
    pub fn source(&self) -> Source {
        self.language.source(&self.file)
    }
}

#[derive(Clone, Debug, clap::Args)]
pub struct ConvertArgs {
    /// The file
    pub file: PathBuf,
    #[command(flatten)]
    pub language: LanguageArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub struct ReloadArgs {
    /// Print what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Take back what commands have changed: everything becomes as the file says
    #[arg(long)]
    pub reconcile: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub socket: SocketArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub struct DiffArgs {
    /// Compare with this file [default: what the director read last]
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub language: LanguageArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub socket: SocketArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub struct RestoreArgs {
    /// Lines as `tunvs save` or `ipvsadm -S` print them; - for standard input
    pub file: PathBuf,
    /// Check every line, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the lines that go and come
    #[arg(long)]
    pub diff: bool,
    #[command(flatten)]
    pub socket: SocketArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub struct ConnectionsArgs {
    /// Of these clients: an address or network, a port, or both, as in 10.0.0.0/24, 10.0.0.9:4000, `[fd00::9]:80`, :80
    #[arg(long, value_name = "END", value_parser = ends::filter)]
    pub from: Option<EndFilter>,
    /// To these virtual addresses
    #[arg(long, value_name = "END", value_parser = ends::filter)]
    pub to: Option<EndFilter>,
    /// On these real servers
    #[arg(long, value_name = "END", value_parser = ends::filter)]
    pub server: Option<EndFilter>,
    /// Of this protocol
    #[arg(long)]
    pub proto: Option<ProtocolArg>,
    /// In this state, as in ESTABLISHED
    #[arg(long)]
    pub state: Option<String>,
    /// No more than N
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Print only how many there are
    #[arg(long)]
    pub count: bool,
    /// As JSON, in the schema of docs/json.md
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub socket: SocketArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProtocolArg {
    Tcp,
    Udp,
    Sctp,
}

impl From<ProtocolArg> for Protocol {
    fn from(given: ProtocolArg) -> Self {
        match given {
            ProtocolArg::Tcp => Self::Tcp,
            ProtocolArg::Udp => Self::Udp,
            ProtocolArg::Sctp => Self::Sctp,
        }
    }
}

#[derive(Clone, Debug, clap::Args)]
pub struct ExplainArgs {
    /// The client
    #[arg(long, value_name = "IP:PORT", value_parser = ends::endpoint)]
    pub from: Endpoint,
    /// Where the packet is sent
    #[arg(long, value_name = "VIP:PORT", value_parser = ends::endpoint)]
    pub to: Endpoint,
    /// Its protocol
    #[arg(long, default_value = "tcp")]
    pub proto: ProtocolArg,
    /// The firewall mark that it carries
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub mark: Option<u32>,
    /// As JSON, in the schema of docs/json.md
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub socket: SocketArgs,
}
