//! A FIFO that kubectl writes objects into.
//!
//! Objects count once a list of all has come, or, where the first writer comes after the reader, when it has been quiet for a moment:
//! before, there may be more that nobody has told of yet.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use tokio::net::unix::pipe::{self, Receiver};

use lvs_discovery::found::{Content, Said, Trouble};
use lvs_discovery::kubernetes::{Cluster, Document};
use lvs_discovery::stream::Splitter;

/// Documents come in bursts: so long nothing more comes before they are told of.
const QUIET: Duration = Duration::from_millis(50);

/// The same, where no list has come.
const QUIET_WITHOUT_LIST: Duration = Duration::from_secs(1);

/// A burst that does not end is told of after so many reads.
const MAX_READS: usize = 256;

/// Bytes of one read.
const PIECE: usize = 64 << 10;

/// A FIFO, and the objects that came by it.
#[derive(Debug)]
pub(super) struct Stream {
    receiver: Receiver,
    splitter: Splitter,
    cluster: Cluster,
    /// All that there was before this reader came is known, or will be.
    is_whole: bool,
    has_list: bool,
    is_changed: bool,
    has_writer: bool,
    /// Somebody knows that it waits for a list.
    is_told_to_wait: bool,
    buffer: Vec<u8>,
}

impl Stream {
    /// # Errors
    /// The system refuses.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
        let mut buffer = vec![0; PIECE];
        let mut splitter = Splitter::default();
        // Without a writer there is an end already; with one that has written nothing, there is none.
        let first = file.read(&mut buffer);
        if let Ok(read) = first {
            splitter.push(&buffer[..read]);
        }
        let is_whole = matches!(first, Ok(0));
        Ok(Self {
            receiver: Receiver::from_file_unchecked(file)?,
            splitter,
            cluster: Cluster::default(),
            is_whole,
            has_list: false,
            is_changed: false,
            has_writer: !is_whole,
            is_told_to_wait: false,
            buffer,
        })
    }

    /// Waits for what comes next, and tells what is known by then.
    ///
    /// # Errors
    /// The FIFO cannot be read any more.
    pub(super) async fn next(&mut self, path: &Path) -> io::Result<Said> {
        let mut trouble = self.take_documents().await?;
        let mut reads = 0;
        loop {
            let quiet = if self.has_list { QUIET } else { QUIET_WITHOUT_LIST };
            let has_news = trouble.is_some() || self.is_changed && (self.is_whole || !self.is_told_to_wait);
            if has_news && reads > MAX_READS {
                return Ok(self.tell(trouble));
            }
            if has_news {
                match tokio::time::timeout(quiet, self.receiver.readable()).await {
                    Err(_) => return Ok(self.tell(trouble)),
                    Ok(ready) => ready?,
                }
            } else {
                self.receiver.readable().await?;
            }
            match self.receiver.try_read(&mut self.buffer) {
                Ok(0) => {
                    let was_within = self.splitter.end();
                    // Only a new descriptor waits for a new writer.
                    self.receiver = pipe::OpenOptions::new().open_receiver(path)?;
                    if std::mem::take(&mut self.has_writer) {
                        let where_at = if was_within { " within an object" } else { "" };
                        return Ok(self.tell(Some(format!("the stream has ended{where_at}"))));
                    }
                }
                Ok(read) => {
                    reads += 1;
                    self.has_writer = true;
                    self.splitter.push(&self.buffer[..read]);
                    trouble = self.take_documents().await?.or(trouble);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes in all whole documents, beside what else this runtime does: a large one takes seconds. What was wrong with the last
    /// wrong one.
    async fn take_documents(&mut self) -> io::Result<Option<String>> {
        let mut trouble = None;
        while let Some(next) = self.splitter.next_document() {
            let taken = match next {
                Ok(text) => {
                    let mut cluster = std::mem::take(&mut self.cluster);
                    let taking = tokio::task::spawn_blocking(move || (cluster.take(&text), cluster));
                    let taken;
                    (taken, self.cluster) = taking.await.map_err(io::Error::other)?;
                    taken.map_err(|error| error.to_string())
                }
                Err(error) => Err(error.to_string()),
            };
            match taken {
                Ok(Document::Object) => self.is_changed = true,
                Ok(Document::List) => {
                    (self.is_changed, self.has_list, self.is_whole) = (true, true, true);
                }
                Err(why) => trouble = Some(why),
            }
        }
        Ok(trouble)
    }

    fn tell(&mut self, trouble: Option<String>) -> Said {
        let is_told = self.is_whole && std::mem::take(&mut self.is_changed);
        let content = is_told.then(|| Content::Cluster(self.cluster.clone().into()));
        self.is_told_to_wait = !self.is_whole;
        let waits = (!self.is_whole).then(|| "it waits for a list of all objects".to_owned());
        Said { content, trouble: trouble.or(waits).map(Trouble::Failed) }
    }
}
