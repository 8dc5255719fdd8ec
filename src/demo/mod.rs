//! `tunvs demo`: the LVS-NAT walk-through, with nothing to install and nothing changed on this machine.
//!
//! Owns the namespaces that it makes (client, director, two real servers, a switch), the tiny web servers in them
//! and the child process that is the director. Never touches the network of the caller: the first thing it does
//! is to leave it. Called by the command line; blocks until the walk is over.

mod error;
mod http;
mod netns;
mod process;
mod terminal;
mod topology;
mod wait;
mod walk;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

pub use error::DemoError;
use process::{Director, Programs};
use terminal::Terminal;
use topology::Topology;
use walk::Walk;

#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Leave everything up after the walk, until a signal comes.
    pub keep: bool,
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
