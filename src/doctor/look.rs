//! Reads a host: `/proc`, two devices' drivers, and what `nft` and `iptables` print. By a trait, so that what is found
//! can be tried with a host in memory.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use super::daemons;
use super::filter::{Tool, iptables, nft};
use super::host::Host;
use super::site::{Site, Socket, Tun};
use super::texts;
use crate::memory::{Groups, Memory};
use lvs_device::DeviceError;
use lvs_host::{ReceiveOffload, Survey, receive_offload};

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
        in_user_namespace: host.text("/proc/self/uid_map").is_some_and(|map| !texts::is_whole_range(&map)),
        can_set: host.can_write("/proc/sys/net/ipv4/ip_forward"),
        kernel_services: host
            .text("/proc/net/ip_vs")
            .map(|text| texts::kernel_services(&text))
            .unwrap_or_default(),
        files: limits.and_then(|text| texts::open_files(&text)),
        memory: memory(host, director.as_deref()),
        locals: host.text("/proc/net/fib_trie").map(|text| texts::local_nets(&text)).unwrap_or_default(),
        ..known
    };
    for key in keys(&survey) {
        if let Some(value) = host.text(&format!("/proc/sys/{key}")) {
            site.sysctls.insert(key, value.trim_end().to_owned());
        }
    }
    site.daemons = daemons::find(host, &survey);
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
    filters(host, &mut site);
    site
}

/// The memory of the director, or of one that would be started here.
fn memory(host: &impl Host, director: Option<&str>) -> Option<Memory> {
    let whole = Memory::of_host(&host.text("/proc/meminfo")?)?;
    let groups = Groups::of(
        &host.text(&format!("{}/cgroup", director.unwrap_or("/proc/self"))).unwrap_or_default(),
        &host.text("/proc/self/mountinfo").unwrap_or_default(),
    );
    Some(groups.memory(&|path| host.text(path)).map_or(whole, |group| whole.within(group)))
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

/// By which program tables of iptables are read.
const OF_IPTABLES: [(Tool, &str, [&str; 2]); 2] = [
    (Tool::Iptables, "ip", ["iptables-nft-save", "iptables-save"]),
    (Tool::Ip6tables, "ip6", ["ip6tables-nft-save", "ip6tables-save"]),
];

/// nft before 1.0.7 breaks off where a table has an owner, as the director's own has.
fn by_table(host: &impl Host, listed: &str, site: &mut Site) {
    let prefix = site.tun_prefix();
    let others = nft::tables(listed).into_iter().filter(|table| !table.is("inet", &prefix));
    for nft::Table { family, name, .. } in others {
        match host.output("nft", &["-j", "list", "table", &family, &name]) {
            Some(text) if nft::is_whole(&text) => {
                site.filters.chains.extend(nft::read(&text, listed).chains);
            }
            _ => site.unread.push("nft"),
        }
    }
    site.unread.dedup();
}

fn filters(host: &impl Host, site: &mut Site) {
    let listed = host.output("nft", &["-a", "list", "ruleset"]).unwrap_or_default();
    match host.output("nft", &["-j", "list", "ruleset"]) {
        Some(text) if nft::is_whole(&text) => site.filters = nft::read(&text, &listed),
        Some(_) => by_table(host, &listed, site),
        None if host.text("/proc/modules").is_some_and(|modules| modules.contains("nf_tables")) => {
            site.unread.push("nft");
        }
        None => {}
    }
    let prefix = site.tun_prefix();
    let is_there = nft::tables(&listed).iter().any(|table| table.is_owned && table.is("inet", &prefix));
    site.untracks = if site.is_running() { is_there } else { site.can_untrack() };
    // nft shows no more than the names of what iptables alone understands.
    let families = nft::families_of_iptables(&site.filters);
    for (tool, family, programs) in OF_IPTABLES {
        if !families.contains(family) {
            continue;
        }
        let Some(text) = programs.iter().find_map(|program| host.output(program, &[])) else { continue };
        let read = iptables::read(&text, tool);
        let is_read = |table: &str| read.chains.iter().any(|chain| chain.table == table);
        site.filters.chains.retain(|chain| chain.family != family || !is_read(&chain.table));
        site.filters.chains.extend(read.chains);
    }
    let old = [
        ("/proc/net/ip_tables_names", "iptables-legacy-save", Tool::Legacy),
        ("/proc/net/ip6_tables_names", "ip6tables-legacy-save", Tool::Legacy6),
    ];
    for (names, program, tool) in old {
        if host.text(names).is_none_or(|names| names.trim().is_empty()) {
            continue;
        }
        match host.output(program, &[]) {
            Some(text) => site.filters.chains.extend(iptables::read(&text, tool).chains),
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

    fn programs(&self) -> BTreeSet<String> {
        let here = std::fs::read_link("/proc/self/ns/net").ok();
        let of = |entry: std::fs::DirEntry| {
            let process = entry.path();
            // Of the processes of others, who is not root learns nothing.
            let is_here = here.is_some() && std::fs::read_link(process.join("ns/net")).ok() == here;
            let name = is_here.then(|| std::fs::read_to_string(process.join("comm")).ok())??;
            Some(name.trim_end().to_owned())
        };
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(of).collect()
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    fn tun(&self) -> Tun {
        match lvs_device::driver() {
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
