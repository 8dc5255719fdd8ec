//! An interface of the director: its TUN, the threads that serve its queues, and what a successor is given of it.
//!
//! Never decides about packets; that is [`serve`]'s. Opened at the start and for firewall marks, adopted by a successor.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::datapath::{Path, serve};
use super::error::DaemonError;
use super::lookout::Emptied;
use super::supervise::Report;
use super::worker::{Bell, Worker};
use lvs::director::Side;
use lvs_device::{Features, HandedTun, Options, Tun, TunQueue, TunWriter};

/// An interface, and the threads that serve its queues.
#[derive(Debug)]
pub(super) struct Interface {
    // Before the interface, which is gone only when nobody has it.
    workers: Vec<Worker>,
    tun: Arc<Tun>,
    path: Path,
}

impl Interface {
    /// Makes the interface, or joins the one that is left. Until it is served, packets wait in its queues.
    ///
    /// # Errors
    /// The interface cannot be made.
    pub(super) fn open(name: &str, options: Options, path: &Path) -> Result<Self, DaemonError> {
        let tun = match path.left.contains(name) {
            true => Tun::open_left(name, options)?,
            false => Tun::open(name, options)?,
        };
        tracing::info!(device = name, offload = %tun.features(), queues = options.queues, "device up");
        Ok(Self { workers: Vec::new(), tun: Arc::new(tun), path: path.clone() })
    }

    /// Goes on with an interface of the director before, whose descriptors come next. Until it is served, packets wait.
    ///
    /// # Errors
    /// The other director has sent too few.
    pub(super) fn adopt(
        state: &InterfaceState,
        fds: &mut impl Iterator<Item = OwnedFd>,
        path: &Path,
    ) -> Result<Self, DaemonError> {
        let queues: Vec<OwnedFd> = fds.take(state.queues).collect();
        let tunnels = if state.takes_tunnels_whole { fds.next() } else { None };
        if queues.len() < state.queues || tunnels.is_some() != state.takes_tunnels_whole {
            return Err(DaemonError::start("the take-over")(io::ErrorKind::UnexpectedEof.into()));
        }
        let tun = Tun::adopt(&state.name, Features::agreed(state.features), HandedTun { queues, tunnels });
        Ok(Self { workers: Vec::new(), tun: Arc::new(tun), path: path.clone() })
    }

    /// Returns state and descriptors for [`Self::adopt`].
    ///
    /// # Errors
    /// The system refuses more descriptors.
    pub(super) fn hand_over(&self) -> io::Result<(InterfaceState, Vec<OwnedFd>)> {
        let HandedTun { queues: mut fds, tunnels } = self.tun.hand_over()?;
        let state = InterfaceState {
            name: self.name().to_owned(),
            side: self.path.side.into(),
            queues: fds.len(),
            features: self.tun.features().bits(),
            takes_tunnels_whole: tunnels.is_some(),
        };
        fds.extend(tunnels);
        Ok((state, fds))
    }

    /// Ends the threads of all of these, which are told before the first one is waited for; packets wait in the queues.
    pub(super) fn pause_all<'a>(interfaces: impl Iterator<Item = &'a mut Self>) {
        let mut workers: Vec<Worker> =
            interfaces.flat_map(|interface| std::mem::take(&mut interface.workers)).collect();
        workers.iter_mut().for_each(Worker::stop);
    }

    pub(super) fn name(&self) -> &str {
        self.tun.name()
    }

    /// A way in beside the queues.
    ///
    /// # Errors
    /// The system refuses a descriptor.
    pub(super) fn writer(&self) -> Result<TunWriter, DaemonError> {
        Ok(self.tun.writer()?)
    }

    /// Gives what has it take super-packets inside tunnels, where the kernel may: it takes its time, so that packets come in first.
    pub(super) fn take_tunnels_whole(&self) -> impl FnOnce() + Send + 'static {
        let (tun, tunnels) = (Arc::clone(&self.tun), self.path.tunnels.clone());
        move || {
            let device = tun.name();
            let taken = tunnels.map_or(Ok(()), |tunnels| tun.take_tunnels_whole(&tunnels));
            if let Err(error) = taken {
                tracing::debug!(device, %error, "tunnels are cut packet by packet");
            }
            let tunnels = if tun.takes_tunnels_whole() { "whole" } else { "cut" };
            tracing::info!(device, tunnels, "super-packets in tunnels");
        }
    }

    /// Has it outlive a director that is killed. To be called when the journal knows it.
    ///
    /// # Errors
    /// The driver refuses.
    pub(super) fn keep(&self) -> Result<(), DaemonError> {
        Ok(self.tun.keep()?)
    }

    /// Starts a thread for each of its queues.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(super) fn serve(&mut self) -> Result<(), DaemonError> {
        let queues = self.tun.descriptors().len();
        let emptied = Emptied::of(queues);
        for number in 0..queues {
            let lookout = emptied.lookout(number);
            let (path, tun) = (self.path.clone(), Arc::clone(&self.tun));
            let counters = path.counters.queue(&format!("{}/{number}", self.name()));
            let report = Report { clock: path.clock, ended: path.ended.clone() };
            let neighbours = Arc::clone(&path.neighbours);
            let counted = Arc::clone(&counters);
            let open = move || {
                let queue = tun.queue(number).map_err(io::Error::other)?;
                let queue = queue.ok_or_else(|| io::Error::other("there is no such queue"))?;
                queue.register(Arc::clone(&neighbours))
            };
            let serving = async move |device: TunQueue, bell: &mut Bell| {
                serve(device, &path, &counters, lookout.clone(), bell).await
            };
            let thread = format!("{}/{number}", self.name());
            let on_panic = move || counted.panicked();
            self.workers.push(Worker::start(thread, open, report, on_panic, serving)?);
        }
        if !matches!(self.path.side, Side::Mark(_)) {
            let ringers = self.workers.iter().filter_map(Worker::ringer).collect();
            self.path.fast.queues.add(self.path.side, self.name(), ringers);
        }
        Ok(())
    }
}

/// An interface: a descriptor for each queue, then one for what takes tunnels whole.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct InterfaceState {
    pub(super) name: String,
    pub(super) side: SideState,
    pub(super) queues: usize,
    /// Bits of the offload.
    pub(super) features: u32,
    pub(super) takes_tunnels_whole: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SideState {
    Client,
    Server,
    Mark(u32),
}

impl From<Side> for SideState {
    fn from(side: Side) -> Self {
        match side {
            Side::Client => Self::Client,
            Side::Server => Self::Server,
            Side::Mark(mark) => Self::Mark(mark),
        }
    }
}

impl From<SideState> for Side {
    fn from(side: SideState) -> Self {
        match side {
            SideState::Client => Self::Client,
            SideState::Server => Self::Server,
            SideState::Mark(mark) => Self::Mark(mark),
        }
    }
}
