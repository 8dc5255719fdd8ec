//! Properties of the grammar as a whole.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::prelude::*;

use super::names::NoNames;
use super::{lossless_server, lossless_service, read_command};
use lvs::director::Command;
use lvs::service::{
    ClientLimit, Family, Forwarding, Persistence, Protocol, SchedulerFlags, ServerSpec, ServiceKey,
    ServiceSpec, SynDefence, Tunnel, TunnelChecksum, TunnelKind,
};

fn addr() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from(bits))),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from(bits))),
        (any::<u16>(), any::<u32>()).prop_map(|(high, low)| {
            IpAddr::V6(Ipv6Addr::from(u128::from(high) << 112 | u128::from(low)))
        }),
    ]
}

fn key() -> impl Strategy<Value = ServiceKey> {
    let protocol = prop_oneof![Just(Protocol::Tcp), Just(Protocol::Udp), Just(Protocol::Sctp)];
    let family = prop_oneof![Just(Family::V4), Just(Family::V6)];
    prop_oneof![
        (protocol, addr(), 1_u16..).prop_map(|(protocol, addr, port)| ServiceKey::Address {
            protocol,
            addr,
            port
        }),
        (1_u32.., family).prop_map(|(mark, family)| ServiceKey::Mark { mark, family }),
    ]
}

fn service() -> impl Strategy<Value = ServiceSpec> {
    let persistence = proptest::option::of((1_u32..=2_678_400, any::<u32>(), 1_u32..=128));
    let scheduler = prop_oneof![Just("rr"), Just("sh"), Just("mh"), Just("none")];
    (key(), scheduler, 0_u8..8, any::<bool>(), persistence, any::<bool>()).prop_map(
        |(key, scheduler, flags, one_packet, persistence, has_engine)| ServiceSpec {
            key,
            scheduler: scheduler.to_owned(),
            scheduler_flags: SchedulerFlags(flags),
            one_packet: one_packet
                && (key.is_mark() || matches!(key, ServiceKey::Address { protocol: Protocol::Udp, .. })),
            persistence: persistence.map(|(timeout, mask, prefix)| Persistence {
                timeout,
                mask: if key.family() == Family::V4 { mask } else { prefix },
            }),
            engine: has_engine.then(|| "sip".to_owned()),
            client_addr_mode: None,
            rst_on_expire: !has_engine && one_packet,
            adopt: has_engine,
            syn_defence: key.is_mark().then_some(SynDefence::Auto),
            client_limit: key.is_mark().then_some(ClientLimit { rate: 1, burst: 7, conns: 9, prefix: 24 }),
            allow: has_engine.then(|| "/etc/tunvs/allow".to_owned()),
            deny: one_packet.then(|| "/etc/tunvs/deny".to_owned()),
        },
    )
}

fn forwarding() -> impl Strategy<Value = Forwarding> {
    let checksum = prop_oneof![Just(TunnelChecksum::None), Just(TunnelChecksum::Full)];
    let any_checksum = prop_oneof![checksum.clone(), Just(TunnelChecksum::Remote)];
    prop_oneof![
        Just(Forwarding::Masq),
        Just(Forwarding::Route),
        Just(Forwarding::Tunnel(Tunnel::default())),
        (1_u16.., any_checksum).prop_map(|(port, checksum)| {
            Forwarding::Tunnel(Tunnel { kind: TunnelKind::Gue, port, checksum })
        }),
        checksum
            .prop_map(|checksum| { Forwarding::Tunnel(Tunnel { kind: TunnelKind::Gre, port: 0, checksum }) }),
    ]
}

/// A server as ipvsadm can declare it for that service: routing and tunnels keep the port, and only tunnels
/// change the family.
fn server(key: ServiceKey) -> impl Strategy<Value = ServerSpec> {
    (addr(), any::<u16>(), forwarding(), 0..=i32::MAX, 0..=i32::MAX, 0..=i32::MAX).prop_map(
        move |(addr, port, forwarding, weight, upper, lower)| {
            let keeps_port = forwarding != Forwarding::Masq && !key.is_mark();
            let is_mixed = Family::of(&addr) != key.family();
            let forwarding = if is_mixed { Forwarding::Tunnel(Tunnel::default()) } else { forwarding };
            ServerSpec {
                addr,
                port: if keeps_port || is_mixed && !key.is_mark() { key.port() } else { port },
                forwarding,
                weight,
                upper_threshold: upper.unsigned_abs(),
                lower_threshold: lower.unsigned_abs(),
            }
        },
    )
}

fn read(line: &str) -> Result<Command, String> {
    let words: Vec<Vec<u8>> =
        std::iter::once("ipvsadm").chain(line.split(' ')).map(|word| word.as_bytes().to_vec()).collect();
    read_command(&words, &NoNames).map(|(command, _)| command)
}

proptest! {
    #[test]
    fn a_service_comes_back_from_its_line(spec in service()) {
        prop_assert_eq!(read(&lossless_service(&spec)), Ok(Command::AddService(spec)));
    }

    #[test]
    fn a_server_comes_back_from_its_line((key, spec) in key().prop_flat_map(|key| (Just(key), server(key)))) {
        let line = lossless_server(&key, &spec);
        prop_assert_eq!(read(&line), Ok(Command::AddServer { service: key, server: spec }), "{}", line);
    }

    #[test]
    fn whatever_is_typed_is_answered(words in vec(vec(any::<u8>(), 0..20), 0..8)) {
        let _ = read_command(&words, &NoNames);
    }

    #[test]
    fn whatever_follows_a_command_is_answered(
        first in prop_oneof![Just("-A"), Just("-a"), Just("-L"), Just("--start-daemon=master"), Just("--set")],
        words in vec("(-[a-zA-Z0-9]{1,3}|--[a-z-]{1,12}(=[0-9a-z.:]{0,6})?|[0-9a-f.:\\[\\]]{0,12})", 0..8),
    ) {
        let words: Vec<Vec<u8>> = ["ipvsadm", first]
            .into_iter()
            .map(str::to_owned)
            .chain(words)
            .map(String::into_bytes)
            .collect();
        let _ = read_command(&words, &NoNames);
    }
}
