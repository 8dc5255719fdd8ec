//! Reads a host: `/proc`, two devices' drivers, and what `nft` and `iptables` print. By a trait, so that what is found
//! can be tried with a host in memory.

use std::process::{Command, Stdio};

use super::ruleset;
use super::site::{Site, Socket, Tun};
use super::texts;
use crate::device::{self, DeviceError};
use crate::host::{ReceiveOffload, Survey, receive_offload};

/// What a doctor asks of a host; all of it only reads.
pub trait Host {
    /// A file, if it is there and for us.
    fn text(&self, path: &str) -> Option<String>;

    fn can_write(&self, path: &str) -> bool;

    /// What a program prints; None where it is not here or fails.
    fn output(&self, program: &str, args: &[&str]) -> Option<String>;

    fn tun(&self) -> Tun;

    fn packet_socket(&self) -> Socket;

    fn offload(&self, link: &str) -> ReceiveOffload;
}

/// Adds all that can be read to what is known from elsewhere: the director, its configuration, what was typed.
pub fn look(host: &impl Host, survey: Survey, known: Site) -> Site {
    let director = known.status.as_ref().map(|status| format!("/proc/{}", status.director.pid));
    let limits = host.text(&format!("{}/limits", director.as_deref().unwrap_or("/proc/self")));
    let capabilities = |of: &str| texts::capabilities(&host.text(&format!("{of}/status"))?);
    let mut site = Site {
        tun: host.tun(),
        packet_socket: host.packet_socket(),
        release: host.text("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
        capabilities: capabilities("/proc/self"),
        director_capabilities: director.as_deref().and_then(capabilities),
        can_set: host.can_write("/proc/sys/net/ipv4/ip_forward"),
        kernel_services: host
            .text("/proc/net/ip_vs")
            .map(|text| texts::kernel_services(&text))
            .unwrap_or_default(),
        files: limits.and_then(|text| texts::open_files(&text)),
        memory: host
            .text("/proc/meminfo")
            .and_then(|text| texts::memory(&text, host.text("/sys/fs/cgroup/memory.max").as_deref())),
        ..known
    };
    for key in keys(&survey) {
        if let Some(value) = host.text(&format!("/proc/sys/{key}")) {
            site.sysctls.insert(key, value.trim_end().to_owned());
        }
    }
    site.survey = survey;
    let links: Vec<String> = site.outer_links().map(|link| link.name.clone()).collect();
    site.offload = links.into_iter().map(|link| (link.clone(), host.offload(&link))).collect();
    for (name, family, is_v6) in [("arp_cache", "ipv4", false), ("ndisc_cache", "ipv6", true)] {
        // The tables are the whole kernel's, and their sizes are told in its first network namespace only.
        let most = host.text(&format!("/proc/sys/net/{family}/neigh/default/gc_thresh3"));
        let most = most.and_then(|text| text.trim().parse().ok());
        let stat = host.text(&format!("/proc/net/stat/{name}"));
        site.neighbour_tables
            .extend(most.zip(stat).and_then(|(most, stat)| texts::table_use(&stat, is_v6, most)));
    }
    chains(host, &mut site);
    site
}

/// Settings that matter, in slash form.
fn keys(survey: &Survey) -> Vec<String> {
    let mut keys: Vec<String> = [
        "net/ipv4/ip_forward",
        "net/ipv6/conf/all/forwarding",
        "net/ipv4/ip_early_demux",
        "net/ipv4/ip_local_port_range",
        "net/ipv4/ip_local_reserved_ports",
    ]
    .map(str::to_owned)
    .into();
    let links = survey.links.iter().map(|link| link.name.as_str());
    for link in links.chain(["all"]) {
        let of = |name: &str| format!("net/ipv4/conf/{link}/{name}");
        keys.extend(["forwarding", "rp_filter", "arp_ignore", "arp_announce"].map(of));
    }
    keys
}

fn chains(host: &impl Host, site: &mut Site) {
    match host.output("nft", &["-j", "list", "ruleset"]) {
        Some(text) => site.chains = ruleset::of_nft(&text),
        None if host.text("/proc/modules").is_some_and(|modules| modules.contains("nf_tables")) => {
            site.unread.push("nft");
        }
        None => {}
    }
    let old = [
        ("/proc/net/ip_tables_names", "iptables-legacy-save", false),
        ("/proc/net/ip6_tables_names", "ip6tables-legacy-save", true),
    ];
    for (names, program, is_v6) in old {
        if host.text(names).is_none_or(|names| names.trim().is_empty()) {
            continue;
        }
        match host.output(program, &[]) {
            Some(text) => site.chains.extend(ruleset::of_legacy(&text, is_v6)),
            None => site.unread.push(program),
        }
    }
}

/// The host that the program runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThisHost;

impl Host for ThisHost {
    fn text(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(path).ok()
    }

    fn can_write(&self, path: &str) -> bool {
        nix::unistd::access(path, nix::unistd::AccessFlags::W_OK).is_ok()
    }

    fn output(&self, program: &str, args: &[&str]) -> Option<String> {
        // The path of who is not root often lacks the second.
        let places = [program.to_owned(), format!("/usr/sbin/{program}")];
        let output = places.iter().find_map(|place| {
            Command::new(place).args(args).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()
        })?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn tun(&self) -> Tun {
        match device::driver() {
            Ok(driver) => Tun::There { vnet_hdr: driver.vnet_hdr, multi_queue: driver.multi_queue },
            Err(DeviceError::NoDriver) => Tun::Missing,
            Err(DeviceError::DriverDenied) => Tun::Denied,
            Err(DeviceError::Driver(error)) => Tun::Failed(error.to_string()),
            Err(error) => Tun::Failed(error.to_string()),
        }
    }

    fn packet_socket(&self) -> Socket {
        let opened = socket2::Socket::new(socket2::Domain::PACKET, socket2::Type::RAW, None);
        match opened.map_err(|error| error.raw_os_error()) {
            Ok(_) => Socket::Works,
            Err(Some(libc::EAFNOSUPPORT)) => Socket::Missing,
            Err(_) => Socket::Denied,
        }
    }

    fn offload(&self, link: &str) -> ReceiveOffload {
        receive_offload(link)
    }
}
