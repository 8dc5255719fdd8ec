//! Orders to the process that starts programs, and what it reports of each: packets of a socket pair, and a pipe that goes along with each
//! order. A process that has become a program has left its end of that pipe.

use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{self, AddressFamily, SockFlag, SockType};
use nix::unistd::Pid;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::order::{Order, StartError};
use super::program::Program;
use lvs_config::programs;
use lvs_sys::descriptors::{self, Received};

/// The longest order.
const LONGEST: usize = 256 << 10;

/// Time for a program to be started, and for the process that starts it to say so.
const LIMIT: Duration = Duration::from_secs(10);

/// Outcome of an order; one on each line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Report {
    Started(i32),
    /// A process that could not become a program: a number of errno(3).
    NotRun(i32),
    Refused(String),
}

impl Report {
    pub(super) fn write(&self, mut to: impl Write) -> io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        to.write_all(&line)
    }
}

/// Two ends that keep messages apart.
pub(super) fn pair() -> io::Result<(UnixStream, OwnedFd)> {
    let (ours, theirs) =
        socket::socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
    Ok((UnixStream::from(ours), theirs))
}

pub(super) fn put(socket: &UnixStream, value: &impl Serialize, fds: &[OwnedFd]) -> io::Result<()> {
    let bytes = serde_json::to_vec(value)?;
    if bytes.len() > LONGEST {
        return Err(io::ErrorKind::ArgumentListTooLong.into());
    }
    descriptors::send(socket, &bytes, fds).map(drop)
}

/// The next message and its descriptors. None: the other side has ended.
pub(super) fn take<T: DeserializeOwned>(socket: &UnixStream) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut bytes = vec![0; LONGEST];
    loop {
        return match descriptors::receive(socket, &mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
            Ok(Received { len: 0, .. }) => Ok(None),
            Ok(Received { len, fds }) => Ok(Some((serde_json::from_slice(&bytes[..len])?, fds))),
        };
    }
}

/// Has a program started by the process at the other end.
pub(super) fn send(
    socket: &UnixStream,
    order: &Order,
    given: Option<OwnedFd>,
) -> Result<Program, StartError> {
    if let Order::Script(script) = order {
        programs::look(script)?;
    }
    let not_started = |error: io::Error| StartError::NotStarted(error.to_string());
    let (reader, writer) = io::pipe().map_err(not_started)?;
    let fds: Vec<OwnedFd> = [OwnedFd::from(writer)].into_iter().chain(given).collect();
    put(socket, order, &fds).map_err(not_started)?;
    drop(fds);
    let reports = read(reader);
    let started = reports.iter().find_map(|report| match report {
        Report::Started(pid) => Some(Program::of(Pid::from_raw(*pid))),
        _ => None,
    });
    for report in reports {
        match report {
            Report::Started(_) => {}
            Report::NotRun(errno) => {
                if let Some(mut ended) = started {
                    let _ = ended.wait();
                }
                return Err(order.failed(io::Error::from_raw_os_error(errno)));
            }
            Report::Refused(why) => return Err(StartError::NotStarted(why)),
        }
    }
    started.ok_or_else(|| StartError::NotStarted("it has ended, or hangs: restart tunvs".to_owned()))
}

/// All that is reported before the other side leaves its end, or the time is up.
fn read(mut reader: PipeReader) -> Vec<Report> {
    let mut said = Vec::new();
    let limit = PollTimeout::try_from(LIMIT).unwrap_or(PollTimeout::MAX);
    let mut part = [0; 4096];
    loop {
        match poll(&mut [PollFd::new(reader.as_fd(), PollFlags::POLLIN)], limit) {
            Ok(0) => break,
            Err(nix::errno::Errno::EINTR) => continue,
            Ok(_) | Err(_) => {}
        }
        match reader.read(&mut part) {
            Ok(0) => break,
            Ok(len) => said.extend_from_slice(&part[..len]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    said.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn an_order_arrives_whatever_bytes_a_path_has() {
        let (ours, theirs) = pair().unwrap();
        let binary = OsString::from_vec(b"/opt/\xff\n".to_vec());
        put(&ours, &Order::Look(binary.clone()), &[theirs.try_clone().unwrap()]).unwrap();
        let theirs = UnixStream::from(theirs);
        let (order, fds): (Order, _) = take(&theirs).unwrap().unwrap();
        assert!(matches!(order, Order::Look(arrived) if arrived == binary));
        assert_eq!(fds.len(), 1);
        drop(ours);
        assert!(take::<Order>(&theirs).unwrap().is_none());
    }

    #[test]
    fn what_becomes_of_an_order_is_told() {
        let (ours, theirs) = pair().unwrap();
        let theirs = UnixStream::from(theirs);
        let answer = move |reports: &[Report]| {
            let (_, mut fds) = take::<Order>(&theirs).unwrap().unwrap();
            let to = std::fs::File::from(fds.remove(0));
            reports.iter().for_each(|report| report.write(&to).unwrap());
        };
        let order = Order::Successor("/opt/tunvs".into());
        std::thread::scope(|scope| {
            let answering = scope.spawn(|| {
                answer(&[Report::NotRun(libc::EACCES)]);
                answer(&[Report::Refused("no".to_owned())]);
                answer(&[]);
                answer
            });
            let said = [(); 3].map(|()| send(&ours, &order, None).unwrap_err().to_string());
            assert_eq!(said[0], "cannot run /opt/tunvs: Permission denied (os error 13)");
            assert_eq!(said[1], "the process that starts programs does not: no");
            assert!(said[2].contains("it has ended, or hangs"), "{}", said[2]);
            drop(answering.join().unwrap());
        });
        // A process that another test starts may hold the other end for a moment more.
        assert!(matches!(send(&ours, &order, None), Err(StartError::NotStarted(_))));
    }
}
