//! `tunvs sync status`: the sync daemons, and other directors on the channel.

use std::io::{self, Write};

use serde::Serialize;

use super::args::SyncCommand;
use super::units::{duration, number};
use lvs::director::{DaemonRole, DaemonSpec};
use lvs_control::status::{Sync, SyncChannel, SyncPeer};
use lvs_control::{Client, ClientError, socket_path};

#[derive(Debug, thiserror::Error)]
pub(super) enum SyncError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("cannot write the status of synchronisation")]
    Write(#[from] io::Error),
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    #[serde(flatten)]
    sync: &'a Sync,
}

pub(super) fn run(command: &SyncCommand, out: &mut dyn Write) -> Result<(), SyncError> {
    let SyncCommand::Status(args) = command;
    let status = Client::connect(&socket_path(args.socket.socket.as_deref()))?.status()?;
    let written = if args.json { json(&status.sync, out) } else { text(&status.sync, out) };
    Ok(written?)
}

fn json(sync: &Sync, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document { version: 1, sync })?;
    writeln!(out)
}

fn text(sync: &Sync, out: &mut dyn Write) -> io::Result<()> {
    if sync.daemons.is_empty() {
        writeln!(out, "no sync daemon runs")?;
    }
    for daemon in &sync.daemons {
        let DaemonSpec { interface, sync_id, .. } = daemon;
        let DaemonSpec { group, port, .. } = daemon.resolved(1500);
        let role = match daemon.role {
            DaemonRole::Master => "master",
            DaemonRole::Backup => "backup",
        };
        let group = group.map(|group| group.to_string()).unwrap_or_default();
        writeln!(out, "{role:<8} on {interface}, group {group}, port {port}, sync id {sync_id}")?;
    }
    sync.channel.as_ref().map_or(Ok(()), |channel| channel_text(channel, out))
}

fn channel_text(channel: &SyncChannel, out: &mut dyn Write) -> io::Result<()> {
    let secret = if channel.has_secret { "with a secret" } else { "without a secret" };
    let allowed: Vec<String> = channel.allowed.iter().map(ToString::to_string).collect();
    let allowed = if allowed.is_empty() { "everybody on the link".to_owned() } else { allowed.join(", ") };
    writeln!(out, "channel  port {}, {secret}, open to {allowed}", channel.port)?;
    let refused: Vec<String> =
        channel.refused.iter().map(|(why, count)| format!("{why} {}", number(*count))).collect();
    if !refused.is_empty() {
        writeln!(out, "refused  {}", refused.join(", "))?;
    }
    if channel.peers.is_empty() {
        writeln!(out, "no other director is connected")?;
    }
    channel.peers.iter().try_for_each(|peer| peer_text(peer, out))
}

fn peer_text(peer: &SyncPeer, out: &mut dyn Write) -> io::Result<()> {
    let roles: Vec<&str> = [(peer.is_master, "master"), (peer.is_backup, "backup")]
        .into_iter()
        .filter_map(|(is_set, role)| is_set.then_some(role))
        .collect();
    let (addr, since) = (peer.address, duration(peer.connected_secs));
    let (version, roles) = (&peer.version, roles.join(" and "));
    writeln!(out, "{addr}  tunvs {version}, {roles}, connected {since}")?;
    let (lag, behind) = (peer.lag_ms, number(peer.behind));
    writeln!(out, "  lag {lag} ms, {behind} records behind")?;
    let full = |ago: Option<u64>| {
        ago.map_or_else(
            || "not all of them yet".to_owned(),
            |ago| format!("all of them {} ago", duration(ago)),
        )
    };
    writeln!(out, "  told   {} records, {}", number(peer.told), full(peer.full_told_secs_ago))?;
    writeln!(out, "  heard  {} records, {}", number(peer.heard), full(peer.full_heard_secs_ago))?;
    let left: Vec<String> =
        peer.left.iter().map(|(why, count)| format!("{why} {}", number(*count))).collect();
    if left.is_empty() { Ok(()) } else { writeln!(out, "  left   {}", left.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::document;

    fn sync() -> Sync {
        let daemon = DaemonSpec {
            role: DaemonRole::Master,
            interface: "eth2".to_owned(),
            sync_id: 7,
            max_len: 0,
            group: None,
            port: 0,
            ttl: 0,
        };
        let peer = SyncPeer {
            address: [192, 168, 56, 182].into(),
            id: "00000000000000ff".to_owned(),
            version: "0.1.0".to_owned(),
            is_master: false,
            is_backup: true,
            connected_secs: 90,
            lag_ms: 3,
            behind: 2,
            told: 1000,
            heard: 0,
            heard_ends: 0,
            left: [("older".to_owned(), 4)].into(),
            full_told_secs_ago: Some(80),
            full_heard_secs_ago: Some(90),
        };
        let channel = SyncChannel {
            port: 8849,
            allowed: vec!["192.168.56.0/24".parse().unwrap()],
            refused: [("secret".to_owned(), 1)].into(),
            peers: vec![peer],
            ..SyncChannel::default()
        };
        Sync { daemons: vec![daemon], channel: Some(channel) }
    }

    #[test]
    fn the_document_shows_this_shape() {
        let mut sync = sync();
        sync.daemons[0].group = Some([224, 0, 0, 81].into());
        let mut printed = Vec::new();
        json(&sync, &mut printed).unwrap();
        document::assert_shape("sync", std::str::from_utf8(&printed).unwrap());
    }

    #[test]
    fn lines_say_who_is_there_and_how_far() {
        let mut printed = Vec::new();
        text(&sync(), &mut printed).unwrap();
        let expected = "master   on eth2, group 224.0.0.81, port 8848, sync id 7
channel  port 8849, without a secret, open to 192.168.56.0/24
refused  secret 1
192.168.56.182  tunvs 0.1.0, backup, connected 1 min 30 s
  lag 3 ms, 2 records behind
  told   1.0k records, all of them 1 min 20 s ago
  heard  0 records, all of them 1 min 30 s ago
  left   older 4
";
        assert_eq!(String::from_utf8(printed).unwrap(), expected);
        let mut printed = Vec::new();
        text(&Sync::default(), &mut printed).unwrap();
        assert_eq!(String::from_utf8(printed).unwrap(), "no sync daemon runs\n");
    }
}
