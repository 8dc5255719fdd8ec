//! How fast tables are exported and imported: `export_rate [CONNS]` (100,000 by default, half of them by FULLNAT).
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it measures and prints"
)]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use lvs::director::{Settings, Side};
use lvs::service::{Forwarding, Protocol, ServerSpec, ServiceKey, ServiceSpec};
use lvs::{Command, Director, Time};
use lvs_wire::make::{self, Ends};
use lvs_wire::{Outbox, PacketBuf, TcpFlags};

const VIP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 183));

fn main() -> std::io::Result<()> {
    let conns = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000u32);
    let (first, second) = (director()?, director()?);
    let (mut buf, mut outbox) = (PacketBuf::new(), Outbox::default());
    for number in 0..conns {
        let client = Ipv4Addr::from_bits(0x0a00_0000 + number / 50_000).into();
        let ends = Ends::new(client, 1024 + (number % 50_000) as u16, VIP, 80 + (number % 2) as u16);
        for flags in [TcpFlags::SYN, TcpFlags::ACK] {
            buf.fill(&make::tcp(ends, flags, &[]));
            first.process(&mut buf, Side::Client, Time::ZERO, &mut outbox);
        }
    }
    let start = Instant::now();
    let export = first.export_all(Time::ZERO);
    let exported = start.elapsed();
    let start = Instant::now();
    let summary = second.import(&export, Time::ZERO).map_err(std::io::Error::other)?;
    let imported = start.elapsed();
    let rate = |elapsed: std::time::Duration| summary.connections as f64 / elapsed.as_secs_f64();
    println!(
        "{} connections, {} bytes each; {:.0} exported and {:.0} imported a second",
        summary.connections,
        export.len() as u64 / summary.connections.max(1),
        rate(exported),
        rate(imported),
    );
    Ok(())
}

fn director() -> std::io::Result<Director> {
    let laddr_nets = "10.255.0.0/24".parse().into_iter().collect();
    let director = Director::new(Settings { laddr_nets, ..Settings::default() });
    for (port, forwarding) in [(80, Forwarding::Masq), (81, Forwarding::FullNat)] {
        let service = ServiceKey::Address { protocol: Protocol::Tcp, addr: VIP, port };
        let server = ServerSpec::new(Ipv4Addr::new(10, 0, 0, 1).into(), 80, forwarding);
        let commands =
            [Command::AddService(ServiceSpec::new(service, "rr")), Command::AddServer { service, server }];
        for command in &commands {
            director.apply(command, Time::ZERO).map_err(std::io::Error::other)?;
        }
    }
    Ok(director)
}
