//! Resident memory per tracked connection: `conn_memory [CONNS] [fullnat]` (a million by default, masqueraded), both
//! directions, timers and counters included.

use std::net::{IpAddr, Ipv4Addr};

use lvs::director::{Settings, Side};
use lvs::service::{Forwarding, Protocol, ServerSpec, ServiceKey, ServiceSpec};
use lvs::{Command, Director, Time};
use lvs_wire::make::{self, Ends};
use lvs_wire::{Outbox, PacketBuf, TcpFlags};

const VIP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 183));

#[allow(clippy::print_stdout, reason = "the result")]
fn main() -> std::io::Result<()> {
    let conns = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1_000_000u32);
    let forwarding = match std::env::args().nth(2).as_deref() {
        Some("fullnat") => Forwarding::FullNat,
        _ => Forwarding::Masq,
    };
    let laddr_nets = "10.255.0.0/24".parse().into_iter().collect();
    let director = Director::new(Settings { laddr_nets, ..Settings::default() });
    let service = ServiceKey::Address { protocol: Protocol::Tcp, addr: VIP, port: 80 };
    let server = ServerSpec::new(Ipv4Addr::new(10, 0, 0, 1).into(), 80, forwarding);
    let commands =
        [Command::AddService(ServiceSpec::new(service, "rr")), Command::AddServer { service, server }];
    for command in &commands {
        director.apply(command, Time::ZERO).map_err(std::io::Error::other)?;
    }
    let (mut buf, mut outbox) = (PacketBuf::new(), Outbox::default());
    let before = resident()?;
    for number in 0..conns {
        let client = Ipv4Addr::from_bits(0x0a00_0000 + number / 50_000).into();
        let ends = Ends::new(client, 1024 + (number % 50_000) as u16, VIP, 80);
        // A connection is opened and established within 64 connections' time, as on a busy director.
        for flags in [TcpFlags::SYN, TcpFlags::ACK] {
            buf.fill(&make::tcp(ends, flags, &[]));
            director.process(&mut buf, Side::Client, Time(u64::from(number) / 64), &mut outbox);
        }
    }
    let bytes = resident()? - before;
    println!(
        "{} connections, {} bytes each",
        director.conn_count(),
        bytes / director.conn_count().max(1) as u64
    );
    Ok(())
}

/// Resident memory of this process in bytes.
fn resident() -> std::io::Result<u64> {
    const PAGE: u64 = 4096;
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages = text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    Ok(pages.unwrap_or(0) * PAGE)
}
