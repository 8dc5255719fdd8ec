//! The kernel's own tables, `/proc/net/ip_vs*`, in the kernel's formats, for exporters that read them.
//!
//! Owns the names of the files and their text. Called by `tunvs proc`, and by the daemon to keep a tree of files
//! ([`tree`]). Same job as the seq files of `ip_vs_ctl.c`, `ip_vs_conn.c` and `ip_vs_app.c`.

mod connections;
mod services;
mod stats;
mod status;
pub mod tree;

use std::io::{self, Write};
use std::net::IpAddr;

use lvs::director::{CommandError, Query, Reply};

/// One of the kernel's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcFile {
    Services,
    Connections,
    ConnectionsSync,
    Stats,
    StatsPerCpu,
    Apps,
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
    pub const ALL: [Self; 7] = [
        Self::Services,
        Self::Connections,
        Self::ConnectionsSync,
        Self::Stats,
        Self::StatsPerCpu,
        Self::Apps,
        Self::Status,
    ];

    /// Where it is below `/proc`.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Services => "net/ip_vs",
            Self::Connections => "net/ip_vs_conn",
            Self::ConnectionsSync => "net/ip_vs_conn_sync",
            Self::Stats => "net/ip_vs_stats",
            Self::StatsPerCpu => "net/ip_vs_stats_percpu",
            Self::Apps => "net/ip_vs_app",
            Self::Status => "net/ip_vs_status",
        }
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
        let path = path.trim_start_matches("/proc/");
        Self::ALL.into_iter().find(|file| file.path() == path)
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

/// IPv4 in hexadecimal, IPv6 in all its digits.
fn addr_text(addr: IpAddr) -> String {
    match addr {
        IpAddr::V4(addr) => format!("{:08X}", u32::from(addr)),
        IpAddr::V6(addr) => addr.segments().map(|segment| format!("{segment:04x}")).join(":"),
    }
}
