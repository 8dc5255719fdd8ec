//! A host in memory that is well, and each finding with that host broken in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::host::Host;
use super::look::look;
use super::site::{Socket, Tun};
use super::*;
use lvs::director::{ServerEntry, ServiceEntry};
use lvs::neighbour::NeighbourState;
use lvs::service::{
    Endpoint, Family, Forwarding, Protocol, Rates, ServerSpec, ServiceKey, ServiceSpec, Stats, Tunnel,
};
use lvs_control::Status;
use lvs_control::status::Queue;
use lvs_control::status::Rival;
use lvs_health::report::{CheckReport, ServerReport, ServiceReport};
use lvs_host::{
    LinkRoute, Obstacle, ReceiveOffload, RefusingRoute, Survey, SurveyedAddress, SurveyedLink,
    SurveyedNeighbour,
};

/// A host of paper: files by path, programs by name.
struct Paper {
    texts: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
    programs: BTreeSet<String>,
    can_write: bool,
    tun: Tun,
    packet_socket: Socket,
    offload: ReceiveOffload,
}

impl Host for Paper {
    fn text(&self, path: &str) -> Option<String> {
        self.texts.get(path).cloned()
    }

    fn can_write(&self, _: &str) -> bool {
        self.can_write
    }

    fn output(&self, program: &str, args: &[&str]) -> Option<String> {
        let exactly = format!("{program} {}", args.join(" "));
        self.outputs.get(&exactly).or_else(|| self.outputs.get(program)).cloned()
    }

    fn programs(&self) -> BTreeSet<String> {
        self.programs.clone()
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let within = self.texts.keys().filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/'));
        within.map(str::to_owned).collect()
    }

    fn tun(&self) -> Tun {
        self.tun.clone()
    }

    fn packet_socket(&self) -> Socket {
        self.packet_socket
    }

    fn offload(&self, _: &str) -> ReceiveOffload {
        self.offload
    }
}

const CAPABLE: &str = "CapEff:\t0000000000003400\n";
const ARP: &str = "entries  allocs   destroys table_fulls\n00000012 00000000 00000000 00000000\n";

fn paper() -> Paper {
    let texts = [
        ("/proc/self/status", CAPABLE),
        ("/proc/4711/status", CAPABLE),
        ("/proc/self/limits", "Max open files            1024                 524288               files\n"),
        ("/proc/4711/limits", "Max open files            1024                 524288               files\n"),
        ("/proc/sys/kernel/osrelease", "6.18.44\n"),
        ("/proc/net/fib_trie", "Local:\n  |-- 192.168.1.183\n     /32 host LOCAL\n"),
        ("/proc/4711/cgroup", "0::/\n"),
        ("/proc/self/cgroup", "0::/\n"),
        ("/proc/self/mountinfo", "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
        ("/proc/meminfo", "MemTotal:        8137296 kB\nMemAvailable:    6145640 kB\n"),
        ("/proc/net/stat/arp_cache", ARP),
        ("/proc/sys/net/ipv4/neigh/default/gc_thresh3", "1024\n"),
        ("/proc/sys/net/ipv4/ip_forward", "1\n"),
        ("/proc/sys/net/ipv4/ip_early_demux", "0\n"),
        ("/proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n"),
        ("/proc/sys/net/ipv4/ip_local_reserved_ports", "\n"),
        ("/proc/sys/net/ipv4/conf/all/rp_filter", "0\n"),
        ("/proc/sys/net/ipv4/conf/eth1/rp_filter", "2\n"),
        ("/proc/sys/net/ipv4/conf/tunvs-vip/rp_filter", "0\n"),
        ("/proc/sys/net/ipv4/conf/tunvs-rs/rp_filter", "0\n"),
        ("/proc/sys/net/ipv4/conf/all/arp_ignore", "1\n"),
        ("/proc/sys/net/ipv4/conf/all/arp_announce", "2\n"),
    ];
    Paper {
        texts: texts.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect(),
        outputs: BTreeMap::from([("nft".to_owned(), r#"{"nftables": []}"#.to_owned())]),
        programs: BTreeSet::new(),
        can_write: true,
        tun: Tun::There { vnet_hdr: true, multi_queue: true },
        packet_socket: Socket::Works,
        offload: ReceiveOffload { gro: Some(true), lro: Some(false), is_pair: false },
    }
}

fn vip() -> IpAddr {
    [192, 168, 1, 183].into()
}

fn rip() -> IpAddr {
    [192, 168, 56, 184].into()
}

fn service(forwarding: Forwarding) -> ServiceEntry {
    let key = ServiceKey::Address { protocol: Protocol::Tcp, addr: vip(), port: 80 };
    let server = ServerEntry {
        spec: ServerSpec::new(rip(), 8080, forwarding),
        drained: false,
        active_conns: 0,
        inactive_conns: 0,
        persistent_conns: 0,
        stats: Stats { in_packets: 40, out_packets: 38, ..Stats::default() },
        rates: Rates::default(),
    };
    ServiceEntry {
        spec: ServiceSpec::new(key, "rr"),
        stats: Stats::default(),
        rates: Rates::default(),
        servers: vec![server],
    }
}

fn survey() -> Survey {
    let link = |name: &str, ethernet, mtu| SurveyedLink {
        name: name.to_owned(),
        up: true,
        loopback: name == "lo",
        ethernet,
        mtu,
        longest: 65_536,
    };
    let out = LinkRoute::Out {
        dev: "eth2".to_owned(),
        gateway: None,
        source: Some([192, 168, 56, 181].into()),
        mtu: 1500,
    };
    Survey {
        links: vec![
            link("lo", false, 65_536),
            link("eth1", true, 1500),
            link("eth2", true, 1500),
            link("tunvs-vip", false, 65_535),
            link("tunvs-rs", false, 65_535),
        ],
        addresses: vec![own("eth1", "192.168.1.181/24"), own("eth2", "192.168.56.181/24")],
        neighbours: vec![neighbour("eth2", rip(), NeighbourState::Known([2, 0, 0, 0, 0, 1]))],
        ways: BTreeMap::from([(rip(), out)]),
        ..Survey::default()
    }
}

fn own(dev: &str, net: &str) -> SurveyedAddress {
    SurveyedAddress { dev: dev.to_owned(), net: net.parse().unwrap() }
}

fn neighbour(dev: &str, addr: IpAddr, state: NeighbourState) -> SurveyedNeighbour {
    SurveyedNeighbour { dev: dev.to_owned(), addr, state }
}

/// A director that runs and is well.
fn known() -> Site {
    let mut status = Status::default();
    status.director.pid = 4711;
    status.host.follows = true;
    status.queues = ["tunvs-vip/0", "tunvs-vip/1", "tunvs-rs/0"]
        .map(|name| Queue { name: name.to_owned(), ..Queue::default() })
        .into();
    Site {
        status: Some(status),
        services: vec![service(Forwarding::Masq)],
        ports: Some(16_384..=32_767),
        uses_own_ports: true,
        most_conns: 8_388_608,
        ..Site::default()
    }
}

fn before_the_start() -> Site {
    Site { status: None, ..known() }
}

fn site() -> Site {
    look(&paper(), survey(), known())
}

/// Levels of a check, the worst first, and the commands that mend it.
fn found(site: &Site, check: &str) -> (Option<Level>, Vec<String>) {
    let findings: Vec<Finding> = examine(site).into_iter().filter(|finding| finding.check == check).collect();
    let commands = findings.iter().flat_map(|finding| &finding.mend).map(|mend| match mend.on {
        Some(server) => format!("{server}: {}", mend.command),
        None => mend.command.clone(),
    });
    (findings.iter().map(|finding| finding.level).max(), commands.collect())
}

#[track_caller]
fn assert_found(site: &Site, check: &str, level: Level, commands: &[&str]) {
    let (worst, mends) = found(site, check);
    assert_eq!((worst, mends), (Some(level), commands.iter().map(|&c| c.to_owned()).collect()), "{check}");
    for finding in examine(site).iter().filter(|finding| finding.check == check) {
        assert_eq!(finding.level == Level::Ok, finding.why.is_empty(), "{finding:?}");
        assert_eq!(finding.level == Level::Ok, finding.mend.is_empty(), "{finding:?}");
    }
}

/// With one text of the host replaced.
fn with(path: &str, text: &str, known: Site) -> Site {
    let mut paper = paper();
    paper.texts.insert(path.to_owned(), text.to_owned());
    look(&paper, survey(), known)
}

#[test]
fn a_host_that_is_well_has_nothing_to_mend() {
    for site in
        [site(), look(&paper(), survey(), before_the_start()), look(&paper(), survey(), Site::default())]
    {
        let ill: Vec<Finding> =
            examine(&site).into_iter().filter(|finding| finding.level != Level::Ok).collect();
        assert!(ill.is_empty(), "{ill:?}");
    }
}

#[test]
fn the_driver_of_tun() {
    let with = |tun| Site { tun, ..site() };
    let node = ["modprobe tun", "mkdir -p /dev/net", "mknod -m 0666 /dev/net/tun c 10 200"];
    assert_found(&with(Tun::Missing), "tun", Level::Fail, &node);
    assert_found(&with(Tun::Denied), "tun", Level::Fail, &["chmod 0666 /dev/net/tun"]);
    assert_found(&with(Tun::Failed("broken".to_owned())), "tun", Level::Fail, &["modprobe tun"]);
    let old = |vnet_hdr| Tun::There { vnet_hdr, multi_queue: false };
    assert_found(&with(old(true)), "tun", Level::Warn, &["tunvs run --queues 1"]);
    assert_found(&with(old(false)), "tun", Level::Fail, &["apt-get install linux-image-amd64"]);
}

#[test]
fn capabilities_and_sockets() {
    let setcap = "setcap cap_net_admin,cap_net_raw,cap_net_bind_service+ep \"$(command -v tunvs)\"";
    let status = |effective: &str| format!("CapEff:\t{effective}\n");
    let of_director = |effective| with("/proc/4711/status", &status(effective), known());
    assert_found(&of_director("0000000000000000"), "capabilities", Level::Fail, &[setcap]);
    assert_found(&of_director("0000000000003000"), "capabilities", Level::Warn, &[setcap]);
    let mine = with("/proc/self/status", &status("0000000000001000"), before_the_start());
    assert_found(&mine, "capabilities", Level::Fail, &[setcap]);
    let found = examine(&mine).into_iter().find(|finding| finding.check == "capabilities").unwrap().found;
    assert_eq!(found, "this process has no CAP_NET_RAW");
    let unknown = with("/proc/self/status", "", before_the_start());
    assert_found(&unknown, "capabilities", Level::Fail, &["mount -t proc proc /proc"]);
    let socket = |packet_socket| Site { packet_socket, ..site() };
    assert_found(&socket(Socket::Denied), "packet-socket", Level::Fail, &[setcap]);
    assert_found(&socket(Socket::Missing), "packet-socket", Level::Fail, &["modprobe af_packet"]);
}

#[test]
fn the_kernel_files_and_memory() {
    let old = with("/proc/sys/kernel/osrelease", "4.19.0-27-amd64\n", known());
    assert_found(&old, "kernel", Level::Warn, &["apt-get install linux-image-amd64"]);
    let middle = with("/proc/sys/kernel/osrelease", "6.1.0-40-amd64", known());
    assert_found(&middle, "kernel", Level::Ok, &[]);
    let few = "Max open files            64                   524288               files\n";
    let prlimit = "prlimit --pid 4711 --nofile=65536:";
    assert_found(&with("/proc/4711/limits", few, known()), "open-files", Level::Warn, &[prlimit]);
    let hard = few.replace("524288", "128");
    let prlimit = "prlimit --pid 4711 --nofile=65536:65536";
    assert_found(&with("/proc/4711/limits", &hard, known()), "open-files", Level::Warn, &[prlimit]);
    let before = with("/proc/self/limits", few, before_the_start());
    assert_found(&before, "open-files", Level::Warn, &["ulimit -n 65536"]);
    let small = with("/sys/fs/cgroup/memory.max", "67108864\n", known());
    assert_found(&small, "memory", Level::Warn, &["tunvs sysctl drop_entry 1"]);
}

#[test]
fn settings_before_the_start_and_while_it_runs() {
    let forward = "/proc/sys/net/ipv4/ip_forward";
    assert_found(
        &with(forward, "0\n", known()),
        "forwarding",
        Level::Fail,
        &["sysctl -w net.ipv4.ip_forward=1"],
    );
    assert_found(&with(forward, "0\n", before_the_start()), "forwarding", Level::Ok, &[]);
    let mut container = with(forward, "0\n", before_the_start());
    container.can_set = false;
    assert_found(&container, "forwarding", Level::Fail, &["sysctl -w net.ipv4.ip_forward=1"]);

    let idle = || Site { services: Vec::new(), ..known() };
    assert_found(&with(forward, "0\n", idle()), "forwarding", Level::Ok, &[]);
    let mut container = with(forward, "0\n", known());
    container.can_set = false;
    let said = examine(&container).into_iter().find(|finding| finding.check == "forwarding");
    assert_eq!(
        said.map(|finding| finding.found).as_deref(),
        Some("net.ipv4.ip_forward is 0, and /proc/sys is read-only here")
    );
    let mut link = with("/proc/sys/net/ipv4/conf/eth1/forwarding", "0\n", known());
    link.sysctls.insert("net/ipv4/ip_forward".to_owned(), "1".to_owned());
    assert_found(&link, "forwarding", Level::Fail, &["sysctl -w net.ipv4.conf.eth1.forwarding=1"]);

    let all = with("/proc/sys/net/ipv4/conf/all/rp_filter", "1\n", known());
    let off = "sysctl -w net.ipv4.conf.all.rp_filter=0";
    // eth1 is loose itself, eth2 has what all have.
    assert_found(&all, "rp-filter", Level::Fail, &[off, off, "sysctl -w net.ipv4.conf.eth2.rp_filter=2"]);
    let one = with("/proc/sys/net/ipv4/conf/tunvs-rs/rp_filter", "1\n", known());
    assert_found(&one, "rp-filter", Level::Fail, &["sysctl -w net.ipv4.conf.tunvs-rs.rp_filter=0"]);
    let link = with("/proc/sys/net/ipv4/conf/eth1/rp_filter", "1\n", known());
    assert_found(&link, "rp-filter", Level::Fail, &["sysctl -w net.ipv4.conf.eth1.rp_filter=2"]);
    let link = with("/proc/sys/net/ipv4/conf/eth1/rp_filter", "1\n", before_the_start());
    assert_found(&link, "rp-filter", Level::Ok, &[]);

    let demux = with("/proc/sys/net/ipv4/ip_early_demux", "1\n", known());
    assert_found(&demux, "early-demux", Level::Warn, &["sysctl -w net.ipv4.ip_early_demux=0"]);
    assert_eq!(
        found(&with("/proc/sys/net/ipv4/ip_early_demux", "1\n", before_the_start()), "early-demux").0,
        None
    );
    assert_eq!(found(&with("/proc/sys/net/ipv4/ip_early_demux", "1\n", idle()), "early-demux").0, None);
}

#[test]
fn what_was_never_set_was_not_set_back() {
    for key in ["ip_forward", "ip_early_demux", "conf/all/rp_filter", "conf/eth1/rp_filter"] {
        let unset = if key == "ip_forward" { "0\n" } else { "1\n" };
        for (can_set, services) in [(true, Vec::new()), (false, Vec::new()), (false, known().services)] {
            let mut site = with(&format!("/proc/sys/net/ipv4/{key}"), unset, Site { services, ..known() });
            site.can_set = can_set;
            let said = examine(&site).into_iter().find(|finding| finding.found.contains("set back"));
            assert_eq!(said.map(|finding| finding.found), None, "{key}, can be set: {can_set}");
        }
    }
}

#[test]
fn a_policy_that_lets_everything_pass_is_no_trouble() {
    for hook in ["prerouting", "input", "forward", "output", "postrouting"] {
        let open = chain("inet", "filter", hook, "filter", hook, "accept");
        assert_found(&filtered(&open), "firewall", Level::Ok, &[]);
        let closed_by_none = format!("{open}, {}", rule("inet", "filter", hook, r#"{"counter": null}"#));
        assert_found(&filtered(&closed_by_none), "firewall", Level::Ok, &[]);
    }
    let open = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\nCOMMIT\n";
    assert_found(&saved(open), "firewall", Level::Ok, &[]);
}

#[test]
fn ports_that_stand_for_clients() {
    let wide = |known| with("/proc/sys/net/ipv4/ip_local_port_range", "1024\t65535\n", known);
    let reserve = ["sysctl -w net.ipv4.ip_local_reserved_ports=16384-32767"];
    assert_found(&wide(known()), "ports", Level::Warn, &reserve);
    let full_nat = Site { services: vec![service(Forwarding::FullNat)], ..known() };
    assert_found(&wide(full_nat), "ports", Level::Fail, &reserve);
    assert_found(&wide(before_the_start()), "ports", Level::Ok, &[]);
    assert_found(&wide(Site { uses_own_ports: false, ..known() }), "ports", Level::Ok, &[]);
}

#[test]
fn tables_of_neighbours() {
    let raise = [
        "sysctl -w net.ipv4.neigh.default.gc_thresh3=8192",
        "sysctl -w net.ipv4.neigh.default.gc_thresh2=4096",
    ];
    let used = |entries: &str| {
        let stat = format!("entries table_fulls\n{entries} 00000002\n");
        with("/proc/net/stat/arp_cache", &stat, known())
    };
    assert_found(&used("00000400"), "neighbour-table", Level::Fail, &raise);
    assert_found(&used("00000340"), "neighbour-table", Level::Warn, &raise);
    assert_found(&used("00000300"), "neighbour-table", Level::Ok, &[]);
}

#[test]
fn what_the_director_and_its_rules_are_like() {
    let mut known = known();
    known.status.as_mut().unwrap().host.follows = false;
    known.status.as_mut().unwrap().host.troubles = vec!["`ip rule add` failed".to_owned()];
    assert_found(&look(&paper(), survey(), known), "host", Level::Fail, &["tunvs reload"]);
    let killed = Survey { has_our_rules: true, ..survey() };
    assert_found(
        &look(&paper(), killed, before_the_start()),
        "policy-rules",
        Level::Fail,
        &["tunvs cleanup"],
    );
    let obstacle = Obstacle { what: "no room".to_owned(), mend: vec!["ip rule del pref 3".to_owned()] };
    let crowded = Survey { obstacles: vec![obstacle], ..survey() };
    assert_found(
        &look(&paper(), crowded, before_the_start()),
        "policy-rules",
        Level::Fail,
        &["ip rule del pref 3"],
    );
}

#[test]
fn links_and_their_sizes() {
    let changed = |name: &str, change: fn(&mut SurveyedLink)| {
        let mut survey = survey();
        survey.links.iter_mut().filter(|link| link.name == name).for_each(change);
        look(&paper(), survey, known())
    };
    let cut = changed("tunvs-rs", |link| link.mtu = 1500);
    assert_found(&cut, "mtu", Level::Warn, &["ip link set dev tunvs-rs mtu 65535"]);
    let down = changed("tunvs-vip", |link| link.up = false);
    assert_found(&down, "mtu", Level::Fail, &["ip link set dev tunvs-vip up"]);
    let gone = changed("tunvs-vip", |link| link.name = "other".to_owned());
    assert_found(&gone, "mtu", Level::Fail, &["tunvs status"]);
    let jumbo = changed("eth1", |link| link.mtu = 9000);
    assert_found(&jumbo, "mtu", Level::Warn, &["ip link set dev eth2 mtu 9000"]);
    let tunnel = Site { services: vec![service(Forwarding::Tunnel(Tunnel::default()))], ..known() };
    let tunnel = look(&paper(), survey(), tunnel);
    assert!(examine(&tunnel).iter().any(|finding| finding.found.starts_with("tunnels by eth2: 1500 bytes")));

    let offload = |gro, lro| {
        let offload = ReceiveOffload { gro: Some(gro), lro: Some(lro), is_pair: false };
        look(&Paper { offload, ..paper() }, survey(), known())
    };
    let pair = ReceiveOffload { gro: Some(false), lro: Some(false), is_pair: true };
    assert_found(&look(&Paper { offload: pair, ..paper() }, survey(), known()), "offload", Level::Ok, &[]);
    let on = ["ethtool -K eth1 gro on", "ethtool -K eth2 gro on"];
    assert_found(&offload(false, false), "offload", Level::Warn, &on);
    let long = "ip link set dev eth1 gso_max_size 65536 gro_max_size 65536 gso_ipv4_max_size 65536 gro_ipv4_max_size 65536";
    assert_found(&changed("eth1", |link| link.longest = 185_000), "offload", Level::Warn, &[long]);
    let off = ["ethtool -K eth1 lro off", "ethtool -K eth2 lro off"];
    assert_found(&offload(true, true), "offload", Level::Fail, &off);
}

#[test]
fn virtual_addresses_of_others_and_of_real_servers() {
    let mut other = survey();
    other.neighbours.push(neighbour("eth1", vip(), NeighbourState::Stale([2, 0, 0, 0, 0, 9])));
    let commands = [
        "sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2 # on that host, a real server",
        "tunvs run --no-claim-vips # on that host, a director",
        "ip neigh flush to 192.168.1.183 dev eth1",
    ];
    let mut told = known();
    let rival = Rival { address: vip(), dev: "eth1".to_owned(), link: "02:00:00:00:00:09".to_owned() };
    told.status.as_mut().unwrap().host.rivals.push(rival);
    for site in [
        look(&paper(), other.clone(), known()),
        look(&paper(), survey(), told.clone()),
        look(&paper(), other, told),
    ] {
        assert_found(&site, "virtual-address", Level::Warn, &commands);
    }

    let real_server = || Site { real_server_vips: vec![vip()], ..Site::default() };
    let on = |dev: &str, net: &str| {
        let mut survey = survey();
        survey.addresses.push(own(dev, net));
        survey
    };
    let here = look(&paper(), on("lo", "192.168.1.183/32"), real_server());
    assert_found(&here, "virtual-address", Level::Ok, &[]);
    assert_found(&here, "arp", Level::Ok, &[]);
    let nowhere = look(&paper(), survey(), real_server());
    assert_found(&nowhere, "virtual-address", Level::Fail, &["ip addr add 192.168.1.183/32 dev lo"]);
    let loud = look(&paper(), on("eth1", "192.168.1.183/24"), real_server());
    let commands = ["ip addr add 192.168.1.183/32 dev lo", "ip addr del 192.168.1.183/24 dev eth1"];
    assert_found(&loud, "virtual-address", Level::Fail, &commands);
    let mut asked = here;
    asked.sysctls.insert("net/ipv4/conf/all/arp_ignore".to_owned(), "0".to_owned());
    asked.sysctls.insert("net/ipv4/conf/all/arp_announce".to_owned(), "0".to_owned());
    asked.sysctls.insert("net/ipv4/conf/eth2/arp_ignore".to_owned(), "3".to_owned());
    let (ignore, announce) =
        ("sysctl -w net.ipv4.conf.all.arp_ignore=1", "sysctl -w net.ipv4.conf.all.arp_announce=2");
    let own = "sysctl -w net.ipv4.conf.eth2.arp_ignore=1";
    assert_found(&asked, "arp", Level::Fail, &[ignore, announce, ignore, own, announce]);
}

/// With such a ruleset of nft.
fn filtered(items: &str) -> Site {
    let mut paper = paper();
    paper.outputs.insert("nft".to_owned(), format!(r#"{{"nftables": [{items}]}}"#));
    look(&paper, survey(), known())
}

fn chain(family: &str, table: &str, name: &str, kind: &str, hook: &str, policy: &str) -> String {
    format!(
        r#"{{"chain": {{"family": "{family}", "table": "{table}", "name": "{name}", "type": "{kind}", "hook": "{hook}", "policy": "{policy}"}}}}"#
    )
}

fn rule(family: &str, table: &str, chain: &str, expr: &str) -> String {
    format!(
        r#"{{"rule": {{"family": "{family}", "table": "{table}", "chain": "{chain}", "handle": 9, "expr": [{expr}]}}}}"#
    )
}

/// With tables of iptables over nftables, of which nft shows the chains and iptables alone the rules.
fn saved(text: &str) -> Site {
    let mut paper = paper();
    let hook = |name: &str, hook: &str| chain("ip", "filter", name, "filter", hook, "accept");
    let items = [hook("INPUT", "input"), hook("FORWARD", "forward")].join(", ");
    paper.outputs.insert("nft".to_owned(), format!(r#"{{"nftables": [{items}]}}"#));
    paper.outputs.insert("iptables-nft-save".to_owned(), text.to_owned());
    look(&paper, survey(), known())
}

/// With this ruleset as nft prints it.
fn listed(json: &str, services: Vec<ServiceEntry>) -> Site {
    let mut paper = paper();
    paper.outputs.insert("nft".to_owned(), json.to_owned());
    look(&paper, survey(), Site { services, ..known() })
}

/// Sentences of a check's findings, with what they are about.
fn sentences(site: &Site, check: &str) -> Vec<String> {
    let found = examine(site).into_iter().filter(|finding| finding.check == check);
    found.map(|finding| format!("[{}] {}", finding.about.unwrap_or_default(), finding.found)).collect()
}

#[test]
fn mends_in_the_words_of_who_owns_the_rules() {
    const FIREWALLD: &str = include_str!("../../tests/data/rulesets/firewalld.json");
    const FIREWALLD_ZONE: &str = include_str!("../../tests/data/rulesets/firewalld-zone.json");
    const UFW: &str = include_str!("../../tests/data/rulesets/ufw.save");
    const DOCKER: &str = include_str!("../../tests/data/rulesets/docker.save");
    let zone = [
        "firewall-cmd --permanent --new-zone=tunvs",
        "firewall-cmd --permanent --zone=tunvs --set-target=ACCEPT",
        "firewall-cmd --permanent --zone=tunvs --add-interface=tunvs-+",
        "firewall-cmd --permanent --new-policy=to-tunvs",
        "firewall-cmd --permanent --policy=to-tunvs --add-ingress-zone=ANY",
        "firewall-cmd --permanent --policy=to-tunvs --add-egress-zone=tunvs",
        "firewall-cmd --permanent --policy=to-tunvs --set-target=ACCEPT",
        "firewall-cmd --reload",
    ];
    let broken = listed(FIREWALLD, vec![service(Forwarding::Masq)]);
    assert_eq!(found(&broken, "firewall").0, Some(Level::Fail));
    let (_, commands) = found(&broken, "firewall");
    assert_eq!(commands.len() % zone.len(), 0);
    assert!(commands.chunks(zone.len()).all(|part| part == zone), "{commands:?}");
    let mended = listed(FIREWALLD_ZONE, vec![service(Forwarding::Masq)]);
    assert_found(&mended, "firewall", Level::Ok, &[]);

    let without: String = UFW
        .lines()
        .filter(|line| !line.contains("tunvs-"))
        .fold(String::new(), |all, line| all + line + "\n");
    let commands = ["ufw route allow in on tunvs-+", "ufw route allow out on tunvs-+"];
    assert_found(&saved(&without), "firewall", Level::Fail, &commands);
    assert_found(&saved(UFW), "firewall", Level::Ok, &[]);

    let commands =
        ["iptables -I DOCKER-USER -i tunvs-+ -j ACCEPT", "iptables -I DOCKER-USER -o tunvs-+ -j ACCEPT"];
    assert_found(&saved(DOCKER), "firewall", Level::Fail, &commands);
    let user = "-A DOCKER-USER -i tunvs-+ -j ACCEPT\n-A DOCKER-USER -o tunvs-+ -j ACCEPT";
    let mended = saved(&DOCKER.replace("-A DOCKER-USER -j RETURN", user));
    assert_found(&mended, "firewall", Level::Ok, &[]);
    assert_eq!(found(&mended, "nat").0, None, "what is published, and masqueraded, is no concern of port 80");
    let published = saved(&DOCKER.replace("--dport 8080", "--dport 80"));
    let command = ["iptables -t nat -I PREROUTING -d 192.168.1.183 -j ACCEPT"];
    assert_found(&published, "nat", Level::Fail, &command);
    let sentence = "[ip nat DOCKER] `-A DOCKER ! -i docker0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.17.0.2:80` rewrites the destination of packets of TCP 192.168.1.183:80 (from eth1 to tunvs-vip)";
    assert_eq!(sentences(&published, "nat"), [sentence]);
}

#[test]
fn connections_of_which_the_host_sees_one_direction() {
    let forward = chain("inet", "filter", "forward", "filter", "forward", "accept");
    let invalid =
        r#"{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "invalid"}}, {"drop": null}"#;
    let items = format!("{forward}, {}", rule("inet", "filter", "forward", invalid));
    let json = format!(r#"{{"nftables": [{items}]}}"#);
    let broken_json = json.clone();
    for (forwarding, protocol, level) in [
        (Forwarding::Route, Protocol::Tcp, Level::Fail),
        (Forwarding::Tunnel(Tunnel::default()), Protocol::Tcp, Level::Fail),
        (Forwarding::Masq, Protocol::Tcp, Level::Ok),
        (Forwarding::Route, Protocol::Udp, Level::Ok),
    ] {
        let mut service = service(forwarding);
        service.spec.key = ServiceKey::Address { protocol, addr: vip(), port: 80 };
        assert_eq!(
            found(&listed(&json, vec![service]), "firewall").0,
            Some(level),
            "{forwarding:?} {protocol}"
        );
    }
    let broken = listed(&json, vec![service(Forwarding::Route)]);
    assert_found(
        &broken,
        "firewall",
        Level::Fail,
        &["nft insert rule inet filter forward oifname '\"tunvs-*\"' accept"],
    );
    assert!(
        sentences(&broken, "firewall")[0]
            .ends_with("(from eth1 to tunvs-vip, all but the first of a connection)")
    );
    // The director keeps them from being tracked: its own table says so while it runs.
    let raw = r#"{"chain": {"family": "inet", "table": "tunvs", "name": "prerouting", "type": "filter", "hook": "prerouting", "prio": -300, "policy": "accept"}}"#;
    let notrack = format!("{raw}, {}, {items}", rule("inet", "tunvs", "prerouting", r#"{"notrack": null}"#));
    let json = format!(r#"{{"nftables": [{notrack}]}}"#);
    assert_found(&listed(&json, vec![service(Forwarding::Route)]), "firewall", Level::Ok, &[]);
    let mut host = paper();
    host.outputs.insert("nft".to_owned(), broken_json.clone());
    let before = |host: &Paper| {
        let services = vec![service(Forwarding::Route)];
        look(host, survey(), Site { services, ..before_the_start() })
    };
    assert_found(&before(&host), "firewall", Level::Ok, &[]);
    host.texts.insert("/proc/sys/kernel/osrelease".to_owned(), "5.10.0-30-amd64".to_owned());
    assert_eq!(found(&before(&host), "firewall").0, Some(Level::Fail), "a kernel without owners of tables");

    // nft 1.0.6 breaks off at the owner of our table: the others are asked for one by one.
    let mut old = paper();
    let text = "table inet tunvs { # handle 1\n\tflags owner\n}\ntable inet filter { # handle 2\n\tchain forward { # handle 1\n\t}\n}\n";
    old.outputs.insert("nft".to_owned(), "{\"nftables\": [{\"table\": {\"flags\": ".to_owned());
    old.outputs.insert("nft -a list ruleset".to_owned(), text.to_owned());
    old.outputs.insert("nft -j list table inet filter".to_owned(), broken_json);
    let running = |host: &Paper, forwarding| {
        look(host, survey(), Site { services: vec![service(forwarding)], ..known() })
    };
    assert_found(&running(&old, Forwarding::Route), "firewall", Level::Ok, &[]);
    old.outputs.remove("nft -j list table inet filter");
    assert_found(&running(&old, Forwarding::Masq), "firewall", Level::Warn, &["apt-get install nftables"]);
}

#[test]
fn rules_for_some_clients() {
    let drops = chain("ip", "filter", "forward", "filter", "forward", "drop");
    let accept = r#"{"accept": null}"#;
    let from = |net: &str, then: &str| {
        let (addr, len) = net.split_once('/').unwrap();
        format!(
            r#"{{"match": {{"op": "==", "left": {{"payload": {{"protocol": "ip", "field": "saddr"}}}}, "right": {{"prefix": {{"addr": "{addr}", "len": {len}}}}}}}}}, {then}"#
        )
    };
    let with = |rules: &[String], base: &str| {
        let rules: String =
            rules.iter().map(|expr| format!(", {}", rule("ip", "filter", "forward", expr))).collect();
        filtered(&format!("{base}{rules}"))
    };
    let open = drops.replace("\"policy\": \"drop\"", "\"policy\": \"accept\"");
    // Who is shut out by name is shut out on purpose.
    assert_found(&with(&[from("192.168.1.64/26", r#"{"drop": null}"#)], &open), "firewall", Level::Ok, &[]);
    // Servers and some clients only: others are told of.
    let servers = from("192.168.56.0/24", accept);
    let out = r#"{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "tunvs-*"}}, {"accept": null}"#.to_owned();
    let some = with(&[servers, out, from("192.168.1.64/26", accept)], &drops);
    assert_found(
        &some,
        "firewall",
        Level::Warn,
        &["nft insert rule ip filter forward oifname '\"tunvs-*\"' accept"],
    );
    let sentence = &sentences(&some, "firewall")[0];
    assert!(
        sentence.ends_with(": those of neighbours on eth1, not those of clients of 192.168.1.64/26"),
        "{sentence}"
    );
    // A set of ipset is nothing that can be read here.
    let set = saved(
        "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -o tunvs-+ -m set --match-set bad src -j DROP\nCOMMIT\n",
    );
    assert_eq!(found(&set, "firewall").0, Some(Level::Warn));
    assert!(sentences(&set, "firewall")[0].contains("may drop packets of TCP 192.168.1.183:80"));
}

#[test]
fn filters_that_drop_what_is_forwarded() {
    let drops = chain("inet", "filter", "forward", "filter", "forward", "drop");
    let add = |expr: &str| format!("{drops}, {}", rule("inet", "filter", "forward", expr));
    let both = [
        "nft insert rule inet filter forward iifname '\"tunvs-*\"' accept",
        "nft insert rule inet filter forward oifname '\"tunvs-*\"' accept",
    ];
    assert_found(&filtered(&drops), "firewall", Level::Fail, &both);
    let established = r#"{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established"]}}, {"accept": null}"#;
    assert_found(&filtered(&add(established)), "firewall", Level::Fail, &both);
    let some =
        r#"{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth1"}}, {"accept": null}"#;
    assert_found(&filtered(&add(some)), "firewall", Level::Fail, &both);
    let ours = r#"{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "tunvs-*"}}, {"accept": null}"#;
    assert_found(&filtered(&add(ours)), "firewall", Level::Fail, &both[1..]);
    let open = chain("inet", "filter", "forward", "filter", "forward", "accept");
    let last =
        format!("{open}, {}", rule("inet", "filter", "forward", r#"{"counter": null}, {"reject": null}"#));
    assert_found(&filtered(&last), "firewall", Level::Fail, &both);
    assert_found(&filtered(&open), "firewall", Level::Ok, &[]);

    let commands = [
        "iptables -t filter -I FORWARD -i tunvs-+ -j ACCEPT",
        "iptables -t filter -I FORWARD -o tunvs-+ -j ACCEPT",
    ];
    assert_found(&saved("*filter\n:FORWARD DROP [0:0]\nCOMMIT\n"), "firewall", Level::Fail, &commands);

    let input = chain("inet", "filter", "input", "filter", "input", "drop");
    let command = ["nft insert rule inet filter input ct state established accept"];
    assert_found(&filtered(&input), "firewall", Level::Warn, &command);
    let answered = format!("{input}, {}", rule("inet", "filter", "input", established));
    assert_found(&filtered(&answered), "firewall", Level::Ok, &[]);

    let mut legacy = paper();
    legacy.texts.insert("/proc/net/ip_tables_names".to_owned(), "filter\n".to_owned());
    let unread = look(&legacy, survey(), known());
    assert_found(&unread, "firewall", Level::Warn, &["apt-get install iptables"]);
    legacy
        .outputs
        .insert("iptables-legacy-save".to_owned(), "*filter\n:FORWARD DROP [0:0]\nCOMMIT\n".to_owned());
    let commands = [
        "iptables-legacy -t filter -I FORWARD -i tunvs-+ -j ACCEPT",
        "iptables-legacy -t filter -I FORWARD -o tunvs-+ -j ACCEPT",
    ];
    assert_found(&look(&legacy, survey(), known()), "firewall", Level::Fail, &commands);
    let mut without = paper();
    without.outputs.clear();
    without.texts.insert("/proc/modules".to_owned(), "nf_tables 299008 0 - Live 0x0\n".to_owned());
    assert_found(&look(&without, survey(), known()), "firewall", Level::Warn, &["apt-get install nftables"]);
}

/// The services of the site, but by firewall mark 7.
fn marked(site: Site) -> Site {
    let services = site.services.iter().map(|service| {
        let mut service = service.clone();
        service.spec.key = ServiceKey::Mark { mark: 7, family: Family::V4 };
        service
    });
    Site { services: services.take(1).collect(), ..site }
}

#[test]
fn services_by_mark_are_what_the_rules_mark() {
    let sentences = |site: &Site| -> Vec<String> {
        let all = examine(site).into_iter();
        all.filter(|finding| finding.check == "firewall").map(|finding| finding.found).collect()
    };
    assert_eq!(sentences(&marked(site())), ["no rule gives packets the firewall mark of FWM 7"]);
    let mangle = "*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 192.168.1.190/32 -p tcp -m multiport --dports 80,443 -j MARK --set-xmark 0x7/0xffffffff\nCOMMIT\n";
    assert_found(&marked(saved(mangle)), "firewall", Level::Ok, &[]);
    let dropped = format!(
        "{mangle}*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -d 192.168.1.190/32 -p tcp -m tcp --dport 443 -j DROP\n\
         -A FORWARD -d 192.168.1.183/32 -j DROP\n-A FORWARD -m mark ! --mark 0x7 -o tunvs-m7 -j DROP\nCOMMIT\n"
    );
    let said = sentences(&marked(saved(&dropped)));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("--dport 443 -j DROP` drops packets of FWM 7"), "{said:?}");
    assert!(said[0].contains("to tunvs-m7"), "{said:?}");
    // By a chain of its own, for one link; and a mark that cannot be told.
    let jumps = "*mangle\n:PREROUTING ACCEPT [0:0]\n:WEB - [0:0]\n-A PREROUTING -d 192.168.1.190/32 -j WEB\n\
                 -A WEB -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x7/0xffffffff\nCOMMIT\n\
                 *filter\n:FORWARD DROP [0:0]\nCOMMIT\n";
    let commands = [
        "iptables -t filter -I FORWARD -i tunvs-+ -j ACCEPT",
        "iptables -t filter -I FORWARD -o tunvs-+ -j ACCEPT",
    ];
    assert_found(&marked(saved(jumps)), "firewall", Level::Fail, &commands);
    let unknown = "*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j MARK --or-mark x\nCOMMIT\n";
    assert_found(&marked(saved(unknown)), "firewall", Level::Ok, &[]);
}

#[test]
fn clients_on_the_director_itself() {
    let out = "*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n";
    let command = ["iptables -t filter -I OUTPUT -o tunvs-+ -j ACCEPT"];
    assert_found(&saved(out), "firewall", Level::Warn, &command);
    let site = saved(out);
    let found = examine(&site).into_iter().find(|finding| finding.check == "firewall").unwrap().found;
    assert!(
        found.contains("(from this host to tunvs-vip): those of clients on this host, not those of"),
        "{found}"
    );
    let mended = "*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -o tunvs-+ -j ACCEPT\nCOMMIT\n";
    assert_found(&saved(mended), "firewall", Level::Ok, &[]);
    let input = "*filter\n:INPUT DROP [0:0]\n-A INPUT -i eth+ -j ACCEPT\nCOMMIT\n";
    let command = ["iptables -t filter -I INPUT -i tunvs-+ -j ACCEPT"];
    assert_found(&saved(input), "firewall", Level::Warn, &command);
}

#[test]
fn addresses_that_others_rewrite() {
    let daddr = |addr: &str| {
        format!(
            r#"{{"match": {{"op": "==", "left": {{"payload": {{"protocol": "ip", "field": "daddr"}}}}, "right": "{addr}"}}}}"#
        )
    };
    let before = chain("ip", "nat", "pre", "nat", "prerouting", "accept");
    let dnat = |addr: &str| {
        let expr = format!(r#"{}, {{"dnat": {{"addr": "10.0.0.9"}}}}"#, daddr(addr));
        filtered(&format!("{before}, {}", rule("ip", "nat", "pre", &expr)))
    };
    assert_found(&dnat("192.168.1.183"), "nat", Level::Fail, &["nft delete rule ip nat pre handle 9"]);
    assert_eq!(found(&dnat("192.168.1.184"), "nat").0, None);
    let after = chain("ip", "nat", "post", "nat", "postrouting", "accept");
    let masquerade = |first: &str, oif: &str| {
        let out = format!(
            r#"{{"match": {{"op": "==", "left": {{"meta": {{"key": "oifname"}}}}, "right": "{oif}"}}}}, {{"masquerade": null}}"#
        );
        filtered(&format!("{after}{first}, {}", rule("ip", "nat", "post", &out)))
    };
    let command = ["nft insert rule ip nat post ip daddr 192.168.56.184 accept"];
    assert_found(&masquerade("", "eth2"), "nat", Level::Warn, &command);
    assert_eq!(found(&masquerade("", "eth1"), "nat").0, None, "another link");
    let excepted = format!(
        ", {}",
        rule("ip", "nat", "post", &format!(r#"{}, {{"accept": null}}"#, daddr("192.168.56.184")))
    );
    assert_eq!(found(&masquerade(&excepted, "eth2"), "nat").0, None, "mended");
    let mut legacy = paper();
    legacy.texts.insert("/proc/net/ip_tables_names".to_owned(), "nat\n".to_owned());
    let text = "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 192.168.1.183/32 -j DNAT --to-destination 10.0.0.9\nCOMMIT\n";
    legacy.outputs.insert("iptables-legacy-save".to_owned(), text.to_owned());
    let command =
        ["iptables-legacy -t nat -D PREROUTING -d 192.168.1.183/32 -j DNAT --to-destination 10.0.0.9"];
    assert_found(&look(&legacy, survey(), known()), "nat", Level::Fail, &command);
}

#[test]
fn the_kernels_own_ipvs() {
    let of = |table| with("/proc/net/ip_vs", table, known());
    let ours = of("TCP  C0A801B7:0050 rr\n");
    let command = ["/usr/sbin/ipvsadm -D -t 192.168.1.183:80 # the kernel's, not a link to tunvs"];
    assert_found(&ours, "kernel-ipvs", Level::Fail, &command);
    let other = of("UDP  C0A801B7:0035 rr\n");
    assert_eq!(found(&other, "kernel-ipvs").0, Some(Level::Warn));
}

fn with_way(forwarding: Forwarding, way: LinkRoute) -> Site {
    let mut survey = survey();
    survey.ways.insert(rip(), way);
    look(&paper(), survey, Site { services: vec![service(forwarding)], ..known() })
}

#[test]
fn ways_to_servers() {
    let none = || LinkRoute::None("Network is unreachable (os error 101)".to_owned());
    let lost = with_way(Forwarding::Masq, none());
    assert_found(&lost, "route", Level::Fail, &["ip route add 192.168.56.0/24 dev eth2"]);
    let mut refused = with_way(Forwarding::Masq, none());
    refused.survey.refusing =
        vec![RefusingRoute { net: "192.168.56.184/32".parse().unwrap(), kind: "blackhole" }];
    assert_found(&refused, "route", Level::Fail, &["ip route del blackhole 192.168.56.184/32"]);
    let mut down = with_way(Forwarding::Masq, none());
    down.survey.links[2].up = false;
    assert_found(&down, "route", Level::Fail, &["ip link set dev eth2 up"]);
    let mut far = with_way(Forwarding::Masq, none());
    far.survey.addresses.clear();
    assert_found(&far, "route", Level::Fail, &["ip route add 192.168.56.184 via GATEWAY"]);
    let out = |dev: &str, gateway| LinkRoute::Out { dev: dev.to_owned(), gateway, source: None, mtu: 65_535 };
    let round = with_way(Forwarding::Masq, out("tunvs-vip", None));
    assert_found(&round, "route", Level::Fail, &["ip route show table all match 192.168.56.184"]);
    let gateway = Some([192, 168, 56, 1].into());
    let routed = with_way(Forwarding::Route, out("eth2", gateway));
    let command = ["tunvs ipvsadm -e -t 192.168.1.183:80 -r 192.168.56.184:8080 -i"];
    assert_found(&routed, "route", Level::Fail, &command);
    assert_found(&with_way(Forwarding::Masq, out("eth2", gateway)), "route", Level::Ok, &[]);
    assert_found(&with_way(Forwarding::Local, LinkRoute::Local), "route", Level::Ok, &[]);
}

#[test]
fn neighbours_and_ways_back() {
    let heard = |reach| {
        let mut survey = survey();
        survey.neighbours[0].state = reach;
        look(&paper(), survey, known())
    };
    let commands = ["192.168.56.184: ip -br address", "ping -c 3 192.168.56.184"];
    assert_found(&heard(NeighbourState::Failed), "neighbour", Level::Fail, &commands);
    assert_found(&heard(NeighbourState::Sought), "neighbour", Level::Ok, &[]);
    let silent = |forwarding, in_packets| {
        let mut service = service(forwarding);
        service.servers[0].stats = Stats { in_packets, ..Stats::default() };
        look(&paper(), survey(), Site { services: vec![service], ..known() })
    };
    let back = ["192.168.56.184: ip route replace default via 192.168.56.181"];
    assert_found(&silent(Forwarding::Masq, 9), "return", Level::Warn, &back);
    let back = ["192.168.56.184: ip route show"];
    assert_found(&silent(Forwarding::FullNat, 9), "return", Level::Warn, &back);
    assert_eq!(found(&silent(Forwarding::Masq, 2), "return").0, None, "too few to tell");
    assert_eq!(found(&silent(Forwarding::Route, 9), "return").0, None, "answers never come by here");
    assert_found(&site(), "return", Level::Ok, &[]);
}

#[test]
fn checks_and_probes() {
    let check = CheckReport {
        kind: "http".to_owned(),
        target: String::new(),
        up: false,
        since_secs: 1,
        rounds: 1,
        against: 0,
        took_ms: None,
        void: None,
        last_error: Some("status 500".to_owned()),
        error_secs_ago: Some(1),
    };
    let server = Endpoint::new(rip(), 8080);
    let report = |up| ServerReport {
        server,
        up,
        since_secs: 1,
        weight: None,
        full_weight: Some(1),
        drained: false,
        share_percent: 100,
        checks: vec![check.clone()],
    };
    let checked = |up| {
        let service = service(Forwarding::Masq).spec.key;
        let servers = vec![report(up)];
        let report = ServiceReport { service, up, weight_up: 0, quorum: 1, sorry: false, servers };
        look(&paper(), survey(), Site { health: vec![report], ..known() })
    };
    assert_found(&checked(false), "health", Level::Fail, &["tunvs health --down"]);
    assert!(examine(&checked(false)).iter().any(|finding| finding.found == "its checks fail: status 500"));
    assert_found(&checked(true), "health", Level::Ok, &[]);
    let probed = |probe| Site { probes: BTreeMap::from([(server, probe)]), ..site() };
    assert_found(&probed(Probe::Answered), "probe", Level::Ok, &[]);
    assert_found(&probed(Probe::Refused), "probe", Level::Fail, &["192.168.56.184: ss -lnt"]);
    assert_found(&probed(Probe::Silent), "probe", Level::Fail, &["ip neigh del 192.168.56.184 dev eth2"]);
    assert_eq!(found(&site(), "probe").0, None, "nothing is sent unasked");
}

#[test]
fn daemons_of_the_host_are_named() {
    let running = |names: &[&str]| {
        let mut paper = paper();
        paper.programs = names.iter().map(|&name| name.to_owned()).collect();
        paper
    };
    let told = |paper: &Paper| sentences(&look(paper, survey(), known()), "daemon");
    assert!(told(&running(&["bash", "nginx"])).is_empty());
    let all = ["NetworkManager", "firewalld", "dockerd", "keepalived", "zebra", "bird"];
    let named: Vec<String> =
        told(&running(&all)).iter().map(|text| text.split(']').next().unwrap().to_owned()).collect();
    assert_eq!(named, ["[NetworkManager", "[firewalld", "[Docker", "[keepalived", "[FRR", "[BIRD"]);
    assert!(
        examine(&look(&running(&all), survey(), known())).iter().all(|finding| finding.level == Level::Ok)
    );

    let mut networkd = running(&["systemd-network"]);
    let commands = [
        "printf '[Network]\\nManageForeignRoutes=no\\nManageForeignRoutingPolicyRules=no\\n' | install -D -m 644 /dev/stdin /etc/systemd/networkd.conf.d/50-tunvs.conf",
        "systemctl restart systemd-networkd",
    ];
    assert_found(&look(&networkd, survey(), known()), "daemon", Level::Warn, &commands);
    let drop_in = include_str!("../../conf/systemd/networkd.conf.d/50-tunvs.conf");
    networkd.texts.insert("/usr/lib/systemd/networkd.conf.d/50-tunvs.conf".to_owned(), drop_in.to_owned());
    assert_found(&look(&networkd, survey(), known()), "daemon", Level::Ok, &[]);
    // A file of that name that counts more.
    let other = "[Network]\nManageForeignRoutes=yes\nManageForeignRoutingPolicyRules = no\n";
    networkd.texts.insert("/etc/systemd/networkd.conf.d/50-tunvs.conf".to_owned(), other.to_owned());
    assert_found(&look(&networkd, survey(), known()), "daemon", Level::Warn, &commands);

    let mut others = running(&[]);
    others.texts.insert("/etc/ufw/ufw.conf".to_owned(), "ENABLED=yes\nLOGLEVEL=low\n".to_owned());
    others.texts.insert("/etc/wireguard/wg0.conf".to_owned(), String::new());
    assert!(told(&others)[0].starts_with("[ufw]") && told(&others).len() == 1);
    let mut linked = survey();
    linked.links.push(SurveyedLink { name: "wg0".to_owned(), up: true, ..SurveyedLink::default() });
    assert!(sentences(&look(&others, linked, known()), "daemon")[1].starts_with("[wg-quick]"));
}
