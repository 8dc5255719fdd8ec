//! The socket file: made with mode 0600 from its first moment on, never taken from a living director, removed
//! with the [`ControlSocket`] that made it.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType, UnixAddr};
use nix::sys::stat::{Mode, fchmod};

const BACKLOG: i32 = 128;

/// Another director that starts in the same directory holds the lock for less than this.
const LOCK_TRIES: u32 = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// A listening socket that belongs to us.
#[derive(Debug)]
pub struct ControlSocket {
    path: PathBuf,
    listener: UnixListener,
    identity: Option<FileId>,
    made: Option<MadeDirectory>,
}

/// A directory that was not there before; removed again if nothing else is in it then.
#[derive(Debug)]
struct MadeDirectory(PathBuf);

impl Drop for MadeDirectory {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("a director is already running at {}: stop it, or choose another path with --socket", path.display())]
    Taken { path: PathBuf },
    #[error("{} exists and is not a socket: remove it, or choose another path with --socket", path.display())]
    NotASocket { path: PathBuf },
    #[error("the socket path {} is longer than the 107 bytes that Linux allows", path.display())]
    PathTooLong { path: PathBuf },
    #[error("cannot create the directory {} for the control socket{}", path.display(), hint(path, source))]
    Directory { path: PathBuf, source: io::Error },
    #[error("another program holds a lock on the directory {}", path.display())]
    Locked { path: PathBuf },
    #[error("cannot make the control socket {}{}", path.display(), hint(path.parent().unwrap_or(path), source))]
    Io { path: PathBuf, source: io::Error },
}

/// Hint for a container whose files cannot be changed, and for a root without `/run`.
fn hint(directory: &Path, source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::ReadOnlyFilesystem => {
            format!(", start the container with `docker run --tmpfs {}`", directory.display())
        }
        io::ErrorKind::NotFound => {
            let above = directory.parent().unwrap_or(directory);
            format!(", make {} first, or choose another path with --socket", above.display())
        }
        _ => String::new(),
    }
}

/// Identity of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

/// A socket for the next process that listens at it.
#[derive(Debug)]
pub struct HandedSocket {
    pub listener: OwnedFd,
    /// The directory was made for it, and goes with it.
    pub made_directory: bool,
}

impl ControlSocket {
    /// Listens at `path`, whose directory is made if need be. The file of a director that is gone is replaced.
    ///
    /// # Errors
    /// A director lives there, or the system refuses.
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        let addr = UnixAddr::new(path).map_err(|_| BindError::PathTooLong { path: path.to_owned() })?;
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let made = make_directory(parent)?;
        let _lock = lock(parent)?;
        let failed = |source: io::Error| BindError::Io { path: path.to_owned(), source };
        remove_stale(path, &addr)?;
        let fd = new_socket().map_err(failed)?;
        // The file takes its mode from the socket: there is no moment at which others could connect.
        fchmod(&fd, Mode::from_bits_truncate(0o600)).map_err(|errno| failed(errno.into()))?;
        socket::bind(fd.as_raw_fd(), &addr).map_err(|errno| match errno {
            Errno::EADDRINUSE => BindError::Taken { path: path.to_owned() },
            errno => failed(errno.into()),
        })?;
        let mut bound =
            Self { path: path.to_owned(), listener: UnixListener::from(fd), identity: None, made };
        bound.identity = identity(path);
        Backlog::new(BACKLOG)
            .and_then(|backlog| socket::listen(&bound.listener, backlog))
            .map_err(|errno| failed(errno.into()))?;
        Ok(bound)
    }

    /// Goes on with a socket that another process of ours listens at.
    pub fn adopt(path: &Path, HandedSocket { listener, made_directory }: HandedSocket) -> Self {
        let directory = path.parent().filter(|_| made_directory);
        Self {
            path: path.to_owned(),
            listener: UnixListener::from(listener),
            identity: identity(path),
            made: directory.map(|path| MadeDirectory(path.to_owned())),
        }
    }

    /// Returns what [`Self::adopt`] goes on with.
    ///
    /// # Errors
    /// The system refuses a second descriptor.
    pub fn hand_over(&self) -> io::Result<HandedSocket> {
        Ok(HandedSocket { listener: self.listener.try_clone()?.into(), made_directory: self.made.is_some() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The listener for [`serve`](super::server::serve), to be called inside a tokio runtime.
    ///
    /// # Errors
    /// The system refuses a second descriptor.
    pub fn listener(&self) -> io::Result<tokio::net::UnixListener> {
        tokio::net::UnixListener::from_std(self.listener.try_clone()?)
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<FileId> {
    fs::symlink_metadata(path).ok().map(|meta| FileId { device: meta.dev(), inode: meta.ino() })
}

/// One level only: a mistyped path shall not leave a tree of directories.
fn make_directory(path: &Path) -> Result<Option<MadeDirectory>, BindError> {
    match DirBuilder::new().mode(0o755).create(path) {
        Ok(()) => Ok(Some(MadeDirectory(path.to_owned()))),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(None),
        Err(source) => Err(BindError::Directory { path: path.to_owned(), source }),
    }
}

/// Held while a stale file is looked at and replaced; two directors that start at once take turns.
fn lock(directory: &Path) -> Result<Flock<File>, BindError> {
    let mut file = File::open(directory)
        .map_err(|source| BindError::Directory { path: directory.to_owned(), source })?;
    for _ in 0..LOCK_TRIES {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(lock),
            Err((unlocked, _)) => file = unlocked,
        }
        thread::sleep(LOCK_PAUSE);
    }
    Err(BindError::Locked { path: directory.to_owned() })
}

fn remove_stale(path: &Path, addr: &UnixAddr) -> Result<(), BindError> {
    let failed = |source: io::Error| BindError::Io { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(meta) if !meta.file_type().is_socket() => {
            return Err(BindError::NotASocket { path: path.to_owned() });
        }
        Ok(_) => {}
    }
    let probe = new_socket().map_err(failed)?;
    match socket::connect(probe.as_raw_fd(), addr) {
        // EAGAIN: it listens, and its queue is full.
        Ok(()) | Err(Errno::EAGAIN) => Err(BindError::Taken { path: path.to_owned() }),
        Err(Errno::ECONNREFUSED) => fs::remove_file(path).map_err(failed),
        Err(Errno::ENOENT) => Ok(()),
        Err(errno) => Err(failed(errno.into())),
    }
}

fn new_socket() -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    Ok(socket::socket(AddressFamily::Unix, SockType::Stream, flags, None)?)
}
