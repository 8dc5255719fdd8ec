//! `tunvs demo`: the LVS-NAT walk-through, with nothing to install and nothing changed on this machine.
//!
//! Owns the namespaces that it makes (client, director, two real servers, a switch), the tiny web servers in them
//! and the child process that is the director. Never touches the network of the caller: the first thing it does
//! is to leave it. Called by the command line; blocks until the walk is over.

mod http;
mod netns;
mod process;
mod terminal;
mod topology;
mod walk;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use process::{Director, Programs};
use terminal::Terminal;
use topology::Topology;
use walk::Walk;

#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Leave everything up after the walk, until a signal comes.
    pub keep: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(
        "cannot open /dev/net/tun ({0}): load the module `tun`, or let this user read and write the device"
    )]
    Tun(#[source] io::Error),
    #[error(
        "cannot make network namespaces ({0}): run this as root, or allow user namespaces \
         (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns)"
    )]
    Namespace(#[source] io::Error),
    #[error("cannot {doing}: {source}")]
    Netlink { doing: String, source: rtnetlink::Error },
    #[error("cannot {doing}: {source}")]
    Io { doing: String, source: io::Error },
    #[error("the director did not start within {0} s:\n{1}")]
    NotReady(u64, String),
    #[error("interrupted")]
    Interrupted,
    #[error("{0} of the answers differ from what they should be")]
    Differs(usize),
}

impl DemoError {
    fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing: doing.into(), source }
    }

    fn netlink(doing: impl Into<String>) -> impl FnOnce(rtnetlink::Error) -> Self {
        move |source| Self::Netlink { doing: doing.into(), source }
    }
}

/// Builds the little network, walks through the article in it and takes everything down again. Must be called
/// while the process has one thread only: an ordinary user's demo lives in a user namespace.
///
/// # Errors
/// The system does not let it, or an answer was not the one that LVS gives.
pub fn run(options: &Options) -> Result<(), DemoError> {
    check_tun()?;
    let rootless = netns::leave_host()?;
    // From here on there is something to take down, so a signal must not end the process by itself.
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&interrupted)).map_err(DemoError::io("watch signals"))?;
    }
    let programs = Programs::new()?;
    let topology = Topology::build()?;
    for (server, name) in [(&topology.rs1, "rs1"), (&topology.rs2, "rs2")] {
        http::serve(server, name)?;
    }

    let mut walk = Walk::new(&topology, &programs, Terminal::stdout(), &interrupted);
    walk.show_network()?;
    let before = topology.snapshot()?;
    let director = Director::start(&programs, &topology.ds)?;
    let outcome = walk.article();
    if let Err(error) = &outcome {
        walk.note(&format!("the director's log:\n{}{error}", programs.log()))?;
    }
    if options.keep && outcome.is_ok() {
        walk.show_how_to_enter(rootless)?;
        while !interrupted.swap(false, Relaxed) {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    let code = director.stop()?;
    outcome?;
    walk.check_undone(code, &before)?;
    walk.close()
}

fn check_tun() -> Result<(), DemoError> {
    let opened = std::fs::File::options().read(true).write(true).open("/dev/net/tun");
    opened.map(drop).map_err(DemoError::Tun)
}

/// Asks again and again until there is an answer, for `patience` at the most.
#[allow(clippy::disallowed_methods, reason = "the demo waits for real processes in real time")]
fn wait_for<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
