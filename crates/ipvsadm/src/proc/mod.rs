//! The kernel's own tables, `/proc/net/ip_vs*`, in the kernel's formats, for exporters that read them.
//!
//! Owns the names of the files and their text. Called by `tunvs proc`, and by the daemon to keep a tree of files
//! ([`tree`]). Same job as the seq files of `ip_vs_ctl.c`, `ip_vs_conn.c` and `ip_vs_app.c`.

mod connections;
mod ends;
mod services;
mod stats;
mod status;
pub mod tree;

use std::io::{self, Write};

use strum::{EnumString, IntoStaticStr, VariantArray};

use lvs::director::{CommandError, Query, Reply};

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

#[derive(Debug, thiserror::Error)]
pub enum ProcError<E: std::error::Error + 'static> {
    #[error("cannot ask the director")]
    Ask(#[source] E),
    #[error(transparent)]
    Refused(#[from] CommandError),
    #[error("cannot write")]
    Write(#[from] io::Error),
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

    /// Writes its text; `ask` answers questions about the tables.
    ///
    /// # Errors
    /// The question is not answered, or nobody takes the text.
    pub fn write<E: std::error::Error + 'static>(
        self,
        out: &mut dyn Write,
        ask: &mut dyn FnMut(Query) -> Result<Result<Reply, CommandError>, E>,
    ) -> Result<(), ProcError<E>> {
        let mut ask = |query| ask(query).map_err(ProcError::Ask)?.map_err(ProcError::Refused);
        match self {
            Self::Services => {
                if let (Reply::Info(info), Reply::Services(entries)) =
                    (ask(Query::Info)?, ask(Query::Services)?)
                {
                    services::write(out, &info, &entries)?;
                }
            }
            Self::Connections => {
                if let Reply::Connections(entries) = ask(Query::Connections)? {
                    connections::write(out, &entries)?;
                }
            }
            Self::ConnectionsSync => {
                if let Reply::Connections(entries) = ask(Query::Connections)? {
                    connections::write_sync(out, &entries)?;
                }
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
