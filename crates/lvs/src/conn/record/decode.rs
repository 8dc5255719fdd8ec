//! A connection from bytes. A record that says what cannot be is damaged; parts that are not known are skipped and counted.

use std::time::Duration;

use lvs_wire::protocol;

use super::bytes::Source;
use super::encode::part;
use super::{ConnRecord, Damage, Rare, ServerRef};
use crate::app::sequence::Correction;
use crate::app::{
    ClientAddrState, Offer, ProvenClient, ProxyHeader, ProxyProgress, Shift, SynProgress, SynProxy, Toa, ftp,
};
use crate::conn::{
    Account, ConnFlags, Engine, LastSegment, LocalEnd, Positions, SctpState, State, SyncedUntil, TcpState,
};
use crate::service::{Method, ProxyVersion};
use crate::time::Time;

/// The largest shift of a window (RFC 7323 2.3).
const MOST_SCALE: u8 = 14;

/// No deadline of a record is later than the longest timeout from when it was written.
pub(super) fn latest(written_at: Time) -> Time {
    written_at + Duration::from_secs(1 << 24)
}

/// The connection, and how many of its parts were not known.
pub(super) fn connection(source: &mut Source<'_>) -> Result<(ConnRecord, u32), Damage> {
    let protocol = source.u8()?;
    let method = method(source)?;
    let state = state(source)?;
    let mut flags = ConnFlags(source.u8()?);
    flags.set(ConnFlags::ENDING, false);
    let mut conn = ConnRecord {
        protocol,
        method,
        state,
        flags,
        synced_state: source.u8()?,
        in_packets: source.u32()?,
        expires_at: source.time()?.min(latest(source.now())),
        timeout: source.u32()?,
        ends: [source.end()?, source.end()?, source.end()?],
        server: None,
        local: None,
        label: None,
        controller: None,
        age: None,
        rare: Rare::default(),
    };
    let mut unknown = 0;
    while !source.is_empty() {
        let (kind, len) = (source.u8()?, source.u16()?);
        let mut part = source.part(usize::from(len), "a part of a connection")?;
        if take(&mut conn, kind, &mut part)? {
            if !part.is_empty() {
                return Err(Damage::Longer("a part of a connection"));
            }
        } else {
            unknown += 1;
        }
    }
    check(&conn)?;
    Ok((conn, unknown))
}

/// Takes a part in. False: it is not known.
fn take(conn: &mut ConnRecord, kind: u8, source: &mut Source<'_>) -> Result<bool, Damage> {
    match kind {
        part::SERVER => conn.server = Some(server_ref(source)?),
        part::LOCAL => {
            let local = LocalEnd { end: source.end()?, is_unstamped: source.bool()? };
            let last_segment = LastSegment { sequence: source.u32()?, stamp: source.option(Source::u32)? };
            conn.local = Some((local, last_segment));
        }
        part::LABEL => conn.label = Some(source.u32()?),
        part::CONTROLLER => conn.controller = Some(source.u32()?),
        part::AGE => conn.age = Some(source.u32()?),
        part::FWMARK => conn.rare.fwmark = source.u32()?,
        part::FTP => conn.rare.ftp = Some(Box::new(ftp(source)?)),
        part::POSITIONS => conn.rare.positions = Some(positions(source)?),
        part::TELLS_ON_EXPIRY => conn.rare.tells_on_expiry = true,
        part::ENGINE => conn.rare.engine = Some(engine(source)?),
        part::SYNCED_UNTIL => {
            conn.rare.synced_until = Some(SyncedUntil { deadline: source.time()?, retries: source.u8()? });
        }
        part::PINNED => conn.rare.pinned = true,
        part::PROXY => conn.rare.client_addr = Some(ClientAddrState::Proxy(proxy(source)?)),
        part::TOA => {
            let start = source.option(Source::u32)?;
            conn.rare.client_addr = Some(ClientAddrState::Toa(Toa::starting_at(start)));
        }
        part::SYN_OPENING | part::SYN_OPEN => conn.rare.syn_proxy = Some(Box::new(syn_proxy(source, kind)?)),
        part::REPEAT_AT => conn.rare.repeat_at = Some(source.time()?),
        part::ACCOUNT => conn.rare.account = Some(account(source)?),
        _ => return Ok(false),
    }
    Ok(true)
}

/// Checks what the path of packets relies on: addresses of one family where they are put into each other's place, and rare parts
/// only where packets are read by them.
fn check(conn: &ConnRecord) -> Result<(), Damage> {
    let bad = |what, value: u8| Err(Damage::BadValue { what, value: value.into() });
    let [client, virt, real] = conn.ends;
    let local = conn.local.map_or(real.addr, |(local, _)| local.end.addr);
    let is_mixed = client.addr.is_ipv4() != virt.addr.is_ipv4()
        || real.addr.is_ipv4() != local.is_ipv4()
        || !conn.method.is_tunnel() && real.addr.is_ipv4() != client.addr.is_ipv4();
    if is_mixed || conn.local.is_some() && (!conn.method.is_rewritten() || conn.is_template()) {
        return bad("the ends of a connection", conn.protocol);
    }
    if !is_of_protocol(conn.state, conn.protocol) {
        return bad("the protocol of a state", conn.protocol);
    }
    let is_tcp = matches!(conn.state, State::Tcp(_));
    let rare = &conn.rare;
    let is_of_end = rare.client_addr.is_some() || rare.syn_proxy.is_some();
    let is_of_tcp = rare.ftp.is_some() || rare.positions.is_some() || is_of_end;
    let is_rewritten = conn.method.is_rewritten();
    if is_of_tcp && !is_tcp || is_of_end && !is_rewritten {
        return bad("the protocol of what is read of TCP", conn.protocol);
    }
    if rare.engine.is_some() && !conn.is_template() || rare.pinned && conn.server.is_none() {
        return bad("the state of a part", conn.protocol);
    }
    Ok(())
}

/// Whether a connection of that protocol may be in this state.
pub(super) const fn is_of_protocol(state: State, number: u8) -> bool {
    match state {
        State::Tcp(_) => number == protocol::TCP,
        State::Udp => number == protocol::UDP,
        State::Sctp(_) => number == protocol::SCTP,
        State::Echo => matches!(number, protocol::ICMP | protocol::ICMPV6),
        State::Stateless => matches!(number, protocol::ESP | protocol::AH),
        State::Template { .. } => true,
    }
}

pub(super) fn server_ref(source: &mut Source<'_>) -> Result<ServerRef, Damage> {
    Ok(ServerRef { service: source.service()?, end: source.end()?, forwarding: source.forwarding()? })
}

fn method(source: &mut Source<'_>) -> Result<Method, Damage> {
    let number = source.u8()?;
    let bad = || Damage::BadValue { what: "the method of a connection", value: number.into() };
    Method::from_number(number).ok_or_else(bad)
}

fn state(source: &mut Source<'_>) -> Result<State, Damage> {
    let (kind, number) = (source.u8()?, source.u8()?);
    let value = u64::from(kind) << 8 | u64::from(number);
    state_of(kind, number).ok_or(Damage::BadValue { what: "the state of a connection", value })
}

pub(super) fn state_of(kind: u8, number: u8) -> Option<State> {
    match (kind, number) {
        (1, number) => TcpState::ALL.get(usize::from(number)).copied().map(State::Tcp),
        (2, 0) => Some(State::Udp),
        (3, number) => SctpState::ALL.get(usize::from(number)).copied().map(State::Sctp),
        (4, 0) => Some(State::Stateless),
        (5, 0) => Some(State::Echo),
        (6, assured @ 0..=1) => Some(State::Template { assured: assured == 1 }),
        _ => None,
    }
}

fn ftp(source: &mut Source<'_>) -> Result<ftp::Control, Damage> {
    let mode = source.u8()?;
    let correction = Correction { position: source.u32()?, before: source.u32()?, after: source.u32()? };
    let changed = source.option(|source| Ok((source.u32()?, source.u8()?)))?;
    ftp::Control::from_numbers(mode, changed, correction).ok_or_else(|| source.bad(mode.into()))
}

fn positions(source: &mut Source<'_>) -> Result<Positions, Damage> {
    let mut numbers = [None; 4];
    for number in &mut numbers {
        *number = source.option(Source::u32)?;
    }
    Ok(Positions::from_numbers(numbers))
}

fn engine(source: &mut Source<'_>) -> Result<Engine, Damage> {
    let len = source.u16()?;
    let name = source.bytes(usize::from(len))?;
    let name = std::str::from_utf8(name).map_err(|_| source.bad(len.into()))?.to_owned();
    Ok(Engine { name, data: source.remaining().into() })
}

fn proxy(source: &mut Source<'_>) -> Result<ProxyHeader, Damage> {
    let version = match source.u8()? {
        1 => ProxyVersion::V1,
        2 => ProxyVersion::V2,
        other => return Err(source.bad(other.into())),
    };
    let stage = source.u8()?;
    let progress = ProxyProgress {
        version,
        stage,
        is_begun: source.bool()?,
        repeats: source.u8()?,
        len: source.u16()?,
        start: source.u32()?,
        sent: source.option(|source| Ok(source.remaining()))?,
    };
    ProxyHeader::from_progress(&progress).ok_or_else(|| source.bad(stage.into()))
}

fn syn_proxy(source: &mut Source<'_>, kind: u8) -> Result<SynProxy, Damage> {
    let (isn, cookie, answer_stamp) = (source.u32()?, source.u32()?, source.u32()?);
    let (size, window) = (source.u16()?, source.u16()?);
    let takes_sack = source.bool()?;
    let offer = Offer { size, takes_sack, scale: scale(source)?, stamp: source.option(Source::u32)? };
    let client = ProvenClient { isn, cookie, offer, answer_stamp, window };
    let progress = if kind == part::SYN_OPENING {
        let repeats = source.u8()?;
        SynProgress::Opening { sent: source.option(|source| Ok(source.remaining()))?, repeats }
    } else {
        SynProgress::Open(Shift { sequence: source.u32()?, stamp: source.u32()?, scale: scale(source)? })
    };
    SynProxy::from_progress(client, &progress).ok_or_else(|| source.bad(kind.into()))
}

/// The shift of a window.
fn scale(source: &mut Source<'_>) -> Result<Option<u8>, Damage> {
    let scale = source.option(Source::u8)?;
    if scale.is_some_and(|scale| scale > MOST_SCALE) {
        return Err(source.bad(scale.unwrap_or_default().into()));
    }
    Ok(scale)
}

fn account(source: &mut Source<'_>) -> Result<Account, Damage> {
    Ok(Account {
        start: source.time()?,
        last: source.time()?,
        in_packets: source.u64()?,
        in_bytes: source.u64()?,
        out_packets: source.u64()?,
        out_bytes: source.u64()?,
    })
}
