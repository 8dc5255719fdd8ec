//! A connection as bytes: what all have, then the parts that only some have, each with its kind and its length, so that a
//! reader skips what it does not know.

use std::net::IpAddr;

use super::bytes::{
    put_addr, put_end, put_forwarding, put_option, put_service, put_time, put_u16, put_u32, put_u64,
};
use super::{ConnRecord, Rare};
use crate::app::{ClientAddrState, ProvenClient, ProxyHeader, SynProgress, SynProxy, ftp};
use crate::conn::{Positions, State, SyncedUntil};
use crate::service::ProxyVersion;
use crate::time::Time;

/// Kinds of parts.
pub(super) mod part {
    pub(in super::super) const SERVER: u8 = 1;
    pub(in super::super) const LOCAL: u8 = 2;
    pub(in super::super) const LABEL: u8 = 3;
    pub(in super::super) const CONTROLLER: u8 = 4;
    pub(in super::super) const AGE: u8 = 5;
    pub(in super::super) const FWMARK: u8 = 6;
    pub(in super::super) const FTP: u8 = 7;
    pub(in super::super) const POSITIONS: u8 = 8;
    pub(in super::super) const TELLS_ON_EXPIRY: u8 = 9;
    pub(in super::super) const ENGINE: u8 = 10;
    pub(in super::super) const SYNCED_UNTIL: u8 = 11;
    pub(in super::super) const PINNED: u8 = 12;
    pub(in super::super) const PROXY: u8 = 13;
    pub(in super::super) const TOA: u8 = 14;
    pub(in super::super) const ACCOUNT: u8 = 15;
    pub(in super::super) const REPEAT_AT: u8 = 16;
    pub(in super::super) const SYN_OPENING: u8 = 17;
    pub(in super::super) const SYN_OPEN: u8 = 18;
}

pub(super) fn put_connection(out: &mut Vec<u8>, conn: &ConnRecord, now: Time) {
    out.extend([conn.protocol, conn.method.number()]);
    out.extend(state(conn.state));
    out.extend([conn.flags.0, conn.synced_state]);
    put_u32(out, conn.in_packets);
    put_time(out, conn.expires_at, now);
    put_u32(out, conn.timeout);
    conn.ends.iter().for_each(|end| put_end(out, *end));
    if let Some(server) = &conn.server {
        put_part(out, part::SERVER, |out| {
            put_service(out, &server.service);
            put_end(out, server.end);
            put_forwarding(out, server.forwarding);
        });
    }
    if let Some((local, last_segment)) = &conn.local {
        put_part(out, part::LOCAL, |out| {
            put_end(out, local.end);
            out.push(local.is_unstamped.into());
            put_u32(out, last_segment.sequence);
            put_option(out, last_segment.stamp, put_u32);
        });
    }
    for (kind, value) in
        [(part::LABEL, conn.label), (part::CONTROLLER, conn.controller), (part::AGE, conn.age)]
    {
        value.into_iter().for_each(|value| put_part(out, kind, |out| put_u32(out, value)));
    }
    put_rare(out, &conn.rare, now);
}

fn put_rare(out: &mut Vec<u8>, rare: &Rare, now: Time) {
    if rare.fwmark != 0 {
        put_part(out, part::FWMARK, |out| put_u32(out, rare.fwmark));
    }
    if let Some(control) = &rare.ftp {
        put_part(out, part::FTP, |out| put_ftp(out, control));
    }
    if let Some(positions) = &rare.positions {
        put_part(out, part::POSITIONS, |out| put_positions(out, positions));
    }
    if rare.tells_on_expiry {
        put_part(out, part::TELLS_ON_EXPIRY, |_| {});
    }
    if let Some(engine) = &rare.engine {
        put_part(out, part::ENGINE, |out| {
            put_u16(out, engine.name.len() as u16);
            out.extend(engine.name.as_bytes());
            out.extend(&engine.data);
        });
    }
    if let Some(SyncedUntil { deadline, retries }) = rare.synced_until {
        put_part(out, part::SYNCED_UNTIL, |out| {
            put_time(out, deadline, now);
            out.push(retries);
        });
    }
    if rare.pinned {
        put_part(out, part::PINNED, |_| {});
    }
    match &rare.client_addr {
        Some(ClientAddrState::Proxy(proxy)) => put_part(out, part::PROXY, |out| put_proxy(out, proxy)),
        Some(ClientAddrState::Toa(toa)) => {
            put_part(out, part::TOA, |out| put_option(out, toa.start(), put_u32));
        }
        None => {}
    }
    if let Some(proxy) = &rare.syn_proxy {
        put_syn_proxy(out, proxy);
    }
    if let Some(at) = rare.repeat_at {
        put_part(out, part::REPEAT_AT, |out| put_time(out, at, now));
    }
    if let Some(account) = &rare.account {
        put_part(out, part::ACCOUNT, |out| {
            put_time(out, account.start, now);
            put_time(out, account.last, now);
            [account.in_packets, account.in_bytes, account.out_packets, account.out_bytes]
                .into_iter()
                .for_each(|value| put_u64(out, value));
        });
    }
}

fn put_part(out: &mut Vec<u8>, kind: u8, put: impl FnOnce(&mut Vec<u8>)) {
    out.push(kind);
    put_u16(out, 0);
    let start = out.len();
    put(out);
    // A part that is too long makes its record too long, and that is left out.
    let len = u16::try_from(out.len() - start).unwrap_or(u16::MAX);
    out[start - 2..start].copy_from_slice(&len.to_le_bytes());
}

fn put_positions(out: &mut Vec<u8>, positions: &Positions) {
    positions.numbers().into_iter().for_each(|number| put_option(out, number, put_u32));
}

fn put_proxy(out: &mut Vec<u8>, proxy: &ProxyHeader) {
    let progress = proxy.progress();
    out.push(match progress.version {
        ProxyVersion::V1 => 1,
        ProxyVersion::V2 => 2,
    });
    out.extend([progress.stage, progress.is_begun.into(), progress.repeats]);
    put_u16(out, progress.len);
    put_u32(out, progress.start);
    put_option(out, progress.sent, |out, sent| out.extend(sent));
}

fn put_ftp(out: &mut Vec<u8>, control: &ftp::Control) {
    let (mode, changed) = control.numbers();
    out.push(mode);
    let correction = control.correction();
    [correction.position, correction.before, correction.after]
        .into_iter()
        .for_each(|value| put_u32(out, value));
    put_option(out, changed, |out, (at, mode)| {
        put_u32(out, at);
        out.push(mode);
    });
}

fn put_syn_proxy(out: &mut Vec<u8>, proxy: &SynProxy) {
    let client = |out: &mut Vec<u8>| {
        let ProvenClient { isn, cookie, offer, answer_stamp, window } = proxy.client;
        [isn, cookie, answer_stamp].into_iter().for_each(|value| put_u32(out, value));
        [offer.size, window].into_iter().for_each(|value| put_u16(out, value));
        out.push(offer.takes_sack.into());
        put_option(out, offer.scale, |out, scale| out.push(scale));
        put_option(out, offer.stamp, put_u32);
    };
    match proxy.progress() {
        SynProgress::Opening { sent, repeats } => put_part(out, part::SYN_OPENING, |out| {
            client(out);
            out.push(repeats);
            put_option(out, sent, |out, sent| out.extend(sent));
        }),
        SynProgress::Open(shift) => put_part(out, part::SYN_OPEN, |out| {
            client(out);
            [shift.sequence, shift.stamp].into_iter().for_each(|value| put_u32(out, value));
            put_option(out, shift.scale, |out, scale| out.push(scale));
        }),
    }
}

pub(super) fn put_path(out: &mut Vec<u8>, addr: IpAddr, mtu: u32, until: Time, now: Time) {
    put_addr(out, addr);
    put_u32(out, mtu);
    put_time(out, until, now);
}

const fn state(state: State) -> [u8; 2] {
    match state {
        State::Tcp(state) => [1, state as u8],
        State::Udp => [2, 0],
        State::Sctp(state) => [3, state as u8],
        State::Stateless => [4, 0],
        State::Echo => [5, 0],
        State::Template { assured } => [6, assured as u8],
    }
}
