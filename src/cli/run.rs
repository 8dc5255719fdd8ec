//! `tunvs run`: the command line and the configuration file become the options of the daemon.

use std::io::Write;
use std::path::PathBuf;

use ipnet::IpNet;

use super::args::{LogFormatArg, RunArgs, SocketArgs};
use super::error::CliError;
use crate::daemon::{self, DaemonError, LogFormat};
use crate::memory;
use lvs::director::Settings;
use lvs_config::{Config, DirectorOptions, Exporters, FastPathHook, Queues, Source};
use lvs_control::{REAL_SERVER_SOCKET, socket_path};
use lvs_host::{CleanedUp, HostError};

/// Runs a director, and returns the exit status.
pub(super) fn run(given: RunArgs, out: &mut dyn Write) -> Result<i32, CliError> {
    let source = given.config.as_ref().map(|path| given.language.source(path));
    let config = source.as_ref().map(Source::load).transpose()?.unwrap_or_default();
    let log = given.log.as_deref().or(config.director.log.as_deref());
    let format = match given.log_format {
        Some(LogFormatArg::Text) => LogFormat::Text,
        Some(LogFormatArg::Json) => LogFormat::Json,
        None => config.director.log_format.unwrap_or_default(),
    };
    daemon::start_logging(log, format)?;
    if given.dry_run {
        for step in daemon::dry_run(options(given, source, config))? {
            writeln!(out, "{step}").map_err(CliError::Write)?;
        }
        return Ok(0);
    }
    daemon::tell(&config.notes);
    Ok(daemon::run(options(given, source, config))?)
}

/// `tunvs cleanup`: what was left behind by a killed director or real server, each if no socket is named.
pub(super) fn cleanup(socket: &SocketArgs, out: &mut dyn Write) -> Result<(), CliError> {
    let sockets = match &socket.socket {
        Some(named) => vec![named.clone()],
        None => vec![socket_path(None), PathBuf::from(REAL_SERVER_SOCKET)],
    };
    let mut undone = None;
    for (number, socket) in sockets.iter().enumerate() {
        match daemon::cleanup(socket) {
            Ok(CleanedUp::Nothing) => {}
            Ok(CleanedUp::AllBut(left_on)) => undone.get_or_insert_with(Vec::new).extend(left_on),
            // A real server that lives beside has left nothing.
            Err(DaemonError::Host(HostError::JournalHeld(_))) if number > 0 => {}
            Err(error) => return Err(error.into()),
        }
    }
    let text = if undone.is_some() { "undone: what a kill had left on this host" } else { "nothing to undo" };
    let lines = [text.to_owned()].into_iter().chain(undone.into_iter().flatten());
    lines.into_iter().try_for_each(|line| writeln!(out, "{line}")).map_err(CliError::Write)
}

/// Options of the daemon. The command line comes before the file; subnets add up.
fn options(given: RunArgs, source: Option<Source>, config: Config) -> daemon::Options {
    let file = config.director;
    let defaults = Settings::default();
    let fast_path = fast_path(&given, &file);
    let socket = given.socket.socket.or(file.socket);
    daemon::Options {
        socket: socket_path(socket.as_deref()),
        config: source,
        declared: config.declared,
        vip_nets: [given.vip_nets, file.vip_nets].concat(),
        rs_nets: [given.rs_nets, file.rs_nets].concat(),
        claim_vips: !given.no_claim_vips && file.claim_vips.unwrap_or(true),
        tun_prefix: given.tun_prefix.or(file.tun_prefix).unwrap_or_else(|| "tunvs".to_owned()),
        device: lvs_device::Options {
            offload: !given.no_offload && file.offload.unwrap_or(true),
            tunnel_offload: !given.no_tunnel_offload && file.tunnel_offload.unwrap_or(true),
            queues: given.queues.or(file.queues).map_or(1, Queues::count),
        },
        fast_path,
        sandbox: !given.no_sandbox && file.sandbox.unwrap_or(true),
        drop_alarm: given.drop_alarm.or(file.drop_alarm).unwrap_or(lvs_config::defaults::DROP_ALARM),
        sync: sync_options(
            given.sync_channel.then_some(true).or(file.sync_channel),
            [given.sync_peers, file.sync_peers].concat(),
            given.sync_secret.or(file.sync_secret),
        ),
        fleet: daemon::FleetOptions {
            announce: given.fleet.announce || file.announce.unwrap_or(false),
            table: given
                .fleet
                .announce_table
                .or(file.announce_table)
                .unwrap_or(lvs_config::defaults::ANNOUNCE_TABLE),
            track_file: given.fleet.track_file.or(file.track_file),
        },
        exporters: Exporters {
            metrics: given.metrics,
            metrics_series: given.metrics_series,
            flow_log: given.flow_log,
            flow_begins: given.flow_log_begins.then_some(true),
            flow_rate: given.flow_log_rate,
        },
        proc_dir: given.proc_dir.or(file.proc_dir),
        proc_sctp: !given.no_proc_sctp && file.proc_sctp.unwrap_or(true),
        core: Settings {
            kernel: given.kernel.or(file.kernel).unwrap_or_default(),
            conn_table_size: file.conn_table_size.unwrap_or(defaults.conn_table_size),
            max_conns: file.max_conns.unwrap_or_else(|| memory::default_conns(defaults.max_conns)),
            ftp_ports: file.ftp_ports.unwrap_or(defaults.ftp_ports),
            laddr_nets: [given.laddr_nets, file.laddr_nets].concat(),
            laddr_ports: given.laddr_ports.or(file.laddr_ports).unwrap_or(defaults.laddr_ports),
            masquerade_nets: [given.masquerade_nets, file.masquerade_nets].concat(),
            mss_clamp: !given.no_mss_clamp && file.mss_clamp.unwrap_or(defaults.mss_clamp),
            syn_defence: file.syn_defence.unwrap_or(defaults.syn_defence),
            syn_rate: file.syn_rate.unwrap_or(defaults.syn_rate),
            hairpin: !given.no_hairpin && file.hairpin.unwrap_or(defaults.hairpin),
            ..defaults
        },
    }
}

fn fast_path(given: &RunArgs, file: &DirectorOptions) -> daemon::FastPathOptions {
    let is_wanted = !given.no_fast_path && file.fast_path.unwrap_or(true);
    let connections = file.fast_path_conns.unwrap_or(lvs_config::defaults::FAST_PATH_CONNS);
    let hook = match file.fast_path_hook.unwrap_or_default() {
        FastPathHook::Auto => None,
        FastPathHook::Tcx => Some(lvs_device::Hook::Tcx),
        FastPathHook::Clsact => Some(lvs_device::Hook::Clsact),
    };
    daemon::FastPathOptions { is_wanted, connections, hook }
}

/// Whoever names a peer or a secret wants the channel, unless the file says otherwise.
fn sync_options(channel: Option<bool>, peers: Vec<IpNet>, secret: Option<PathBuf>) -> daemon::SyncOptions {
    let has_channel = channel.unwrap_or(!peers.is_empty() || secret.is_some());
    daemon::SyncOptions { has_channel, peers, secret }
}
