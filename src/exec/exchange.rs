//! Messages through emulated sockets: requests to the director or the kernel, answers to the program.

use std::time::Duration;

use lvs::director::{Command, CommandError, Query, Reply};
use lvs_netlink::{Dialogue, Gone, Messages, Tables, listing, with_family};
use lvs_sys::seccomp::{self, Answer, Notification};
use nix::errno::Errno;

use super::clock::now;
use super::director::{CachedTables, ServiceSnapshot};
use super::emulated::Emulated;
use super::receive::{Receive, Waiting};
use super::supervisor::{Completion, MOST_HELD, Supervisor};
use super::target::{Status, Target};

/// So long it goes without saying that the director is still there.
const ALIVE: Duration = Duration::from_millis(20);

/// So long an answer may take before a signal ends the waiting for it.
const ANSWERED: Duration = Duration::from_secs(1);

/// `ERESTARTSYS`: the kernel makes the call again where the signal's action says so (`SA_RESTART`). Only for a thread that takes the
/// signal for sure, since to another it would be an error of no name.
const RESTART: i32 = 512;

/// Messages that are taken up for one program before the others have their turn.
const SHARE: usize = 64;

/// Processes whose dumps are remembered.
const SNAPSHOTS: usize = 16;

impl Supervisor {
    /// Takes up what a program has sent, unless the director is being asked for it; not more than its share of a round.
    pub(super) fn serve(&mut self, number: u64) {
        let mut left = SHARE;
        loop {
            let Some(socket) = self.sockets.get_mut(&number) else { return };
            let before = socket.weight();
            socket.flush();
            if socket.has_dump() && socket.is_drained() {
                socket.go_on_with_dump();
            }
            self.held = self.held + socket.weight() - before;
            socket.has_more = left == 0 && !socket.is_busy;
            if socket.is_busy {
                break;
            }
            if socket.has_more {
                self.unserved.push(number);
                break;
            }
            left -= 1;
            if let Some(message) = socket.next_message() {
                self.take_up(number, message);
                continue;
            }
            if !socket.take_datagram(&mut self.room) {
                break;
            }
            self.settle_address(number);
        }
        self.rewatch(number);
        self.deliver(number);
    }

    /// Takes up one message.
    fn take_up(&mut self, number: u64, bytes: Vec<u8>) {
        let Some(message) = Messages(&bytes).next() else { return };
        let Some(socket) = self.sockets.get_mut(&number) else { return };
        let is_dumping = socket.has_dump();
        if is_dumping && message.asks_for_dump() && !socket.dialogue.is_ours(&message) {
            let errno = socket.errno_while_dumping(&message, &mut self.room);
            let refusal = socket.dialogue.refuse(&message, errno);
            self.queue(number, vec![refusal]);
            return;
        }
        if !socket.dialogue.is_ours(&message) {
            if listing(&message) {
                socket.listings.push(message.header.seq);
                socket.is_busy = true;
                let waker = self.waker.clone();
                self.asking.submit(move |director| {
                    let is_alive = director.is_there().is_ok();
                    waker.finish(Completion::Alive { socket: number, is_alive, message: bytes });
                });
                return;
            }
            self.pass_on(number, &bytes);
            return;
        }
        let dialogue = Dialogue { is_dumping, ..socket.dialogue };
        socket.room_of_request = dialogue.room;
        let opener = socket.opener;
        let mut snapshot = self.snapshots.remove(&opener);
        let is_there = self.alive.is_some_and(|alive| alive.elapsed() < ALIVE);
        // Alone: without the director, by what is known.
        let cached = CachedTables { director: None, snapshot: &mut snapshot };
        let mut alone = LocalKnowledge { cached, is_there, missed: false };
        let answers = dialogue.answer(&message, &mut alone);
        let missed = alone.missed;
        if !missed {
            self.remember(opener, snapshot);
            self.queue(number, answers);
            return;
        }
        if let Some(socket) = self.sockets.get_mut(&number) {
            socket.is_busy = true;
        }
        let waker = self.waker.clone();
        self.asking.submit(move |director| {
            let mut tables = CachedTables { director: Some(director), snapshot: &mut snapshot };
            let answers = Messages(&bytes).next().map(|message| dialogue.answer(&message, &mut tables));
            let is_alive = director.has_answered();
            let answers = answers.unwrap_or_default();
            waker.finish(Completion::Answers { socket: number, answers, snapshot, is_alive });
        });
    }

    /// A message for another family goes to the kernel, which answers at once.
    pub(super) fn pass_on(&mut self, number: u64, message: &[u8]) {
        let Some(socket) = self.sockets.get_mut(&number) else { return };
        let was_busy = std::mem::take(&mut socket.is_busy);
        // Where none can be opened the message is lost, as with a kernel that has no memory left.
        if self.relay_of(number).is_ok()
            && let Some(socket) = self.sockets.get(&number)
        {
            socket.pass_on(message);
        }
        self.relay_all(number);
        if was_busy {
            self.serve(number);
        }
    }

    fn remember(&mut self, opener: i32, snapshot: Option<ServiceSnapshot>) {
        self.snapshots.retain(|_, snapshot| snapshot.is_fresh());
        if let Some(snapshot) =
            snapshot.filter(|snapshot| snapshot.is_fresh() && self.snapshots.len() < SNAPSHOTS)
        {
            self.snapshots.insert(opener, snapshot);
        }
    }

    /// Takes the answers to a message.
    pub(super) fn answered(&mut self, number: u64, answers: Vec<Vec<u8>>, snapshot: Option<ServiceSnapshot>) {
        let Some(socket) = self.sockets.get_mut(&number) else { return };
        socket.is_busy = false;
        let opener = socket.opener;
        self.remember(opener, snapshot);
        self.queue(number, answers);
        self.serve(number);
    }

    /// Puts answers where the program finds them, of a dump the first part.
    fn queue(&mut self, number: u64, answers: Vec<Vec<u8>>) {
        self.fill(number, |socket| {
            if is_dump(&answers) {
                let messages = answers.iter().flat_map(|datagram| Messages(datagram));
                socket.begin_dump(messages.map(|message| message.bytes.to_vec()).collect());
            } else {
                answers.into_iter().for_each(|answer| socket.put(answer));
            }
        });
    }

    /// Has a socket take something for the program. What nobody reads is thrown away when there is too much of it.
    fn fill(&mut self, number: u64, put: impl FnOnce(&mut Emulated)) {
        let Some(socket) = self.sockets.get_mut(&number) else { return };
        let before = socket.weight();
        put(socket);
        socket.flush();
        self.held = self.held + socket.weight() - before;
        while self.held > MOST_HELD {
            let Some(socket) = self.sockets.values_mut().max_by_key(|socket| socket.weight()) else { return };
            self.held -= socket.weight();
            socket.overrun();
        }
    }

    /// The kernel has answered.
    pub(super) fn relay(&mut self, number: u64) {
        self.relay_all(number);
        self.rewatch(number);
        self.deliver(number);
    }

    fn relay_all(&mut self, number: u64) {
        while let Some(socket) = self.sockets.get_mut(&number) {
            let Some(datagram) = socket.next_from_kernel(&mut self.room) else { return };
            let is_there = self.alive.is_some_and(|alive| alive.elapsed() < ALIVE);
            let datagram = with_family(&datagram, &socket.dialogue, &mut socket.listings, is_there);
            self.fill(number, |socket| socket.put_of_kernel(datagram));
        }
    }

    /// A program takes messages out.
    pub(super) fn receive(&mut self, call: &Notification) -> Option<Answer> {
        let number = self.emulated_at(Target(call.thread), call.args[0] as u32);
        let (Some(number), Some(call)) = (number, Receive::of(call)) else { return Some(Answer::Continue) };
        let refused = |errno: Errno| Some(Answer::Error(errno as i32));
        let most = match call.most() {
            Ok(0) => return Some(Answer::Value(0)),
            Ok(most) => most,
            Err(errno) => return refused(errno),
        };
        let first = match call.buffer(0) {
            Ok(_) if call.is_odd() => return refused(Errno::EOPNOTSUPP),
            Ok(first) => first,
            Err(errno) => return refused(errno),
        };
        let Some(socket) = self.sockets.get_mut(&number) else { return Some(Answer::Continue) };
        socket.waiting.push_back(Waiting { call, most, first, since: now(), until: None, has_waited: false });
        // What it has sent before is answered before, as the kernel would have.
        self.serve(number);
        let socket = self.sockets.get_mut(&number)?;
        if socket.waiting.back().is_some_and(|waiting| !waiting.has_waited) {
            let waits = !call.does_not_wait() && !socket.is_nonblocking();
            let limit = if waits { socket.patience() } else { Some(ANSWERED) };
            let until = limit.map(|limit| now() + limit);
            if let Some(waiting) = socket.waiting.back_mut() {
                (waiting.until, waiting.has_waited) = (until, true);
            }
            self.waiting.insert(number);
        }
        None
    }

    /// Gives messages to calls that wait for them, in order.
    fn deliver(&mut self, number: u64) {
        while let Some(socket) = self.sockets.get_mut(&number) {
            let Some(waiting) = socket.waiting.pop_front() else {
                self.waiting.remove(&number);
                return;
            };
            if waiting.has_waited && !seccomp::waits(&self.listener, waiting.call.id) {
                continue;
            }
            if let Some(waiting) = self.deliver_to(number, waiting) {
                if let Some(socket) = self.sockets.get_mut(&number) {
                    socket.waiting.push_front(waiting);
                }
                return;
            }
        }
    }

    /// Gives messages to a call. Returns one that waits on.
    fn deliver_to(&mut self, number: u64, waiting: Waiting) -> Option<Waiting> {
        let socket = self.sockets.get_mut(&number)?;
        let Waiting { call, most, .. } = waiting;
        let before = socket.weight();
        let mut messages = Vec::new();
        let has_overrun = std::mem::take(&mut socket.has_overrun);
        while !has_overrun && (messages.len() as u64) < most {
            socket.flush();
            let Some(message) = socket.take(call.peeks(), &mut self.room) else { break };
            messages.push(message);
            // Each that is read makes room for the next of a dump.
            socket.dialogue.room = socket.dialogue.room.max(waiting.first.room());
            socket.go_on_with_dump();
            if call.peeks() {
                break;
            }
        }
        self.held = self.held + socket.weight() - before;
        // Who takes many wants all that was asked for.
        let is_served = !socket.is_busy && !socket.has_more;
        if most > 1 && !is_served && !messages.is_empty() {
            if !call.peeks() {
                socket.give_back(messages);
            }
            return Some(waiting);
        }
        let mut taken = 0;
        let answer = if has_overrun {
            Answer::Error(libc::ENOBUFS)
        } else if !messages.is_empty() {
            // Who looks sees the first each time.
            let count = if call.peeks() { most } else { messages.len() as u64 };
            let of_call = (0..count).zip(messages.iter().cycle());
            let put = call.put(&waiting.first, of_call, &|room| socket.beside(room));
            socket.dialogue.room = socket.dialogue.room.max(put.map_or(0, |put| put.room));
            // The first is gone even where it found no memory.
            taken = put.map_or(1, |put| put.count);
            put.map_or_else(|errno| Answer::Error(errno as i32), |put| Answer::Value(put.value))
        } else if (call.does_not_wait() || socket.is_nonblocking()) && is_served {
            Answer::Error(libc::EAGAIN)
        } else {
            return Some(waiting);
        };
        let is_heard = seccomp::answer(&self.listener, call.id, answer).is_ok();
        // A call that was interrupted meanwhile is made again, and must find its messages.
        if !call.peeks() {
            socket.give_back(messages.split_off(if is_heard { taken } else { 0 }));
        }
        None
    }

    /// Ends the waiting of calls whose time is over or whose thread has a signal. The kernel's answer is there before a signal can
    /// come, so a call whose answer is being made is left alone for a while.
    pub(super) fn look_at_waiting(&mut self) {
        let (listener, sockets) = (&self.listener, &mut self.sockets);
        self.waiting.retain(|number| {
            let Some(socket) = sockets.get_mut(number) else { return false };
            let is_busy = socket.is_busy || socket.has_more;
            socket.waiting.retain(|Waiting { call, since, until, .. }| {
                let is_left_alone = is_busy && since.elapsed() < ANSWERED;
                let is_over = until.is_some_and(|until| until <= now());
                let errno = match (is_left_alone, is_over) {
                    (true, _) => None,
                    (false, true) => Some(libc::EAGAIN),
                    (false, false) => interruption(&call.target.status(), until.is_some()),
                };
                let Some(errno) = errno else { return seccomp::waits(listener, call.id) };
                let _ = seccomp::answer(listener, call.id, Answer::Error(errno));
                false
            });
            !socket.waiting.is_empty()
        });
    }
}

/// Error of a call whose thread has a signal; None where it has none.
fn interruption(status: &Status, has_limit: bool) -> Option<i32> {
    if !status.has_signal() {
        None
    } else if !has_limit && status.is_alone() {
        Some(RESTART)
    } else {
        Some(libc::EINTR)
    }
}

/// Whether answers are those of a dump that has anything in it.
fn is_dump(answers: &[Vec<u8>]) -> bool {
    let last = answers.last().and_then(|last| Messages(last).next());
    answers.len() > 1 && last.is_some_and(|last| last.header.is_done())
}

/// Knowledge without asking: the last dump, and whether the director is there.
struct LocalKnowledge<'a> {
    cached: CachedTables<'a>,
    is_there: bool,
    missed: bool,
}

impl Tables for LocalKnowledge<'_> {
    fn apply(&mut self, _: Command) -> Result<Result<(), CommandError>, Gone> {
        self.missed = true;
        Err(Gone)
    }

    fn query(&mut self, query: Query) -> Result<Result<Reply, CommandError>, Gone> {
        let answer = self.cached.query(query);
        self.missed |= answer.is_err();
        answer
    }

    fn is_there(&mut self) -> Result<(), Gone> {
        self.missed |= !self.is_there;
        if self.is_there { Ok(()) } else { Err(Gone) }
    }
}
