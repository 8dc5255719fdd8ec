//! The file that the lines go to. It holds whole lines only: one that a full disk has cut short is taken back.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

use super::line::{self, Line, Moment};
use lvs::Time;
use lvs_control::flow_log::{Losses, Tally};

/// Trouble that comes back within this time is the same trouble.
const SAME_TROUBLE: Duration = Duration::from_secs(60);

/// Lines that are put together for one write.
const BATCH: usize = 512;

/// Destination of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    File(PathBuf),
    /// Standard output.
    Output,
}

impl Target {
    /// `-` is standard output.
    pub fn of(path: PathBuf) -> Self {
        if path.as_os_str() == "-" { Self::Output } else { Self::File(path) }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot write the flow log to {path}: {source}")]
pub struct OpenError {
    path: PathBuf,
    source: io::Error,
}

impl OpenError {
    /// Whether the system lets this process not.
    pub fn is_denied(&self) -> bool {
        self.source.kind() == io::ErrorKind::PermissionDenied
    }
}

#[derive(Debug)]
enum Out {
    File(File),
    Output(io::Stdout),
}

impl Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            // Without the buffer of standard output, which would hold back what it cannot write.
            Self::Output(output) => {
                let mut output = output.lock();
                let written = output.write(bytes)?;
                output.flush()?;
                Ok(written)
            }
        }
    }

    /// Takes back the last bytes. False where that cannot be done.
    fn take_back(&self, bytes: u64) -> bool {
        let Self::File(file) = self else { return false };
        let len = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|there| there.len());
        len.and_then(|len| len.checked_sub(bytes)).is_some_and(|len| file.set_len(len).is_ok())
    }
}

/// Takes lines, and counts those that it could not write.
#[derive(Debug)]
pub struct Sink {
    target: Target,
    out: Out,
    tally: Tally,
    /// Losses that the log does not say yet.
    unsaid: Losses,
    /// Ends within a line.
    torn: bool,
    fails: bool,
    complained_at: Option<Time>,
}

impl Sink {
    /// Opens the file at its end, or makes it.
    ///
    /// # Errors
    /// The system refuses.
    pub fn open(target: Target) -> Result<Self, OpenError> {
        let out = open(&target)?;
        Ok(Self {
            target,
            out,
            tally: Tally::default(),
            unsaid: Losses::default(),
            torn: false,
            fails: false,
            complained_at: None,
        })
    }

    /// Goes on counting where another left off.
    #[must_use]
    pub const fn counting_from(mut self, tally: Tally) -> Self {
        self.tally = tally;
        self
    }

    pub const fn target(&self) -> &Target {
        &self.target
    }

    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// Opens the file by its name again: somebody has moved it away.
    ///
    /// # Errors
    /// The system refuses; the old file stays open.
    pub fn reopen(&mut self) -> Result<(), OpenError> {
        self.out = open(&self.target)?;
        self.torn = false;
        Ok(())
    }

    /// Writes lines, and before them how many are missing. Says in the program's own log when it begins to fail and when
    /// it works again.
    pub fn write(&mut self, lines: &[Line], lost: Losses, moment: &Moment) {
        self.tally.lost = self.tally.lost.plus(lost);
        self.unsaid = self.unsaid.plus(lost);
        let notes: Vec<Line> = line::lost(self.unsaid, moment).collect();
        if notes.is_empty() && lines.is_empty() {
            return;
        }
        let mut outcome = self.put(&notes);
        if outcome.is_ok() {
            self.unsaid = Losses::default();
        }
        let mut left = lines.len();
        for batch in lines.chunks(BATCH) {
            if outcome.is_err() {
                break;
            }
            let (written, done) = match self.put(batch) {
                Ok(()) => (batch.len(), Ok(())),
                Err((written, error)) => (written, Err((written, error))),
            };
            left -= written;
            self.tally.written += written as u64;
            outcome = done;
        }
        self.tally.lost.write += left as u64;
        self.unsaid.write += left as u64;
        // Room for a note alone is none for a line.
        if outcome.is_err() || !lines.is_empty() {
            self.complain(outcome.err().map(|(_, error)| error), moment.time);
        }
    }

    fn complain(&mut self, error: Option<io::Error>, now: Time) {
        let Target::File(path) = &self.target else { return self.fails = error.is_some() };
        let path = path.display();
        match error {
            Some(error) if !self.fails => {
                self.fails = true;
                if self.complained_at.is_none_or(|at| now.since(at) >= SAME_TROUBLE) {
                    tracing::warn!(%path, %error, "the flow log cannot be written: connections are counted only");
                }
                self.complained_at = Some(now);
            }
            None if self.fails => {
                self.fails = false;
                tracing::info!(%path, lost = self.tally.lost.write, "the flow log is written again");
            }
            Some(_) | None => {}
        }
    }

    /// Writes whole lines: all, or as many as the error says.
    fn put(&mut self, lines: &[Line]) -> Result<(), (usize, io::Error)> {
        let mut text = Vec::with_capacity(lines.len() * 400);
        if self.torn {
            text.push(b'\n');
        }
        for line in lines {
            // A line of plain data cannot fail to be written to memory.
            let _ = serde_json::to_writer(&mut text, line);
            text.push(b'\n');
        }
        if lines.is_empty() {
            return Ok(());
        }
        let mut done = 0;
        let error = loop {
            if done == text.len() {
                self.torn = false;
                return Ok(());
            }
            match self.out.write(&text[done..]) {
                Ok(0) => break io::ErrorKind::WriteZero.into(),
                Ok(written) => done += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break error,
            }
        };
        let whole = text[..done].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let cut = done - whole;
        let ends = text[..whole].iter().filter(|byte| **byte == b'\n').count();
        let written = ends.saturating_sub(usize::from(self.torn && whole > 0));
        if done > 0 {
            self.torn = cut > 0 && !self.out.take_back(cut as u64);
        }
        Err((written, error))
    }
}

fn open(target: &Target) -> Result<Out, OpenError> {
    match target {
        Target::Output => Ok(Out::Output(io::stdout())),
        Target::File(path) => {
            let opened = OpenOptions::new().append(true).create(true).mode(0o640).open(path);
            opened.map(Out::File).map_err(|source| OpenError { path: path.clone(), source })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::OwnedFd;

    use nix::fcntl::{FcntlArg, OFlag, fcntl};

    use super::*;

    const MOMENT: Moment = Moment { time: Time(10_000), unix_millis: 1_000_000_000_000 };

    fn lines(count: u64) -> Vec<Line> {
        let line = |flows| Line::Lost { time: String::new(), flows, why: "test".to_owned() };
        (0..count).map(line).collect()
    }

    fn read(path: &std::path::Path) -> Vec<Line> {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn missing(lines: &[Line], reason: &str) -> u64 {
        let of = |line: &Line| match line {
            Line::Lost { flows, why, .. } if why == reason => *flows,
            _ => 0,
        };
        lines.iter().map(of).sum()
    }

    #[test]
    fn lines_are_appended_and_a_file_that_was_moved_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flows");
        std::fs::write(&path, "{\"event\":\"lost\",\"time\":\"\",\"flows\":0,\"why\":\"old\"}\n").unwrap();
        let mut sink = Sink::open(Target::of(path.clone())).unwrap();
        sink.write(&lines(2), Losses { rate: 3, ..Losses::default() }, &MOMENT);
        assert_eq!(read(&path).len(), 4);
        assert_eq!(missing(&read(&path), "rate"), 3);
        let moved = folder.path().join("flows.1");
        std::fs::rename(&path, &moved).unwrap();
        sink.write(&lines(1), Losses::default(), &MOMENT);
        assert_eq!(read(&moved).len(), 5);
        sink.reopen().unwrap();
        sink.write(&lines(600), Losses::default(), &MOMENT);
        assert_eq!((read(&path).len(), sink.tally().written), (600, 603));
    }

    #[test]
    fn a_full_disk_costs_lines_and_nothing_else() {
        let mut sink = Sink::open(Target::File("/dev/full".into())).unwrap();
        sink.write(&lines(10), Losses { queue: 1, ..Losses::default() }, &MOMENT);
        sink.write(&lines(5), Losses::default(), &MOMENT);
        assert_eq!(sink.tally(), Tally { written: 0, lost: Losses { rate: 0, queue: 1, write: 15 } });
        assert!(sink.fails);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flows");
        sink.target = Target::of(path.clone());
        sink.reopen().unwrap();
        sink.write(&lines(1), Losses::default(), &MOMENT);
        let there = read(&path);
        assert_eq!((missing(&there, "write"), missing(&there, "queue"), there.len()), (15, 1, 3));
        assert!(!sink.fails && sink.unsaid == Losses::default());
    }

    /// The rest of a disk may hold a note of what is missing, and yet no line.
    #[test]
    fn the_log_is_written_again_when_a_line_is() {
        let (mut reader, writer) = io::pipe().unwrap();
        fcntl(&writer, FcntlArg::F_SETPIPE_SZ(4096)).unwrap();
        fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        let mut sink = Sink::open(Target::of("/dev/null".into())).unwrap();
        sink.out = Out::File(OwnedFd::from(writer).into());
        let long = Line::Lost { time: "x".repeat(3800), flows: 1, why: String::new() };
        sink.write(std::slice::from_ref(&long), Losses::default(), &MOMENT);
        assert_eq!((sink.fails, sink.tally().written), (false, 1));
        sink.write(std::slice::from_ref(&long), Losses::default(), &MOMENT);
        assert_eq!((sink.fails, sink.unsaid.write), (true, 1));
        sink.write(&[], Losses::default(), &MOMENT);
        assert_eq!((sink.fails, sink.unsaid.write, sink.tally().written), (true, 0, 1));
        assert!(reader.read(&mut [0; 4096]).unwrap() > 3800);
        sink.write(&lines(1), Losses::default(), &MOMENT);
        assert_eq!((sink.fails, sink.tally().written), (false, 2));
    }

    /// A line that was cut short by a full disk is taken back from a file, and ended in a pipe.
    #[test]
    fn a_line_that_was_cut_short_spoils_no_other() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"whole\npart").unwrap();
        assert!(Out::File(file.reopen().unwrap()).take_back(4));
        let mut text = String::new();
        file.reopen().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "whole\n");
        let mut sink = Sink::open(Target::of(file.path().to_owned())).unwrap();
        sink.torn = true;
        sink.write(&lines(1), Losses::default(), &MOMENT);
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(text.starts_with("whole\n\n{") && !sink.torn, "{text:?}");
    }

    #[test]
    fn a_place_that_cannot_be_written_is_an_error_that_names_it() {
        let error = Sink::open(Target::of("/no/such/folder/flows".into())).unwrap_err();
        assert!(
            error.to_string().starts_with("cannot write the flow log to /no/such/folder/flows: "),
            "{error}"
        );
    }
}
