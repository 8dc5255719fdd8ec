//! The supervisor: hears of a program's calls and answers them, until the last process with the filter has ended.
//!
//! The loop never waits for the director: other threads ask it, and ring when they know. One more thread hears calls
//! ([`super::listen`]); whoever of the two has something to do holds the supervisor.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};

use lvs_sys::seccomp::{self, Answer, Notification};

use super::children::Children;
use super::clock::now;
use super::descriptors::Descriptors;
use super::director::{ServiceSnapshot, Threads};
use super::emulated::Emulated;
use super::places::Places;
use super::target::Target;

/// Threads that ask the director about messages.
const ASKING: usize = 4;

/// Cost of answers at most that are kept for programs that do not read them, all together.
pub(super) const MOST_HELD: usize = 64 << 20;

/// How often calls that wait for a message are looked at.
const TICK: Duration = Duration::from_millis(20);

/// How often it is looked who still has emulated sockets.
const SWEEP: Duration = Duration::from_secs(5);

/// Events at a time.
const EVENTS: usize = 64;

/// Result of a thread's work, for the loop.
pub(super) enum Completion {
    /// The answers to a message of that socket, and what a dump has told besides.
    Answers { socket: u64, answers: Vec<Vec<u8>>, snapshot: Option<ServiceSnapshot>, is_alive: bool },
    /// Whether the director answers, before that message of that socket goes to the kernel.
    Alive { socket: u64, is_alive: bool, message: Vec<u8> },
    /// The answer to a call.
    Call { id: u64, answer: Reply },
}

/// How a call is answered that a thread has carried out.
#[derive(Debug)]
pub(super) enum Reply {
    Plain(Answer),
    /// By a new descriptor for that thread, of the emulated ones if it is high.
    Descriptor {
        source: OwnedFd,
        is_high: bool,
        close_on_exec: bool,
        thread: i32,
        setting: Option<Setting>,
    },
}

/// A setting that is open for writing.
#[derive(Debug)]
pub(super) struct Setting {
    /// The end that what is written comes to.
    pub(super) ours: OwnedFd,
    pub(super) name: String,
}

/// The place of a new descriptor: in that thread, under a number that is this one at least.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) thread: i32,
    pub(super) least: u32,
}

/// Threads' way to the loop.
#[derive(Clone)]
pub(super) struct Waker {
    completions: Sender<Completion>,
    event: Arc<EventFd>,
}

impl Waker {
    pub(super) fn finish(&self, completion: Completion) {
        let _ = self.completions.send(completion);
        self.wake();
    }

    pub(super) fn wake(&self) {
        let _ = self.event.write(1);
    }
}

pub(super) struct Supervisor {
    pub(super) listener: Arc<OwnedFd>,
    pub(super) descriptors: Descriptors,
    pub(super) sockets: HashMap<u64, Emulated>,
    /// Places where they were seen last.
    pub(super) places: Places,
    /// Sockets by their addresses.
    pub(super) ports: HashMap<u32, u64>,
    /// Sockets that calls wait at, and such that have sent more than their share of a round.
    pub(super) waiting: BTreeSet<u64>,
    pub(super) unserved: Vec<u64>,
    /// Room for a datagram.
    pub(super) room: Vec<u8>,
    pub(super) settings: HashMap<u64, Setting>,
    /// The network that the director's programs are in, and the user namespace whose privileges count.
    pub(super) network: Option<PathBuf>,
    pub(super) users: Option<PathBuf>,
    pub(super) asking: Threads,
    /// Asked in order, for files and settings.
    pub(super) files: Threads,
    pub(super) waker: Waker,
    completions: Receiver<Completion>,
    pub(super) snapshots: HashMap<i32, ServiceSnapshot>,
    /// When the director answered last.
    pub(super) alive: Option<Instant>,
    /// Cost of the answers that wait.
    pub(super) held: usize,
    pub(super) epoll: Arc<Epoll>,
    children: Children,
    pub(super) swept: Instant,
    /// When waiting calls were looked at last.
    looked: Instant,
    /// Sockets that were left at the last look.
    pub(super) left: usize,
    /// How long the loop rests at most unless it is woken. None: for ever.
    rest: Option<Duration>,
}

/// Kinds of events: the low bits of its number.
pub(super) const LISTENER: u64 = 0;
const WAKER: u64 = 1;
const CHILDREN: u64 = 2;
/// Of a socket's own end, and of its relay; the rest is the socket's number.
pub(super) const PAIR: u64 = 3;
pub(super) const RELAY: u64 = 4;
/// Of a setting that is open.
pub(super) const SETTING: u64 = 5;
const KIND_BITS: u32 = 3;

pub(super) const fn token(socket: u64, kind: u64) -> u64 {
    socket << KIND_BITS | kind
}

impl Supervisor {
    /// # Errors
    /// No descriptors are left.
    pub(super) fn new(
        listener: OwnedFd,
        descriptors: Descriptors,
        path: &std::path::Path,
        children: Children,
    ) -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let waker = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
        let (sender, completions) = mpsc::channel();
        epoll.add(&listener, EpollEvent::new(EpollFlags::empty(), LISTENER))?;
        epoll.add(waker.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, WAKER))?;
        epoll.add(children.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, CHILDREN))?;
        Ok(Self {
            listener: Arc::new(listener),
            descriptors,
            sockets: HashMap::new(),
            places: Places::default(),
            ports: HashMap::new(),
            waiting: BTreeSet::new(),
            unserved: Vec::new(),
            room: Vec::new(),
            settings: HashMap::new(),
            network: Target::own().network(),
            users: Target::own().users(),
            asking: Threads::start(ASKING, path),
            files: Threads::start(1, path),
            waker: Waker { completions: sender, event: waker },
            completions,
            snapshots: HashMap::new(),
            alive: None,
            held: 0,
            epoll: Arc::new(epoll),
            children,
            swept: now(),
            looked: now(),
            left: 0,
            rest: None,
        })
    }

    /// Answers calls until there is nobody left who could make one.
    ///
    /// # Errors
    /// The kernel refuses what it must not, or no thread can be started.
    pub(super) fn run(self) -> io::Result<()> {
        seccomp::wake_at_once(&self.listener);
        let (epoll, waker) = (Arc::clone(&self.epoll), self.waker.clone());
        let shared = Arc::new(Mutex::new(self));
        Self::listen(&shared, waker)?;
        let mut events = [EpollEvent::empty(); EVENTS];
        let mut rest = EpollTimeout::ZERO;
        loop {
            let count = match epoll.wait(&mut events, rest) {
                Ok(count) => count,
                Err(Errno::EINTR) => 0,
                Err(error) => return Err(error.into()),
            };
            let mut supervisor = shared.lock().map_err(|_| io::Error::other("a thread has failed"))?;
            if !supervisor.act(&events[..count]) {
                return Ok(());
            }
            supervisor.rest = supervisor.patience();
            rest = supervisor
                .rest
                .map_or(EpollTimeout::NONE, |rest| rest.try_into().unwrap_or(EpollTimeout::NONE));
        }
    }

    /// Does what there is to do. False: there is nobody left.
    fn act(&mut self, events: &[EpollEvent]) -> bool {
        for event in events {
            let kind = event.data() & ((1 << KIND_BITS) - 1);
            let socket = event.data() >> KIND_BITS;
            match kind {
                LISTENER => {
                    self.children.reap_all();
                    return false;
                }
                WAKER => self.be_told(),
                CHILDREN => self.children.reap(),
                PAIR => self.serve(socket),
                RELAY => self.relay(socket),
                _ => self.settle(),
            }
        }
        for socket in std::mem::take(&mut self.unserved) {
            self.serve(socket);
        }
        if !self.waiting.is_empty() && self.looked.elapsed() >= TICK {
            self.looked = now();
            self.look_at_waiting();
        }
        if !self.sockets.is_empty() && self.swept.elapsed() > SWEEP {
            self.sweep();
        }
        true
    }

    fn patience(&self) -> Option<Duration> {
        if !self.unserved.is_empty() {
            return Some(Duration::ZERO);
        }
        match (self.waiting.is_empty(), self.sockets.is_empty()) {
            (false, _) => Some(TICK),
            (true, false) => Some(SWEEP),
            (true, true) => None,
        }
    }

    /// Wakes the loop where it would rest longer than it may by now.
    pub(super) fn hurry(&mut self) {
        let limit = self.patience();
        if limit.is_some_and(|limit| self.rest.is_none_or(|rest| limit < rest)) {
            self.rest = limit;
            self.waker.wake();
        }
    }

    /// Answers a call at once, or later.
    pub(super) fn decide(&mut self, call: &Notification) {
        let decided = if call.thread == 0 { Some(Answer::Continue) } else { self.of_call(call) };
        if let Some(answer) = decided {
            self.answer(call.id, answer);
        }
    }

    fn of_call(&mut self, call: &Notification) -> Option<Answer> {
        match i64::from(call.call) {
            libc::SYS_socket => self.open_socket(call),
            libc::SYS_recvfrom | libc::SYS_recvmsg | libc::SYS_recvmmsg => self.receive(call),
            libc::SYS_bind
            | libc::SYS_connect
            | libc::SYS_getsockname
            | libc::SYS_getpeername
            | libc::SYS_dup
            | libc::SYS_listen
            | libc::SYS_accept
            | libc::SYS_accept4
            | libc::SYS_shutdown
            | libc::SYS_fcntl
            | libc::SYS_setsockopt
            | libc::SYS_getsockopt => self.of_socket(call),
            libc::SYS_write | libc::SYS_writev | libc::SYS_pwrite64 => self.write(call),
            _ => self.of_path(call),
        }
    }

    /// False: nobody waits for it any more.
    pub(super) fn answer(&self, id: u64, answer: Answer) -> bool {
        seccomp::answer(&self.listener, id, answer).is_ok()
    }

    fn be_told(&mut self) {
        let _ = self.waker.event.read();
        while let Ok(completion) = self.completions.try_recv() {
            match completion {
                Completion::Answers { socket, answers, snapshot, is_alive } => {
                    self.alive = is_alive.then(now);
                    self.answered(socket, answers, snapshot);
                }
                Completion::Alive { socket, is_alive, message } => {
                    self.alive = is_alive.then(now);
                    self.pass_on(socket, &message);
                }
                Completion::Call { id, answer } => self.reply(id, answer),
            }
        }
    }

    fn reply(&mut self, id: u64, reply: Reply) {
        match reply {
            Reply::Plain(answer) => {
                self.answer(id, answer);
            }
            Reply::Descriptor { source, is_high, close_on_exec, thread, setting } => {
                let number = super::target::number(&source);
                let place = is_high.then_some(Place { thread, least: 0 });
                let given = self.give(id, &source, place, close_on_exec);
                if let (Some(_), Some(setting), Some(number)) = (given, setting, number) {
                    self.keep_setting(number, setting);
                }
            }
        }
    }

    /// Answers a call with a descriptor: of the emulated ones where a place is told.
    pub(super) fn give(
        &self,
        id: u64,
        source: &impl AsRawFd,
        high: Option<Place>,
        close_on_exec: bool,
    ) -> Option<i32> {
        let free = |Place { thread, least }| {
            let numbers = self.descriptors.all().filter(|number| *number >= least);
            Target(thread).free(numbers, &self.listener)
        };
        let at = match high.map(free) {
            Some(None) => {
                self.answer(id, Answer::Error(libc::EMFILE));
                return None;
            }
            Some(at) => at,
            None => None,
        };
        match seccomp::answer_with_descriptor(&self.listener, id, source, at, close_on_exec) {
            Ok(fd) => Some(fd),
            Err(error) => {
                // EBADF says that the number is beyond the program's limit.
                let number = error.raw_os_error().filter(|number| *number != libc::EBADF);
                self.answer(id, Answer::Error(number.unwrap_or(libc::EMFILE)));
                None
            }
        }
    }

    /// Hears of a descriptor.
    pub(super) fn watch(&self, fd: &impl AsFd, token: u64) -> nix::Result<()> {
        self.epoll.add(fd, EpollEvent::new(EpollFlags::EPOLLIN, token))
    }

    /// Says what is to be heard of a socket's pair: requests only while none is under way, room while answers wait for it.
    pub(super) fn rewatch(&mut self, number: u64) {
        let Some(socket) = self.sockets.get_mut(&number) else { return };
        let mut flags = EpollFlags::empty();
        if !socket.is_busy && !socket.is_shut {
            flags |= EpollFlags::EPOLLIN;
        }
        if socket.has_rest() {
            flags |= EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
        }
        if socket.heard == flags {
            return;
        }
        socket.heard = flags;
        let _ = self.epoll.modify(&socket.ours, &mut EpollEvent::new(flags, token(number, PAIR)));
    }
}

impl std::fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Supervisor").field("sockets", &self.sockets.len()).finish_non_exhaustive()
    }
}
