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

/// Connections whose packets one director gets in a row, before the other one gets the same.
const BLOCK: u32 = 100;

fn main() -> std::io::Result<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u32>().ok());
    let conns = numbers.next().flatten().unwrap_or(200_000);
    let rounds = numbers.next().flatten().unwrap_or(11);
    packets(conns, rounds)?;
    take_over(conns)
}

/// Costs of a store for packets: two directors by turns, one with a store, so that whatever else the machine does meets both.
fn packets(conns: u32, rounds: u32) -> std::io::Result<()> {
    let mut costs = [Cost::default(), Cost::default()];
    for _ in 0..rounds {
        let directors = [director()?, director()?];
        directors[1].begin_keeping();
        for (cost, flags) in costs.iter_mut().zip([&[TcpFlags::SYN, TcpFlags::ACK][..], &[TcpFlags::ACK]]) {
            for block in 0..conns / BLOCK {
                let packets = block_of(block, conns, flags);
                let mut times = [0.0; 2];
                // Who comes second finds more in the processor's cache.
                let first = block as usize % 2;
                for at in [first, 1 - first] {
                    times[at] = timed(&directors[at], &packets);
                }
                cost.note(times);
            }
        }
    }
    for (cost, what) in costs.into_iter().zip(["opening, a packet", "established, a packet"]) {
        cost.tell(what);
    }
    Ok(())
}

/// Nanoseconds of a packet without a store and with one, and by how much these differ, of each block.
#[derive(Default)]
struct Cost {
    times: [Vec<f64>; 2],
    ratios: Vec<f64>,
}

impl Cost {
    fn note(&mut self, [without, with]: [f64; 2]) {
        self.times[0].push(without);
        self.times[1].push(with);
        self.ratios.push(with / without);
    }

    fn tell(mut self, what: &str) {
        let Self { times: [without, with], ratios } = &mut self;
        if ratios.is_empty() {
            return;
        }
        let at = |values: &mut Vec<f64>, part: f64| {
            values.sort_by(f64::total_cmp);
            values[((values.len() - 1) as f64 * part) as usize]
        };
        let (without, with) = (at(without, 0.5), at(with, 0.5));
        let [low, median, high] = [0.25, 0.5, 0.75].map(|part| (at(ratios, part) - 1.0) * 100.0);
        let blocks = ratios.len();
        println!(
            "{what}: {without:.1} ns without a store, {with:.1} ns with one; block by block {median:+.1} %, half of {blocks} between {low:+.1} and {high:+.1} %"
        );
    }
}

fn take_over(conns: u32) -> std::io::Result<()> {
    let first = director()?;
    first.begin_keeping();
    for block in 0..conns / BLOCK {
        timed(&first, &block_of(block, conns, &[TcpFlags::SYN, TcpFlags::ACK]));
    }
    let mut cells = Cells::default();
    let start = Instant::now();
    first.store_changes(0, usize::MAX, Time::ZERO, &mut cells);
    let stored = start.elapsed();
    let second = director()?;
    let start = Instant::now();
    let restore = second.begin_restore(StoreOrigin::default(), Time::ZERO);
    let threads = std::thread::available_parallelism()?.get();
    let share = (cells.0.len() / CELL).div_ceil(threads).max(1);
    let (parts, taking) = in_threads(threads, |number| {
        let mut part = restore.part();
        let places = (0..).zip(cells.0.chunks(CELL)).skip(number * share).take(share);
        part.take(places);
        part
    });
    let taken_in = start.elapsed();
    let whole = restore.join(parts);
    let (twins, leading) = in_threads(threads, |share| whole.lead(share, threads));
    let led = start.elapsed();
    let summary = whole.finish(twins.concat());
    let restored = start.elapsed();
    println!("records taken in after {taken_in:.1?}, keys led after {led:.1?}, done after {restored:.1?}");
    let each = |spent: u64| spent as f64 / summary.connections as f64;
    println!(
        "processor time of a record: {:.0} ns to take it in, {:.0} ns to lead keys to it",
        each(taking),
        each(leading)
    );
    let rate = |elapsed: std::time::Duration| summary.connections as f64 / elapsed.as_secs_f64();
    println!(
        "{} connections: {:.0} stored and {:.0} taken over a second",
        summary.connections,
        rate(stored),
        rate(restored)
    );
    Ok(())
}

/// Does something in so many threads at once, for each number below. The outcomes, and nanoseconds of processor time together.
fn in_threads<T: Send>(count: usize, act: impl Fn(usize) -> T + Sync) -> (Vec<T>, u64) {
    std::thread::scope(|scope| {
        let act = &act;
        let run = move |number| (act(number), processor_time());
        let threads: Vec<_> = (0..count).map(|number| scope.spawn(move || run(number))).collect();
        let (outcomes, times): (Vec<T>, Vec<u64>) =
            threads.into_iter().filter_map(|thread| thread.join().ok()).unzip();
        (outcomes, times.iter().sum())
    })
}

/// Nanoseconds that this thread has had a processor.
fn processor_time() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default()
}

/// Packets of a block of the connections, which are scattered.
fn block_of(block: u32, conns: u32, flags: &[u8]) -> Vec<Vec<u8>> {
    let numbers = (block * BLOCK..(block + 1) * BLOCK)
        .map(|number| (u64::from(number) * 2_654_435_761 % u64::from(conns)) as u32);
    numbers.flat_map(|number| flags.iter().map(move |flags| make::tcp(client(number), *flags, &[]))).collect()
}

/// Nanoseconds of each of these packets.
fn timed(director: &Director, packets: &[Vec<u8>]) -> f64 {
    let (mut buf, mut outbox) = (PacketBuf::new(), Outbox::default());
    let start = Instant::now();
    for packet in packets {
        buf.fill(packet);
        director.process(&mut buf, Side::Client, Time(1), &mut outbox);
    }
    start.elapsed().as_nanos() as f64 / packets.len() as f64
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
