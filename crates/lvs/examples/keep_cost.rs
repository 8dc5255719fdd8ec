//! Cost of a store of connections for packets, and how fast it is taken over: `keep_cost [CONNS [ROUNDS]]` (200,000 and 11; with 0 rounds the
//! take-over alone).
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it measures and prints"
)]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use lvs::director::{ConnStore, Settings, Side, StoreOrigin};
use lvs::service::{Forwarding, Protocol, ServerSpec, ServiceKey, ServiceSpec};
use lvs::{Command, Director, Time};
use lvs_wire::make::{self, Ends};
use lvs_wire::{Outbox, PacketBuf, TcpFlags};

const VIP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 183));

/// All cells of a store, one behind the other.
#[derive(Default)]
struct Cells(Vec<u8>);

const CELL: usize = 128;

impl ConnStore for Cells {
    fn put(&mut self, place: u32, record: &[u8]) {
        let at = place as usize * CELL;
        if self.0.len() < at + CELL {
            self.0.resize(at + CELL, 0);
        }
        self.0[at..at + record.len()].copy_from_slice(record);
    }

    fn clear(&mut self, place: u32) {
        if let Some(cell) = self.0.get_mut(place as usize * CELL..) {
            cell.iter_mut().take(2).for_each(|byte| *byte = 0);
        }
    }
}

fn main() -> std::io::Result<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u32>().ok());
    let conns = numbers.next().flatten().unwrap_or(200_000);
    let rounds = numbers.next().flatten().unwrap_or(11);
    // Nanoseconds to open, and for a packet, without a store and with one.
    let mut times = [[Vec::new(), Vec::new()], [Vec::new(), Vec::new()]];
    for round in 0..rounds * 2 {
        let is_kept = usize::from(round % 2 == 1);
        let director = director()?;
        if is_kept == 1 {
            director.begin_keeping();
        }
        let opened = timed(&director, conns, 2, open);
        let walked = timed(&director, conns, 1, packet);
        times[0][is_kept].push(opened);
        times[1][is_kept].push(walked);
    }
    let costs = times.iter_mut().filter(|times| !times[0].is_empty());
    for (what, times) in ["opening, a packet", "established, a packet"].iter().zip(costs) {
        let [without, with] = times.each_mut().map(|times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        });
        println!(
            "{what}: {without:.1} ns without a store, {with:.1} ns with one: {:+.1} %",
            (with / without - 1.0) * 100.0
        );
    }
    let first = director()?;
    first.begin_keeping();
    timed(&first, conns, 2, open);
    let mut cells = Cells::default();
    let start = Instant::now();
    first.store_changes(0, usize::MAX, Time::ZERO, &mut cells);
    let stored = start.elapsed();
    let second = director()?;
    let start = Instant::now();
    let restore = second.begin_restore(StoreOrigin::default(), Time::ZERO);
    let threads = std::thread::available_parallelism()?.get();
    let share = (cells.0.len() / CELL).div_ceil(threads).max(1);
    let parts = in_threads(threads, |number| {
        let mut part = restore.part();
        let places = (0..).zip(cells.0.chunks(CELL)).skip(number * share).take(share);
        part.take(places);
        part
    });
    let taken_in = start.elapsed();
    let whole = restore.join(parts);
    let twins = in_threads(threads, |share| whole.lead(share, threads));
    let led = start.elapsed();
    let summary = whole.finish(twins.concat());
    let restored = start.elapsed();
    println!("records taken in after {taken_in:.1?}, keys led after {led:.1?}, done after {restored:.1?}");
    let rate = |elapsed: std::time::Duration| summary.connections as f64 / elapsed.as_secs_f64();
    println!(
        "{} connections: {:.0} stored and {:.0} taken over a second",
        summary.connections,
        rate(stored),
        rate(restored)
    );
    Ok(())
}

/// Does something in so many threads at once, for each number below.
fn in_threads<T: Send>(count: usize, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let act = &act;
        let threads: Vec<_> = (0..count).map(|number| scope.spawn(move || act(number))).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    })
}

/// Nanoseconds of each of the `packets` packets that `send` sends for a connection.
fn timed(
    director: &Director,
    conns: u32,
    packets: u32,
    send: fn(&Director, &mut PacketBuf, &mut Outbox, u32),
) -> f64 {
    let (mut buf, mut outbox) = (PacketBuf::new(), Outbox::default());
    let start = Instant::now();
    for number in 0..conns {
        let scattered = u64::from(number) * 2_654_435_761 % u64::from(conns);
        send(director, &mut buf, &mut outbox, scattered as u32);
    }
    start.elapsed().as_nanos() as f64 / f64::from(conns) / f64::from(packets)
}

fn open(director: &Director, buf: &mut PacketBuf, outbox: &mut Outbox, number: u32) {
    for flags in [TcpFlags::SYN, TcpFlags::ACK] {
        buf.fill(&make::tcp(client(number), flags, &[]));
        director.process(buf, Side::Client, Time::ZERO, outbox);
    }
}

fn packet(director: &Director, buf: &mut PacketBuf, outbox: &mut Outbox, number: u32) {
    buf.fill(&make::tcp(client(number), TcpFlags::ACK, &[]));
    director.process(buf, Side::Client, Time(1), outbox);
}

fn client(number: u32) -> Ends {
    let addr = Ipv4Addr::from_bits(0x0a00_0000 + number / 50_000).into();
    Ends::new(addr, 1024 + (number % 50_000) as u16, VIP, 80)
}

fn director() -> std::io::Result<Director> {
    let director = Director::new(Settings::default());
    let service = ServiceKey::Address { protocol: Protocol::Tcp, addr: VIP, port: 80 };
    let server = |last: u8| ServerSpec::new(Ipv4Addr::new(10, 0, 0, last).into(), 80, Forwarding::Masq);
    let mut commands = vec![Command::AddService(ServiceSpec::new(service, "rr"))];
    commands.extend((1..=10).map(|last| Command::AddServer { service, server: server(last) }));
    for command in &commands {
        director.apply(command, Time::ZERO).map_err(std::io::Error::other)?;
    }
    Ok(director)
}
