//! The numbers of a director in Prometheus' text format, version 0.0.4.
//!
//! Names go by Prometheus' conventions: base units, `_total` for what only grows (until somebody zeroes it). Pure: from
//! data to text. The number of series is bounded: what does not fit is left out whole, service by service, and counted.

use std::fmt::Write;

use lvs::director::{ServerEntry, ServiceEntry};
use lvs::service::Stats;
use lvs_control::Status;
use lvs_control::status::{SourceReport, SyncPeer};

#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
}

/// A metric, and what it says of a service.
type OfService = (&'static str, Kind, &'static str, fn(&ServiceEntry) -> u64);
type OfServer = (&'static str, Kind, &'static str, fn(&ServerEntry) -> u64);
type OfPeer = (&'static str, Kind, &'static str, fn(&SyncPeer) -> Option<u64>);
type OfStats = (&'static str, &'static str, fn(&Stats) -> u64);

/// Metrics that services, servers and the whole have in common; the names go on behind a prefix.
const TRAFFIC: [OfStats; 5] = [
    ("connections_total", "Connections that were scheduled.", |stats| stats.conns),
    ("in_packets_total", "Packets of clients.", |stats| stats.in_packets),
    ("out_packets_total", "Packets of real servers to clients, where they come by.", |stats| {
        stats.out_packets
    }),
    ("in_bytes_total", "Bytes of the IP packets of clients.", |stats| stats.in_bytes),
    ("out_bytes_total", "Bytes of the IP packets of real servers.", |stats| stats.out_bytes),
];

const OF_SERVICES: [OfService; 1] =
    [("tunvs_service_servers", Kind::Gauge, "Real servers of the service.", |service| {
        service.servers.len() as u64
    })];

const OF_SERVERS: [OfServer; 5] = [
    ("tunvs_server_weight", Kind::Gauge, "Weight; with 0 it gets no new connections.", |server| {
        server.weight().max(0).unsigned_abs().into()
    }),
    ("tunvs_server_active_connections", Kind::Gauge, "Connections in an established state.", |server| {
        server.active_conns.into()
    }),
    ("tunvs_server_inactive_connections", Kind::Gauge, "Connections in any other state.", |server| {
        server.inactive_conns.into()
    }),
    ("tunvs_server_persistent_connections", Kind::Gauge, "Persistence templates.", |server| {
        server.persistent_conns.into()
    }),
    (
        "tunvs_server_upper_threshold",
        Kind::Gauge,
        "Connections from which it is overloaded; 0 is no limit.",
        |server| server.spec.upper_threshold.into(),
    ),
];

const OF_PEERS: [OfPeer; 6] = [
    (
        "tunvs_sync_lag_milliseconds",
        Kind::Gauge,
        "Age of the oldest records that the peer has not acknowledged.",
        |peer| Some(peer.lag_ms),
    ),
    ("tunvs_sync_records_behind", Kind::Gauge, "Records that the peer does not have yet.", |peer| {
        Some(peer.behind)
    }),
    ("tunvs_sync_told_records_total", Kind::Counter, "Records that the peer has.", |peer| Some(peer.told)),
    ("tunvs_sync_heard_records_total", Kind::Counter, "Records that were taken from the peer.", |peer| {
        Some(peer.heard)
    }),
    (
        "tunvs_sync_full_told_age_seconds",
        Kind::Gauge,
        "Time since the peer was told all connections; none before.",
        |peer| peer.full_told_secs_ago,
    ),
    (
        "tunvs_sync_full_heard_age_seconds",
        Kind::Gauge,
        "Time since all connections of the peer are known here; none before.",
        |peer| peer.full_heard_secs_ago,
    ),
];

/// Series of a service, and of each of its servers.
const PER_SERVICE: usize = OF_SERVICES.len() + TRAFFIC.len();
const PER_SERVER: usize = OF_SERVERS.len() + TRAFFIC.len();

/// The whole page. `limit`: series of services and servers at most.
pub fn render(status: &Status, mut services: Vec<ServiceEntry>, limit: usize) -> String {
    services.sort_by_key(|service| service.spec.key);
    let (mut used, mut shown) = (0, 0);
    for service in &services {
        let wanted = PER_SERVICE + service.servers.len() * PER_SERVER;
        if used + wanted > limit {
            break;
        }
        used += wanted;
        shown += 1;
    }
    let omitted = services.len() - shown;
    services.truncate(shown);
    let mut page = Page(String::with_capacity((used + 100) * 100));
    page.director(status, omitted);
    page.services(&services);
    page.0
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.0.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"{}\"", if at == 0 { '{' } else { ',' }, escaped(text));
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    fn one(&mut self, name: &str, kind: Kind, help: &str, value: u64) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    fn director(&mut self, status: &Status, omitted: usize) {
        use Kind::{Counter, Gauge};
        let census = &status.census;
        let (servers, conns) = (census.servers, census.connections);
        self.family("tunvs_build_info", Gauge, "Version of the director.");
        self.sample("tunvs_build_info", &[("version", &status.director.version)], 1);
        self.family("tunvs_director_info", Gauge, "Name of the director: that of its host.");
        self.sample("tunvs_director_info", &[("name", &status.director.name)], 1);
        self.one("tunvs_uptime_seconds", Gauge, "Time since the director's start.", status.director.uptime);
        self.one("tunvs_services", Gauge, "Virtual services.", census.services);
        self.one("tunvs_servers", Gauge, "Real servers of all services.", servers.total);
        self.one("tunvs_servers_quiesced", Gauge, "Real servers of weight 0.", servers.quiesced);
        self.one(
            "tunvs_servers_overloaded",
            Gauge,
            "Real servers at their upper threshold.",
            servers.overloaded,
        );
        self.one(
            "tunvs_tracked_connections",
            Gauge,
            "Connections and templates in the table.",
            conns.tracked,
        );
        self.one("tunvs_tracked_connections_limit", Gauge, "How many there can be.", conns.limit);
        self.one(
            "tunvs_masqueraded_connections",
            Gauge,
            "Connections in the table that hosts of --masquerade opened outwards.",
            conns.masqueraded,
        );
        self.one(
            "tunvs_masqueraded_connections_total",
            Counter,
            "Connections that hosts of --masquerade opened outwards.",
            conns.masqueraded_total,
        );
        for (name, help, value) in TRAFFIC {
            self.one(&format!("tunvs_{name}"), Counter, help, value(&census.stats));
        }
        self.packets(status);
        self.fast_path(status);
        let kept = "1 where connections outlive a kill of the director.";
        self.one("tunvs_connections_kept", Gauge, kept, status.kept.on.into());
        self.surroundings(status);
        self.fleet(status);
        self.sources(status);
        self.sync(status);
        let left_out = "Services that are left out here for the limit of series.";
        self.one("tunvs_metrics_omitted_services", Gauge, left_out, omitted as u64);
    }

    fn fast_path(&mut self, status: &Status) {
        use Kind::{Counter, Gauge};
        let fast = &status.fast_path;
        let of = |name: &str| format!("tunvs_fast_path_{name}");
        self.one(&of("on"), Gauge, "1 where plain packets may go past the director.", fast.on.into());
        self.one(&of("connections"), Gauge, "Connections whose plain packets do.", fast.connections);
        self.one(
            &of("packets_total"),
            Counter,
            "Packets that did; services and servers count them too.",
            fast.packets,
        );
        self.one(&of("bytes_total"), Counter, "Bytes of these IP packets.", fast.bytes);
        self.family(&of("offers_total"), Counter, "Connections that were to go by the fast path.");
        for (outcome, value) in
            [("installed", fast.installed), ("full", fast.full), ("refused", fast.refused)]
        {
            self.sample(&of("offers_total"), &[("outcome", outcome)], value);
        }
    }

    fn packets(&mut self, status: &Status) {
        use Kind::Counter;
        self.family("tunvs_packets_total", Counter, "What became of packets.");
        for (verdict, value) in status.packets.iter().filter(|(name, _)| !is_failure(name)) {
            self.sample("tunvs_packets_total", &[("verdict", verdict)], *value);
        }
        self.family(
            "tunvs_packet_failures_total",
            Counter,
            "Packets not readable, or not taken back by the host.",
        );
        for (reason, value) in status.packets.iter().filter(|(name, _)| is_failure(name)) {
            self.sample("tunvs_packet_failures_total", &[("reason", reason)], *value);
        }
        self.family("tunvs_dropped_packets_total", Counter, "Dropped packets by reason.");
        for (reason, value) in &status.drops {
            self.sample("tunvs_dropped_packets_total", &[("reason", reason)], *value);
        }
        self.family("tunvs_queue_packets_total", Counter, "Packets read from a queue of a TUN interface.");
        for queue in &status.queues {
            self.sample("tunvs_queue_packets_total", &[("queue", &queue.name)], queue.packets);
        }
    }

    /// The host, events and the flow log.
    fn surroundings(&mut self, status: &Status) {
        use Kind::{Counter, Gauge};
        let follows = "Whether rules, routes and addresses of the host are as the services want them.";
        self.one("tunvs_host_follows", Gauge, follows, status.host.follows.into());
        self.one(
            "tunvs_host_changes",
            Gauge,
            "Changes of the host that will be undone.",
            status.host.changes,
        );
        self.one("tunvs_events_total", Counter, "Events so far.", status.events);
        self.one(
            "tunvs_flow_log_lines_total",
            Counter,
            "Lines written to the flow log.",
            status.flow_log.written,
        );
        let missing = "Connections that the flow log does not have, by the reason.";
        self.family("tunvs_flow_log_lost_total", Counter, missing);
        for (reason, value) in status.flow_log.lost.named() {
            self.sample("tunvs_flow_log_lost_total", &[("reason", reason)], value);
        }
    }

    /// Announcements to routers.
    fn fleet(&mut self, status: &Status) {
        use Kind::Gauge;
        let fleet = &status.fleet;
        let retiring = "Whether the director announces nothing any more and ends when its traffic has gone.";
        self.one("tunvs_retiring", Gauge, retiring, fleet.retiring.into());
        let announced = "Whether routers may be told of a virtual address.";
        self.family("tunvs_vip_announced", Gauge, announced);
        let named = |value| move |addr: &std::net::IpAddr| (addr.to_string(), value);
        let vips = fleet.announced.iter().map(named(1)).chain(fleet.withheld.iter().map(named(0)));
        for (addr, value) in vips {
            self.sample("tunvs_vip_announced", &[("vip", &addr)], value);
        }
    }

    /// Sources of real servers.
    fn sources(&mut self, status: &Status) {
        use Kind::Gauge;
        type Value = fn(&SourceReport) -> u64;
        let families: [(&str, &str, Value); 3] = [
            ("tunvs_source_up", "Whether a source of real servers says what its servers are.", |source| {
                source.trouble.is_none().into()
            }),
            ("tunvs_source_servers", "Real servers of a source that are not being drained.", |source| {
                source.servers
            }),
            ("tunvs_source_draining", "Real servers of a source that are being drained.", |source| {
                source.draining
            }),
        ];
        for (name, help, value) in families {
            self.family(name, Gauge, help);
            for source in &status.sources {
                let service = source.service.to_string();
                self.sample(name, &[("service", &service), ("source", &source.source)], value(source));
            }
        }
    }

    /// Other directors.
    fn sync(&mut self, status: &Status) {
        use Kind::{Counter, Gauge};
        let Some(channel) = &status.sync.channel else { return };
        self.one("tunvs_sync_peers", Gauge, "Other directors on the channel.", channel.peers.len() as u64);
        let refused = "Other directors that were refused, by the reason.";
        self.family("tunvs_sync_refused_total", Counter, refused);
        for (reason, count) in &channel.refused {
            self.sample("tunvs_sync_refused_total", &[("reason", reason)], *count);
        }
        for (name, kind, help, value) in OF_PEERS {
            self.family(name, kind, help);
            for peer in &channel.peers {
                let (addr, version) = (peer.address.to_string(), &peer.version);
                if let Some(value) = value(peer) {
                    self.sample(name, &[("peer", &addr), ("version", version)], value);
                }
            }
        }
    }

    fn services(&mut self, services: &[ServiceEntry]) {
        let names: Vec<String> = services.iter().map(|service| service.spec.key.to_string()).collect();
        let named = || names.iter().map(String::as_str).zip(services);
        for (name, kind, help, value) in OF_SERVICES {
            self.family(name, kind, help);
            for (service, entry) in named() {
                self.sample(name, &[("service", service)], value(entry));
            }
        }
        for (tail, help, value) in TRAFFIC {
            let name = format!("tunvs_service_{tail}");
            self.family(&name, Kind::Counter, help);
            for (service, entry) in named() {
                self.sample(&name, &[("service", service)], value(&entry.stats));
            }
        }
        for (name, kind, help, value) in OF_SERVERS {
            self.family(name, kind, help);
            self.servers(name, named(), value);
        }
        for (tail, help, value) in TRAFFIC {
            let name = format!("tunvs_server_{tail}");
            self.family(&name, Kind::Counter, help);
            self.servers(&name, named(), |server| value(&server.stats));
        }
    }

    fn servers<'a>(
        &mut self,
        name: &str,
        services: impl Iterator<Item = (&'a str, &'a ServiceEntry)>,
        value: impl Fn(&ServerEntry) -> u64,
    ) {
        for (service, entry) in services {
            for server in &entry.servers {
                let end = server.spec.endpoint().to_string();
                self.sample(name, &[("service", service), ("server", &end)], value(server));
            }
        }
    }
}

fn is_failure(counter: &str) -> bool {
    counter == "unreadable" || counter.starts_with("write_")
}

/// A label's value between its quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use lvs_control::status::SyncChannel;

    use super::*;
    use lvs::service::{Forwarding, Protocol, Rates, ServerSpec, ServiceKey, ServiceSpec};

    fn service(port: u16, servers: u8) -> ServiceEntry {
        let key = ServiceKey::Address { protocol: Protocol::Tcp, addr: [10, 0, 0, 1].into(), port };
        let server = |last| ServerEntry {
            drained: false,
            spec: ServerSpec::new([10, 1, 0, last].into(), 80, Forwarding::Masq),
            active_conns: 1,
            inactive_conns: 2,
            persistent_conns: 3,
            stats: Stats { conns: 4, ..Stats::default() },
            rates: Rates::default(),
        };
        let servers = (0..servers).map(server).collect();
        ServiceEntry {
            spec: ServiceSpec::new(key, "rr"),
            stats: Stats::default(),
            rates: Rates::default(),
            servers,
        }
    }

    fn status() -> Status {
        Status {
            packets: ["forward", "unreadable", "write_link_down"].map(|name| (name.to_owned(), 7)).into(),
            drops: [("no_server".to_owned(), 1)].into(),
            queues: vec![lvs_control::status::Queue { name: "a\"b\\c".to_owned(), ..Default::default() }],
            sync: lvs_control::status::Sync { channel: Some(channel()), ..Default::default() },
            ..Status::default()
        }
    }

    /// One with another director at its end.
    fn channel() -> SyncChannel {
        let peer = SyncPeer {
            address: [192, 0, 2, 2].into(),
            id: "1".to_owned(),
            version: "0.1.0".to_owned(),
            is_master: true,
            is_backup: true,
            connected_secs: 1,
            lag_ms: 2,
            behind: 3,
            told: 4,
            heard: 5,
            heard_ends: 6,
            left: BTreeMap::new(),
            full_told_secs_ago: Some(7),
            full_heard_secs_ago: Some(8),
        };
        SyncChannel { peers: vec![peer], ..SyncChannel::default() }
    }

    /// Checks what `promtool check metrics` looks at: the form of every line, families that stand together behind their
    /// HELP and TYPE, each series once, names by the conventions. Series by family.
    fn check(page: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut families: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let (mut open, mut helped) = (String::new(), String::new());
        assert!(page.ends_with('\n'));
        for line in page.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, text) = help.split_once(' ').unwrap();
                assert!(!text.is_empty() && !families.contains_key(name), "{line}");
                helped = name.to_owned();
                continue;
            }
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert_eq!(name, helped);
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                assert!(["counter", "gauge"].contains(&kind), "{line}");
                families.insert(name.to_owned(), BTreeSet::new());
                open = name.to_owned();
                continue;
            }
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            assert_eq!(name, open, "{line}");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{line}");
            assert!(value.parse::<f64>().is_ok() && labels.ends_with('}'), "{line}");
            assert!(families.get_mut(name).unwrap().insert(labels.to_owned()), "twice: {line}");
        }
        families
    }

    #[test]
    fn the_page_is_well_formed_and_says_everything() {
        let page = render(&status(), vec![service(81, 2), service(80, 1)], 10_000);
        let families = check(&page);
        assert!(page.contains("tunvs_packets_total{verdict=\"forward\"} 7\n"));
        assert!(page.contains("tunvs_packet_failures_total{reason=\"write_link_down\"} 7\n"));
        assert!(page.contains(r#"tunvs_queue_packets_total{queue="a\"b\\c"} 0"#));
        let server = r#"tunvs_server_connections_total{service="TCP 10.0.0.1:81",server="10.1.0.1:80"} 4"#;
        assert!(page.contains(server), "{page}");
        assert_eq!(families["tunvs_server_weight"].len(), 3);
        assert_eq!(families["tunvs_service_servers"].len(), 2);
    }

    #[test]
    fn a_drained_server_has_weight_0() {
        let mut service = service(80, 2);
        service.servers.iter_mut().for_each(|server| server.spec.weight = 7);
        service.servers[0].drained = true;
        let page = render(&status(), vec![service], 10_000);
        let mut weights: Vec<&str> = page
            .lines()
            .filter(|line| line.starts_with("tunvs_server_weight{"))
            .filter_map(|line| line.rsplit(' ').next())
            .collect();
        weights.sort_unstable();
        assert_eq!(weights, ["0", "7"]);
    }

    #[test]
    fn series_are_bounded_and_what_is_left_out_is_counted() {
        let services: Vec<ServiceEntry> = (1..=100).map(|port| service(port, 10)).collect();
        let limit = 1000;
        let page = render(&status(), services.clone(), limit);
        let families = check(&page);
        let of_services =
            |name: &&String| name.starts_with("tunvs_service_") || name.starts_with("tunvs_server_");
        let series: usize = families.keys().filter(of_services).map(|name| families[name].len()).sum();
        let each = PER_SERVICE + 10 * PER_SERVER;
        assert_eq!(series, limit / each * each);
        assert!(page.contains(&format!("tunvs_metrics_omitted_services {}\n", 100 - limit / each)));
        assert!(render(&status(), services, usize::MAX).contains("tunvs_metrics_omitted_services 0\n"));
    }

    #[test]
    fn the_dashboard_uses_only_metrics_that_exist() {
        let families = check(&render(&status(), vec![service(80, 1)], 10_000));
        let text = include_str!("../../conf/grafana-dashboard.json");
        let dashboard: serde_json::Value = serde_json::from_str(text).unwrap();
        let mut expressions = Vec::new();
        collect(&dashboard, &mut expressions);
        assert!(expressions.len() > 10, "{expressions:?}");
        let mut used = BTreeSet::new();
        for expression in &expressions {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            used.extend(
                expression
                    .split(|c| !is_name(c))
                    .filter(|word| word.starts_with("tunvs_"))
                    .map(str::to_owned),
            );
        }
        let unknown: Vec<&String> = used.iter().filter(|name| !families.contains_key(*name)).collect();
        assert!(unknown.is_empty(), "no such metrics: {unknown:?}");
        assert!(used.len() > 10, "{used:?}");
    }

    /// Every query of the dashboard.
    fn collect(value: &serde_json::Value, expressions: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(members) => {
                for (name, member) in members {
                    if let ("expr" | "query" | "definition", Some(text)) = (name.as_str(), member.as_str()) {
                        expressions.push(text.to_owned());
                    }
                    collect(member, expressions);
                }
            }
            serde_json::Value::Array(elements) => {
                elements.iter().for_each(|element| collect(element, expressions))
            }
            _ => {}
        }
    }
}
