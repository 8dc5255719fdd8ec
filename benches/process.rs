//! What the director itself costs, in process and without a device: a packet of an established connection, a new
//! connection by each scheduler, expiry and listing; and what memory alone takes for a packet's walk through the
//! table. `TUNVS_BENCH_CONNS` limits the table sizes. As a test (`cargo test --bench process`) each runs once on a
//! small table; counts are checked either way.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use ipnet::IpNet;
use lvs::director::{Query, Reply};
use lvs::director::{Settings, Side};
use lvs::service::{AccessList, Forwarding, Protocol, ServerSpec, ServiceKey, ServiceSpec};
use lvs::{Command, Director, Time, Verdict};
use lvs_wire::make::{self, Ends};
use lvs_wire::{Outbox, PacketBuf, TcpFlags};

const VIP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 183));

fn director(scheduler: &str, servers: u32) -> Director {
    let director = Director::new(Settings::default());
    let service = ServiceKey::Address { protocol: Protocol::Tcp, addr: VIP, port: 80 };
    let add = Command::AddService(ServiceSpec::new(service, scheduler));
    assert_eq!(director.apply(&add, Time::ZERO), Ok(()));
    for server in 0..servers {
        let addr = Ipv4Addr::from_bits(0xac10_0001 + server).into();
        // By weight `ovf` limits the connections of a server.
        let server = ServerSpec { weight: 1000, ..ServerSpec::new(addr, 80, Forwarding::Masq) };
        assert_eq!(director.apply(&Command::AddServer { service, server }, Time::ZERO), Ok(()));
    }
    director
}

fn client(number: u32) -> Ends {
    let addr = Ipv4Addr::from_bits(0x0a00_0000 + number / 50_000).into();
    Ends::new(addr, 1024 + (number % 50_000) as u16, VIP, 80)
}

fn limit() -> u32 {
    let most = if std::env::args().any(|arg| arg == "--bench") { 1_000_000 } else { 1_000 };
    std::env::var("TUNVS_BENCH_CONNS").ok().and_then(|limit| limit.parse().ok()).unwrap_or(most)
}

/// The table sizes to look at.
fn sizes() -> impl Iterator<Item = u32> {
    [1_000, 100_000, 1_000_000].into_iter().filter(|conns| *conns <= limit())
}

/// A director with that many established connections.
fn filled(conns: u32) -> Director {
    let director = director("rr", 10);
    let (mut buf, mut outbox) = (PacketBuf::new(), Outbox::default());
    (0..conns).for_each(|number| open(&director, &mut buf, &mut outbox, number));
    assert_eq!(director.conn_count(), conns as usize);
    director
}

fn open(director: &Director, buf: &mut PacketBuf, outbox: &mut Outbox, number: u32) {
    for flags in [TcpFlags::SYN, TcpFlags::ACK] {
        buf.fill(&make::tcp(client(number), flags, &[]));
        assert_eq!(director.process(buf, Side::Client, Time::ZERO, outbox), Verdict::Forward);
    }
}

/// Packets over all connections in a scattered order, so that a large table is as cold as it would be. The packet
/// is made in a warm buffer: its ends are written over a template, and its checksums are whatever they are, as the
/// director only ever changes them.
fn established(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("established");
    for conns in sizes() {
        let director = filled(conns);
        let (mut buf, mut outbox) = (PacketBuf::new(), Outbox::default());
        let mut sent = u64::from(conns) * 2;
        let template = make::tcp(client(0), TcpFlags::ACK, &[0; 512]);
        let mut at = 0u32;
        group.bench_function(BenchmarkId::from_parameter(conns), |bencher| {
            bencher.iter(|| {
                at = at.wrapping_add(2_654_435_761);
                fill_from(&mut buf, &template, client(at % conns));
                sent += 1;
                director.process(&mut buf, Side::Client, Time(1), &mut outbox)
            });
        });
        assert_eq!(director.conn_count(), conns as usize, "every packet belonged to a connection");
        assert_eq!(packets(&director), sent, "and was counted");
    }
    group.finish();
}

/// Packets of clients that the director has counted.
fn packets(director: &Director) -> u64 {
    match director.query(&Query::Totals, Time(1)) {
        Ok(Reply::Totals { stats, .. }) => stats.in_packets,
        _ => 0,
    }
}

fn fill_from(buf: &mut PacketBuf, template: &[u8], ends: Ends) {
    buf.fill(template);
    if let IpAddr::V4(src) = ends.src {
        buf.bytes_mut()[12..16].copy_from_slice(&src.octets());
    }
    buf.bytes_mut()[20..22].copy_from_slice(&ends.src_port.to_be_bytes());
}

/// Filling the buffer alone, to subtract from the others.
fn fill(criterion: &mut Criterion) {
    let packet = make::tcp(client(0), TcpFlags::ACK, &[0; 512]);
    let mut buf = PacketBuf::new();
    criterion.bench_function("fill", |bencher| bencher.iter(|| fill_from(&mut buf, &packet, client(7))));
}

/// What memory alone takes for that: for each packet one tag, one line of an index and one record, of the sizes that
/// the table has, each found by the one before. No table with a record for each connection can be faster.
fn memory(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("memory");
    for conns in sizes().map(|conns| conns as usize) {
        let places = (conns * 4).next_power_of_two();
        let tags = vec![1u8; places];
        let index: Vec<usize> = (0..places).map(|place| place.wrapping_mul(2_654_435_761) % conns).collect();
        let mut records = vec![[1u64; 10]; conns];
        let mut at = 0usize;
        group.bench_function(BenchmarkId::from_parameter(conns), |bencher| {
            bencher.iter(|| {
                at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let place = (at >> 33) % places;
                let found = index[(place + usize::from(tags[place]) - 1) % places];
                let record = &mut records[found];
                record[0] = record[9];
                at += record[0] as usize;
            });
        });
    }
    group.finish();
}

/// Whether a client is let in, by lists of 100,000 prefixes: of IPv4, and of IPv6.
fn access(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("access");
    let prefixes = limit().min(100_000);
    let mut draw = 7_u64;
    let mut next = move || {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        draw >> 16
    };
    let v4 = |draw: u64| IpAddr::V4(Ipv4Addr::from_bits(draw as u32));
    let v6 = |draw: u64| IpAddr::V6(((0x2001 << 112) | u128::from(draw) << 64).into());
    for (name, addr, shortest) in [("v4", v4 as fn(u64) -> IpAddr, 16), ("v6", v6, 32)] {
        let nets: Vec<IpNet> = (0..prefixes)
            .filter_map(|_| IpNet::new(addr(next()), shortest + (next() % 17) as u8).ok())
            .map(|net| net.trunc())
            .collect();
        let list = AccessList::new(None, &nets);
        let clients: Vec<IpAddr> = (0..1 << 16).map(|_| addr(next())).collect();
        let mut at = 0_usize;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                at = (at + 1) % clients.len();
                list.allows(clients[at])
            });
        });
        let denied = clients.iter().filter(|client| !list.allows(**client)).count();
        assert!(denied > 0 && denied < clients.len(), "{denied} are denied");
    }
    group.finish();
}

/// A thousand SYNs that are scheduled.
fn new_connections(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("thousand_new");
    let most_servers = if limit() < 1_000_000 { 20 } else { 2_000 };
    let syns: Vec<Vec<u8>> = (0..1000).map(|number| make::tcp(client(number), TcpFlags::SYN, &[])).collect();
    for scheduler in lvs::sched::names() {
        for servers in [2, 10, 20, 200, 2_000].into_iter().filter(|servers| *servers <= most_servers) {
            group.bench_function(BenchmarkId::new(scheduler, servers), |bencher| {
                let (mut buf, mut outbox) = (PacketBuf::new(), Outbox::default());
                bencher.iter_batched_ref(
                    || director(scheduler, servers),
                    |director| {
                        for syn in &syns {
                            buf.fill(syn);
                            director.process(&mut buf, Side::Client, Time::ZERO, &mut outbox);
                        }
                        assert_eq!(director.conn_count(), syns.len());
                    },
                    BatchSize::PerIteration,
                );
            });
        }
    }
    group.finish();
}

/// Everything that a burst of connections leaves behind, ended in one go.
fn expiry(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("expiry");
    for conns in sizes() {
        group.bench_function(BenchmarkId::from_parameter(conns), |bencher| {
            bencher.iter_batched_ref(
                || filled(conns),
                |director| {
                    while director.handle_timeout(Time::from_secs(1000)) {}
                    assert_eq!(director.conn_count(), 0);
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// A look at the timers while nothing is due, as on an idle director with open connections.
fn turn(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("turn_of_the_wheel");
    for conns in sizes() {
        let director = filled(conns);
        let mut now = Time::ZERO;
        group.bench_function(BenchmarkId::from_parameter(conns), |bencher| {
            bencher.iter(|| {
                now = Time(now.0 + 1);
                director.handle_timeout(Time(now.0 % 60_000))
            });
        });
        assert_eq!(director.conn_count(), conns as usize);
    }
    group.finish();
}

fn listing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("listing");
    for conns in sizes() {
        let director = filled(conns);
        group.bench_function(BenchmarkId::from_parameter(conns), |bencher| {
            bencher.iter(|| assert_eq!(director.entries(Time(1)).flatten().count(), conns as usize));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = fill, established, memory, access, new_connections, expiry, turn, listing
}
criterion_main!(benches);
