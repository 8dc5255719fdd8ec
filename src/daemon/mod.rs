//! The running director: the only place that joins the edges (device, host, configuration, control socket) to the
//! core, and the only one that reads the clock.
//!
//! Owns the order in which things start and stop, the threads and the timers. Never decides about packets or
//! services. Called by the command line.

mod access_files;
mod alarms;
mod answers;
mod begin;
mod changes;
mod checks;
mod clock;
mod commands;
mod conn_file;
mod conn_keeper;
mod conn_restore;
mod counters;
mod datapath;
mod declared_tables;
mod defaults;
mod descriptors;
mod discovery;
mod drain;
mod drain_file;
mod error;
mod execute;
mod exporters;
mod fast_path;
mod fleet;
mod follow_up;
mod history_file;
mod host_events;
mod host_reconciler;
mod interface;
mod journal;
mod kept_tables;
mod left;
mod live_tables;
mod logging;
mod lookout;
mod marks;
mod notify;
mod options;
mod orders;
mod privileges;
mod proc_dir;
mod random;
mod real_server;
mod reload;
mod retirement;
mod rivals;
mod routing_state;
mod service;
mod serving;
mod signals;
mod state_file;
mod supervise;
mod sync;
mod table_file;
mod tasks;
mod totals;
mod upgrade;
mod workable;
mod worker;

use std::path::Path;

use lvs::director::Director;
use lvs_control::socket::ControlSocket;
use lvs_device::TunnelOffload;
use lvs_health::spec::programs;
use lvs_host::{self, CleanedUp, Plumbing, Step};

use crate::sandbox::{self, Sandbox};
use crate::starter::{self, Bounds};
use begin::Started;
pub(crate) use clock::Clock;
use datapath::Programs;
pub use error::DaemonError;
use fast_path::FastPathControl;
pub use fast_path::FastPathOptions;
pub use fleet::FleetOptions;
pub use journal::journal_path;
pub use logging::{LogError, LogFormat, start as start_logging};
pub use options::Options;
pub use real_server::{Options as RealServerOptions, dry_run as real_server_dry_run, run as run_real_server};
pub use reload::tell;
use serving::Ending;
pub use sync::channel::{SecretError, SyncOptions};
use upgrade::Successor;
pub use upgrade::{attend, formats, refuse_predecessor};

/// Returns what running with these options would do to the host, as steps that print as commands.
///
/// # Errors
/// The host cannot be read, the configuration is wrong, no interface can be called so, or the host has no room for the rules.
pub fn dry_run(options: Options) -> Result<Vec<Step>, DaemonError> {
    let director = Director::new(options.core.clone());
    for command in options.declared.commands() {
        director.apply(&command, Clock::start().now())?;
    }
    let runtime = control_runtime()?;
    let captures = director.captures();
    let mark_tuns = marks::names(&options.tun_prefix, &captures);
    let announced = options.fleet.addresses(&options.declared);
    let (host, tuns) = (options.host_options(None), options.tun_names());
    [&tuns.vip, &tuns.rs].into_iter().try_for_each(|name| lvs_device::check(name, options.device))?;
    let plan = Plumbing::dry_run(host, tuns, &captures, &mark_tuns, announced);
    Ok(runtime.block_on(plan)?)
}

/// Undoes what a killed director left behind.
///
/// # Errors
/// The journal's director lives, or something could not be undone.
pub fn cleanup(socket: &Path) -> Result<CleanedUp, DaemonError> {
    let cleaned_up = control_runtime()?.block_on(lvs_host::cleanup(&journal_path(socket)))?;
    left::remove(socket);
    Ok(cleaned_up)
}

fn control_runtime() -> Result<tokio::runtime::Runtime, DaemonError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("tunvs-control")
        .enable_all()
        .build()
        .map_err(DaemonError::start("the runtime"))
}

/// Runs the director until a signal ends it, or another process has taken over: then until that ends. The exit status.
///
/// # Errors
/// The director could not start, or lost a device. Whatever it changed on the host is undone in either case.
pub fn run(options: Options) -> Result<i32, DaemonError> {
    supervise::log_panics();
    signals::block().map_err(DaemonError::start("the signal watch"))?;
    descriptors::make_room();
    let successor = if upgrade::takes_over() { Some(Successor::begin()?) } else { None };
    let loaded =
        Programs { tunnels: tunnel_offload(options.device), fast: FastPathControl::load(options.fast_path) };
    let health = options.declared.health_of_all();
    let runs_programs = programs(&health).next().is_some();
    privileges::join_bfd_groups(&health);
    privileges::shed(&privileges::DIRECTOR, if runs_programs { &privileges::PROGRAMS } else { &[] })?;
    if successor.is_none() {
        lvs_host::any_workable()?;
    }
    // Its folder has to be there when rights to change folders are given up.
    let socket = if successor.is_none() { Some(ControlSocket::bind(&options.socket)?) } else { None };
    let sandbox = confine(&options, runs_programs)?;
    let started = Started { loaded, sandbox: sandbox.status };
    let runtime = control_runtime()?;
    let ending = match (socket, successor) {
        (_, Some(successor)) => runtime.block_on(begin::run_after(options, started, successor))?,
        (Some(socket), None) => runtime.block_on(begin::run_first(options, started, socket))?,
        (None, None) => return Ok(1),
    };
    match ending {
        Ending::Stopped => Ok(0),
        Ending::Moved { live, upgraded, signals } => {
            runtime.shutdown_background();
            Ok(upgrade::take_leave(&live, &upgraded, signals))
        }
    }
}

/// Gives up for good what a director does not need, once the process is there that starts programs for it.
fn confine(options: &Options, runs_programs: bool) -> Result<Sandbox, DaemonError> {
    if !options.sandbox {
        return Ok(Sandbox::off());
    }
    let kept = options.kept();
    if let Some(folder) = &kept.proc_dir {
        let _ = std::fs::create_dir_all(folder);
    }
    let bounds = Bounds {
        config: options.config.clone(),
        args: std::env::args_os().collect(),
        written: sandbox::written(&kept),
    };
    if let Err(error) = starter::begin(&bounds, privileges::may_change_user()) {
        return Ok(Sandbox::none(&format!("no process that starts programs: {error}")));
    }
    privileges::shed(&privileges::DIRECTOR, if runs_programs { &privileges::ENDING } else { &[] })?;
    Ok(sandbox::enter(&kept))
}

/// Before capabilities are given up: it needs CAP_BPF, which nothing later does.
fn tunnel_offload(device: lvs_device::Options) -> Option<TunnelOffload> {
    if !(device.offload && device.tunnel_offload) {
        return None;
    }
    let loaded = TunnelOffload::load();
    loaded.inspect_err(|error| tracing::debug!(%error, "tunnels are cut packet by packet")).ok()
}
