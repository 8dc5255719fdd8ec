//! Programs of the host that change its links, rules and routes beside a director, and what matters about them. Pure.

use std::collections::BTreeSet;

use super::Finding;
use super::host::Host;
use super::site::{Daemon, Site};
use lvs_host::Survey;

/// Names of processes, as `/proc/PID/comm` cuts them.
const BY_PROCESS: [(&str, Daemon); 7] = [
    ("NetworkManager", Daemon::NetworkManager),
    ("firewalld", Daemon::Firewalld),
    ("dockerd", Daemon::Docker),
    ("keepalived", Daemon::Keepalived),
    ("zebra", Daemon::Frr),
    ("bird", Daemon::Bird),
    ("bird6", Daemon::Bird),
];

/// Folders of the settings of systemd-networkd, what counts more first (networkd.conf(5)).
const NETWORKD: [&str; 4] = ["/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd"];

/// Settings that make it leave alone what it has not set itself.
const FOREIGN: [&str; 2] = ["ManageForeignRoutes", "ManageForeignRoutingPolicyRules"];

pub(super) fn find(host: &impl Host, survey: &Survey) -> Vec<Daemon> {
    let running = host.programs();
    let mut found: Vec<Daemon> =
        BY_PROCESS.iter().filter(|(name, _)| running.contains(*name)).map(|(_, daemon)| *daemon).collect();
    if running.contains("systemd-network") {
        found.push(Daemon::Networkd { takes_foreign: takes_foreign(host) });
    }
    if host
        .text("/etc/ufw/ufw.conf")
        .is_some_and(|text| text.lines().any(|line| line.trim() == "ENABLED=yes"))
    {
        found.push(Daemon::Ufw);
    }
    let configured = host.names("/etc/wireguard");
    let is_quick = |name: &str| configured.iter().any(|file| file.strip_suffix(".conf") == Some(name));
    if survey.links.iter().any(|link| is_quick(&link.name)) {
        found.push(Daemon::WgQuick);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether systemd-networkd removes rules and routes of others.
fn takes_foreign(host: &impl Host) -> bool {
    let main = NETWORKD.iter().find_map(|folder| host.text(&format!("{folder}/networkd.conf")));
    // Drop-ins go by their names, wherever they are; of one name, the first place counts.
    let mut drop_ins: BTreeSet<String> = BTreeSet::new();
    for folder in NETWORKD {
        drop_ins.extend(
            host.names(&format!("{folder}/networkd.conf.d"))
                .into_iter()
                .filter(|name| name.ends_with(".conf")),
        );
    }
    let text = |name: &String| {
        NETWORKD.iter().find_map(|folder| host.text(&format!("{folder}/networkd.conf.d/{name}")))
    };
    let texts: Vec<String> = main.into_iter().chain(drop_ins.iter().filter_map(text)).collect();
    let lines = || texts.iter().flat_map(|text| text.lines()).filter_map(|line| line.split_once('='));
    FOREIGN.iter().any(|key| {
        let value = lines().rfind(|(name, _)| name.trim() == *key).map(|(_, value)| value.trim());
        !matches!(value, Some("no" | "false" | "off" | "0"))
    })
}

pub(super) fn examine(site: &Site, findings: &mut Vec<Finding>) {
    findings.extend(site.daemons.iter().map(|daemon| finding(site, *daemon)));
}

fn finding(site: &Site, daemon: Daemon) -> Finding {
    let prefix = site.tun_prefix();
    let (name, text) = match daemon {
        Daemon::Networkd { takes_foreign: true } => {
            let why = "it removes rules and routes that it did not make, the director's among them, whenever it starts or a link changes";
            let set = FOREIGN.map(|key| format!("{key}=no")).join("\\n");
            let file = "/etc/systemd/networkd.conf.d/50-tunvs.conf";
            return Finding::warn("daemon", "systemd-networkd is running, and takes away what is not its own", why)
                .about("systemd-networkd")
                .mend(format!("printf '[Network]\\n{set}\\n' | install -D -m 644 /dev/stdin {file}"))
                .mend("systemctl restart systemd-networkd");
        }
        Daemon::Networkd { .. } => (
            "systemd-networkd",
            format!("is running, and leaves foreign rules and routes alone; no .network file of its own may match {prefix}-*"),
        ),
        Daemon::NetworkManager => ("NetworkManager", "is running; it leaves devices alone that it did not make".to_owned()),
        Daemon::Firewalld => (
            "firewalld",
            "is running; what it drops and rewrites is looked at here, and what is not --permanent is gone at its next reload".to_owned(),
        ),
        Daemon::Ufw => ("ufw", "is enabled; forwarded packets are the business of `ufw route`".to_owned()),
        Daemon::Docker => (
            "Docker",
            "is running; it drops what is forwarded and not its own, and a published port takes that port of every address of this host".to_owned(),
        ),
        Daemon::WgQuick => (
            "wg-quick",
            "has a link here; its rules come behind the director's, so traffic of services is never led into it".to_owned(),
        ),
        Daemon::Keepalived => (
            "keepalived",
            "is running; virtual addresses that it moves are its own to claim (`tunvs run --no-claim-vips`), and its virtual_server blocks are for the kernel's IPVS".to_owned(),
        ),
        Daemon::Frr => ("FRR", "is running; zebra leaves routes of other protocols alone".to_owned()),
        Daemon::Bird => ("BIRD", "is running; with `learn` it takes the director's routes (protocol 151) for ones to tell others".to_owned()),
    };
    Finding::ok("daemon", text).about(name)
}
