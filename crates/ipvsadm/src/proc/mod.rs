//! The kernel's own tables, `/proc/net/ip_vs*`, in the kernel's formats, for exporters that read them.
//!
//! Owns the names of the files and their text. Called by `tunvs proc`, and by the daemon to keep a tree of files
//! ([`tree`]). Same job as the seq files of `ip_vs_ctl.c`, `ip_vs_conn.c` and `ip_vs_app.c`.

mod connections;
mod ends;
mod error;
mod services;
mod stats;
mod status;
pub mod tree;

use std::io::Write;

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::backend::{Source, one_by_one};
pub use error::ProcError;
use lvs::director::{Query, Reply};

/// One of the kernel's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
pub enum ProcFile {
    #[strum(serialize = "net/ip_vs")]
    Services,
    #[strum(serialize = "net/ip_vs_conn")]
    Connections,
    #[strum(serialize = "net/ip_vs_conn_sync")]
    ConnectionsSync,
    #[strum(serialize = "net/ip_vs_stats")]
    Stats,
    #[strum(serialize = "net/ip_vs_stats_percpu")]
    StatsPerCpu,
    #[strum(serialize = "net/ip_vs_app")]
    Apps,
    #[strum(serialize = "net/ip_vs_status")]
    Status,
}

impl ProcFile {
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Path below `/proc`.
    pub fn path(self) -> &'static str {
        self.into()
    }

    /// Permissions of a copy on disk. How keys spread is nothing for everybody, as in the kernel.
    const fn mode(self) -> u32 {
        match self {
            Self::Status => 0o440,
            Self::Services
            | Self::Connections
            | Self::ConnectionsSync
            | Self::Stats
            | Self::StatsPerCpu
            | Self::Apps => 0o644,
        }
    }

    /// By its path, with or without `/proc/` in front.
    pub fn named(path: &str) -> Option<Self> {
        path.trim_start_matches("/proc/").parse().ok()
    }

    /// Writes its text.
    ///
    /// # Errors
    /// The director does not answer, or nobody takes the text.
    pub fn write<S: Source>(self, out: &mut dyn Write, source: &mut S) -> Result<(), ProcError<S::Error>> {
        let mut ask = |query| source.query(query).map_err(ProcError::Ask)?.map_err(ProcError::Refused);
        match self {
            Self::Services => {
                if let (Reply::Info(info), Reply::Services(entries)) =
                    (ask(Query::Info)?, ask(Query::Services)?)
                {
                    services::write(out, &info, &entries)?;
                }
            }
            Self::Connections => {
                connections::write(out, one_by_one(source.connections().map_err(ProcError::Ask)?))?;
            }
            Self::ConnectionsSync => {
                connections::write_sync(out, one_by_one(source.connections().map_err(ProcError::Ask)?))?;
            }
            Self::Stats => {
                if let Reply::Totals { stats, rates } = ask(Query::Totals)? {
                    stats::write(out, &stats, &rates)?;
                }
            }
            Self::StatsPerCpu => {
                if let Reply::Totals { stats, rates } = ask(Query::Totals)? {
                    stats::write_per_cpu(out, &stats, &rates)?;
                }
            }
            Self::Status => {
                if let Reply::Status(status) = ask(Query::Status)? {
                    status::write(out, &status)?;
                }
            }
            Self::Apps => writeln!(out, "prot port    usecnt name")?,
        }
        Ok(())
    }
}
