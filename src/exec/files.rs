//! Files of the kernel's IPVS: reading, writing, and that they are there.
//!
//! A file that is read is a snapshot in memory, as the kernel's own are. One that is written is a pair: a write is carried
//! out and answered here while the descriptor has its high number, and behind it where a shell has moved it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, socketpair};

use ipvsadm::proc::{ProcError, ProcFile};
use lvs::director::{Command, Query, Reply as TableReply};
use lvs_netlink::{Gone, Tables};
use lvs_sys::seccomp::{Answer, Notification};
use lvs_sys::stat;

use super::director::Director;
use super::paths::{KernelFile, LONGEST, may_be_ours, modprobe_conf, modules, named};
use super::supervisor::{Completion, Reply, SETTING, Setting, Supervisor, token};
use super::target::Target;

/// The longest value of a setting (`sysctl` takes a page).
const VALUE: usize = 4096;

/// Request of a call about a file.
#[derive(Clone, Copy, Debug)]
enum FileRequest {
    Open {
        flags: i32,
    },
    Stat {
        at: u64,
    },
    Statx {
        at: u64,
    },
    Access {
        mode: i32,
    },
    /// The target of a link, which it is not.
    Link,
}

/// Memory that a writable file of a setting begins with.
const MEMORY: &str = "net.ipv4.vs.";

impl Supervisor {
    /// A call that names a file.
    pub(super) fn of_path(&mut self, call: &Notification) -> Option<Answer> {
        let target = Target(call.thread);
        let Some((folder, path, wish)) = wish(target, call) else { return Some(Answer::Continue) };
        let Ok(Some(path)) = target.text(path, LONGEST) else { return Some(Answer::Continue) };
        if path.is_empty() || !may_be_ours(&path) {
            return Some(Answer::Continue);
        }
        let path = PathBuf::from(std::ffi::OsString::from(String::from_utf8_lossy(&path).into_owned()));
        let path = if path.is_absolute() {
            path
        } else {
            let Some(folder) = target.folder(folder) else { return Some(Answer::Continue) };
            folder.join(path)
        };
        let Some(file) = named(&path) else { return Some(Answer::Continue) };
        let is_theirs = matches!(file, KernelFile::Modprobe) && path.exists();
        if is_theirs || file.is_of_network() && !self.is_here(target) {
            return Some(Answer::Continue);
        }
        let is_root = target.status().is_root();
        let (id, thread, waker) = (call.id, call.thread, self.waker.clone());
        self.files.submit(move |director| {
            let reply = match file_reply(director, &file, wish, target, is_root) {
                Ok(reply) => reply,
                // Without a director there is no such file.
                Err(Gone) => Reply::Plain(Answer::Continue),
            };
            let reply = match reply {
                Reply::Descriptor { source, is_high, close_on_exec, setting, .. } => {
                    Reply::Descriptor { source, is_high, close_on_exec, thread, setting }
                }
                Reply::Plain(answer) => Reply::Plain(answer),
            };
            waker.finish(Completion::Call { id, answer: reply });
        });
        None
    }

    /// A write to a descriptor of ours: to a setting, or to a socket, which the kernel carries out.
    pub(super) fn write(&mut self, call: &Notification) -> Option<Answer> {
        let target = Target(call.thread);
        let Some(name) = self.setting(target, call.args[0] as u32) else { return Some(Answer::Continue) };
        let value = match written(target, call) {
            Ok(value) => value,
            Err(errno) => return Some(Answer::Error(errno as i32)),
        };
        let (id, waker) = (call.id, self.waker.clone());
        self.files.submit(move |director| {
            let answer = match set(director, name, &value) {
                Ok(()) => Answer::Value(i64::try_from(value.len()).unwrap_or(i64::MAX)),
                Err(errno) => Answer::Error(errno),
            };
            waker.finish(Completion::Call { id, answer: Reply::Plain(answer) });
        });
        None
    }

    /// The setting that a descriptor writes.
    fn setting(&self, target: Target, fd: u32) -> Option<String> {
        let link = target.link(fd)?;
        let text = link.to_str()?;
        if let Some(name) = text.strip_prefix("/memfd:").and_then(|text| text.strip_prefix(MEMORY)) {
            return Some(name.trim_end_matches(" (deleted)").to_owned());
        }
        let number = super::target::socket_number(&link)?;
        self.settings.get(&number).map(|setting| setting.name.clone())
    }

    /// Carries out what was written behind our back before anything else is looked at.
    pub(super) fn settle(&mut self) {
        let mut ended = Vec::new();
        for (number, Setting { ours, name }) in &self.settings {
            let mut value = vec![0; VALUE];
            loop {
                match recv(ours.as_raw_fd(), &mut value, MsgFlags::MSG_DONTWAIT) {
                    Ok(0) => {
                        ended.push(*number);
                        break;
                    }
                    Ok(len) => {
                        let (name, value) = (name.clone(), value[..len].to_vec());
                        // Nobody waits for the outcome.
                        self.files.submit(move |director| {
                            let _ = set(director, name, &value);
                        });
                    }
                    Err(_) => break,
                }
            }
        }
        for number in ended {
            self.settings.remove(&number);
        }
    }

    /// Keeps a setting that is open.
    pub(super) fn keep_setting(&mut self, number: u64, setting: Setting) {
        if self.watch(&setting.ours, token(number, SETTING)).is_ok() {
            self.settings.insert(number, setting);
        }
    }
}

/// The folder, the path and what is wanted.
fn wish(target: Target, call: &Notification) -> Option<(i32, u64, FileRequest)> {
    let [a, b, c, _, e, _] = call.args;
    #[cfg(target_arch = "x86_64")]
    let cwd = libc::AT_FDCWD;
    Some(match i64::from(call.call) {
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => (cwd, a, FileRequest::Open { flags: b as i32 }),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_stat | libc::SYS_lstat => (cwd, a, FileRequest::Stat { at: b }),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_access => (cwd, a, FileRequest::Access { mode: b as i32 }),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_readlink => (cwd, a, FileRequest::Link),
        libc::SYS_readlinkat => (a as i32, b, FileRequest::Link),
        libc::SYS_openat => (a as i32, b, FileRequest::Open { flags: c as i32 }),
        libc::SYS_openat2 => {
            let flags = u64::from_ne_bytes(target.number(c).ok()?);
            (a as i32, b, FileRequest::Open { flags: flags as i32 })
        }
        libc::SYS_newfstatat => (a as i32, b, FileRequest::Stat { at: c }),
        libc::SYS_statx => (a as i32, b, FileRequest::Statx { at: e }),
        libc::SYS_faccessat | libc::SYS_faccessat2 => (a as i32, b, FileRequest::Access { mode: c as i32 }),
        _ => return None,
    })
}

fn file_reply(
    director: &mut Director,
    file: &KernelFile,
    wish: FileRequest,
    target: Target,
    is_root: bool,
) -> Result<Reply, Gone> {
    if let KernelFile::Setting(name) = file
        && director.query(Query::Sysctls(Some(name.clone())))?.is_err()
    {
        return Ok(Reply::Plain(Answer::Continue));
    }
    director.is_there()?;
    let mode = match file {
        KernelFile::Settings | KernelFile::ModuleFolder => libc::S_IFDIR | 0o555,
        KernelFile::Setting(_) => libc::S_IFREG | 0o644,
        KernelFile::Proc(ProcFile::Status) => libc::S_IFREG | 0o440,
        KernelFile::Proc(_) | KernelFile::Modules | KernelFile::Module(_) | KernelFile::Modprobe => {
            libc::S_IFREG | 0o444
        }
    };
    // As if it had been made just now: what is in it has.
    let told = stat::FileStat { mode, inode: 1, modified: 0 };
    let put = |at, bytes: Vec<u8>| match target.write(&[(at, &bytes)]) {
        Ok(()) => Answer::Value(0),
        Err(errno) => Answer::Error(errno as i32),
    };
    Ok(Reply::Plain(match wish {
        FileRequest::Stat { at } => put(at, stat::stat(&told)),
        FileRequest::Statx { at } => put(at, stat::statx(&told)),
        FileRequest::Access { mode: wanted } => {
            let readable = wanted & libc::W_OK == 0 || is_root && mode & 0o200 != 0;
            let runs = wanted & libc::X_OK == 0 || mode & 0o111 != 0;
            if readable && runs { Answer::Value(0) } else { Answer::Error(libc::EACCES) }
        }
        FileRequest::Link => Answer::Error(libc::EINVAL),
        FileRequest::Open { flags } => return open(director, file, flags, is_root),
    }))
}

fn open(director: &mut Director, file: &KernelFile, flags: i32, is_root: bool) -> Result<Reply, Gone> {
    let writes = flags & libc::O_ACCMODE != libc::O_RDONLY;
    if writes && !(is_root && matches!(file, KernelFile::Setting(_))) {
        return Ok(Reply::Plain(Answer::Error(libc::EACCES)));
    }
    let close_on_exec = flags & libc::O_CLOEXEC != 0;
    let made = match file {
        KernelFile::Settings | KernelFile::ModuleFolder => empty_folder(),
        KernelFile::Setting(name) if flags & libc::O_ACCMODE == libc::O_WRONLY => {
            return Ok(pair(name, close_on_exec));
        }
        file => memory(director, file, writes)?,
    };
    Ok(match made {
        Ok(source) => Reply::Descriptor { source, is_high: writes, close_on_exec, thread: 0, setting: None },
        Err(_) => Reply::Plain(Answer::Error(libc::EIO)),
    })
}

fn write_text(
    director: &mut Director,
    file: &KernelFile,
    out: &mut dyn Write,
) -> Result<io::Result<()>, Gone> {
    Ok(match file {
        KernelFile::Proc(file) => match file.write(out, director) {
            Ok(()) => Ok(()),
            Err(ProcError::Ask(Gone)) => return Err(Gone),
            Err(ProcError::Refused(_)) => Err(io::ErrorKind::Other.into()),
            Err(ProcError::Write(error)) => Err(error),
        },
        KernelFile::Setting(name) => match director.query(Query::Sysctls(Some(name.clone())))? {
            Ok(TableReply::Sysctls(entries)) => {
                entries.into_iter().try_for_each(|entry| writeln!(out, "{}", entry.value))
            }
            _ => Ok(()),
        },
        KernelFile::Modules => {
            out.write_all(&modules(&fs::read_to_string("/proc/modules").unwrap_or_default()))
        }
        KernelFile::Modprobe => out.write_all(&modprobe_conf()),
        KernelFile::Module(line) => writeln!(out, "{line}"),
        KernelFile::Settings | KernelFile::ModuleFolder => Ok(()),
    })
}

/// A folder without a name. What is in ours is found by name only.
fn empty_folder() -> io::Result<OwnedFd> {
    let path = std::env::temp_dir().join(format!("tunvs-exec-{}", std::process::id()));
    fs::create_dir(&path)?;
    let folder = File::open(&path);
    fs::remove_dir(&path)?;
    Ok(folder?.into())
}

/// A file in memory, which can be read only unless it is of a setting that is written, too.
fn memory(director: &mut Director, file: &KernelFile, writes: bool) -> Result<io::Result<OwnedFd>, Gone> {
    let name = match file {
        KernelFile::Setting(name) => format!("{MEMORY}{name}"),
        _ => "ipvs".to_owned(),
    };
    let memory = match memfd_create(name.as_str(), MFdFlags::MFD_CLOEXEC) {
        Ok(memory) => File::from(memory),
        Err(error) => return Ok(Err(error.into())),
    };
    let mut out = BufWriter::new(&memory);
    let written = write_text(director, file, &mut out)?.and_then(|()| out.flush());
    let path = format!("/proc/self/fd/{}", memory.as_raw_fd());
    let open = || File::options().read(true).write(writes).open(Path::new(&path)).map(OwnedFd::from);
    Ok(written.and_then(|()| open()))
}

fn pair(name: &str, close_on_exec: bool) -> Reply {
    let made = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC);
    match made {
        Ok((source, ours)) => {
            let setting = Some(Setting { ours, name: name.to_owned() });
            Reply::Descriptor { source, is_high: true, close_on_exec, thread: 0, setting }
        }
        Err(_) => Reply::Plain(Answer::Error(libc::EMFILE)),
    }
}

/// Bytes that a call writes, up to a page.
fn written(target: Target, call: &Notification) -> Result<Vec<u8>, nix::errno::Errno> {
    const MOST_PIECES: u64 = 16;
    let [_, at, len, ..] = call.args;
    let pieces = if i64::from(call.call) == libc::SYS_writev {
        let mut pieces = Vec::new();
        for number in 0..len.min(MOST_PIECES) {
            let base = u64::from_ne_bytes(target.number(at + number * 16)?);
            let len = u64::from_ne_bytes(target.number(at + number * 16 + 8)?);
            pieces.push((base, len));
        }
        pieces
    } else {
        vec![(at, len)]
    };
    let mut value = Vec::new();
    for (at, len) in pieces {
        let room = VALUE - value.len();
        let mut piece = vec![0; usize::try_from(len).unwrap_or(VALUE).min(room)];
        target.read(at, &mut piece)?;
        value.extend(piece);
    }
    Ok(value)
}

/// Sets a setting; the errno is the kernel's.
fn set(director: &mut Director, name: String, value: &[u8]) -> Result<(), i32> {
    let value = String::from_utf8_lossy(value).trim_end_matches(['\n', '\0']).to_owned();
    match director.apply(Command::SetSysctl { name, value }) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.errno()),
        Err(Gone) => Err(libc::ENOENT),
    }
}
