//! A tree of the kernel's files on disk, for programs that want to read them below a folder of their own.

use std::convert::Infallible;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{ProcError, ProcFile};
use crate::backend::{ConnParts, Moment, Source};
use lvs::director::{CommandError, Query, Reply};
use lvs::service::{Protocol, ServiceKey};

/// Keeps `DIR/net/ip_vs*`. Each file is replaced whole, so that readers never see half of one.
#[derive(Debug)]
pub struct ProcTree {
    dir: PathBuf,
    has_sctp: bool,
    /// Files, and the sums of their texts.
    written: Vec<(ProcFile, u64)>,
}

#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Refused(#[from] CommandError),
}

impl ProcTree {
    /// Makes the folder. Without `has_sctp` there are no SCTP services in it: exporters that do not know the word take
    /// their servers for those of the service before (node_exporter).
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(dir: &Path, has_sctp: bool) -> Result<Self, TreeError> {
        let net = dir.join("net");
        fs::create_dir_all(&net).map_err(|source| TreeError::Write { path: net, source })?;
        Ok(Self { dir: dir.to_owned(), has_sctp, written: Vec::new() })
    }

    /// Writes the files whose text has changed since the last time. No text is in memory whole.
    ///
    /// # Errors
    /// A file cannot be written; the others of this time are left as they were.
    pub fn update(&mut self, tables: Moment<'_>) -> Result<(), TreeError> {
        for file in ProcFile::ALL.iter().copied() {
            let path = self.dir.join(file.path());
            let draft = path.with_extension("new");
            let mut source = Shown { tables, has_sctp: self.has_sctp };
            let sum = write_draft(file, &draft, &mut source).map_err(|error| match error {
                ProcError::Refused(error) => error.into(),
                ProcError::Ask(never) => match never {},
                ProcError::Write(source) => TreeError::Write { path: path.clone(), source },
            })?;
            let replaced = if self.written.contains(&(file, sum)) {
                fs::remove_file(&draft)
            } else {
                fs::rename(&draft, &path)
            };
            replaced.map_err(|source| TreeError::Write { path, source })?;
            self.written.retain(|(known, _)| *known != file);
            self.written.push((file, sum));
        }
        Ok(())
    }

    /// Removes the files; the folder stays.
    pub fn remove(&mut self) {
        for (file, _) in self.written.drain(..) {
            let _ = fs::remove_file(self.dir.join(file.path()));
        }
    }
}

/// Writes the text into a file of its own, and gives its sum.
fn write_draft(file: ProcFile, draft: &Path, source: &mut Shown<'_>) -> Result<u64, ProcError<Infallible>> {
    // One that was left behind may not be ours to write into.
    let _ = fs::remove_file(draft);
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(file.mode()).open(draft)?;
    let mut text = Summed { out: BufWriter::with_capacity(BUFFER, made), sum: DefaultHasher::new() };
    file.write(&mut text, source)?;
    text.flush()?;
    Ok(text.sum.finish())
}

const BUFFER: usize = 64 << 10;

/// A text that is written, and its sum.
struct Summed<W> {
    out: W,
    sum: DefaultHasher,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let len = self.out.write(text)?;
        self.sum.write(&text[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The tables as they are shown.
struct Shown<'a> {
    tables: Moment<'a>,
    has_sctp: bool,
}

impl Source for Shown<'_> {
    type Error = Infallible;

    fn query(&mut self, query: Query) -> Result<Result<Reply, CommandError>, Infallible> {
        let mut reply = self.tables.query(query)?;
        if let Ok(Reply::Services(entries)) = &mut reply {
            entries.retain(|entry| self.has_sctp || !is_sctp(&entry.spec.key));
        }
        Ok(reply)
    }

    fn connections(&mut self) -> Result<ConnParts<'_, Infallible>, Infallible> {
        self.tables.connections()
    }
}

const fn is_sctp(key: &ServiceKey) -> bool {
    matches!(key, ServiceKey::Address { protocol: Protocol::Sctp, .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs::Time;
    use lvs::director::{Command, Director, Settings};
    use lvs::service::{Forwarding, ServerSpec, ServiceSpec};

    fn listed(has_sctp: bool) -> String {
        let director = Director::new(Settings::default());
        for (protocol, port) in [(Protocol::Tcp, 80), (Protocol::Sctp, 3868)] {
            let key = ServiceKey::Address { protocol, addr: "10.0.0.1".parse().unwrap(), port };
            let server = ServerSpec::new("10.1.0.1".parse().unwrap(), port, Forwarding::Masq);
            director.apply(&Command::AddService(ServiceSpec::new(key, "rr")), Time::ZERO).unwrap();
            director.apply(&Command::AddServer { service: key, server }, Time::ZERO).unwrap();
        }
        let dir = tempfile::tempdir().unwrap();
        let mut tree = ProcTree::new(dir.path(), has_sctp).unwrap();
        tree.update(Moment { director: &director, now: Time::ZERO }).unwrap();
        fs::read_to_string(dir.path().join("net/ip_vs")).unwrap()
    }

    #[test]
    fn sctp_services_may_be_left_out_with_their_servers() {
        let (all, some) = (listed(true), listed(false));
        assert!(all.contains("SCTP 0A000001:0F1C") || all.contains("SCTP  0A000001:0F1C"), "{all}");
        assert!(some.contains("TCP  0A000001:0050") && some.contains("0A010001:0050"), "{some}");
        assert!(!some.contains("SCTP") && !some.contains("0F1C"), "{some}");
    }
}
