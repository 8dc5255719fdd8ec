//! The PROXY protocol: a header with the client's address at the start of its stream to the server, and the numbers of
//! the stream behind it (HAProxy's `proxy-protocol.txt`, versions 1 and 2).
//!
//! The header goes out with the client's first segment behind the handshake, as a segment of its own, and again until
//! the server has acknowledged it. Never sends; the director does.

use std::io::Write;
use std::net::IpAddr;

use super::Again;
use super::payload::{cut_payload, set_payload};
use super::sequence::{change_header, selective_acknowledgements, word, write};
use crate::service::{Endpoint, ProxyVersion};
use lvs_wire::{Checksum, Headers, Offload, PacketBuf, TcpFlags, is_after};

const SEQUENCE: usize = 4;
const ACKNOWLEDGEMENT: usize = 8;
const FLAGS: usize = 13;
const FAST_OPEN: u8 = 34;
const NO_OPERATION: u8 = 1;

/// Version 1 has at most 107 bytes, version 2 has 52 with IPv6.
const LONGEST: usize = 108;

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// State of the header of one connection.
#[derive(Clone, Debug)]
pub struct ProxyHeader {
    version: ProxyVersion,
    stage: Stage,
    /// The last segment was the first of the stream, with data.
    is_begun: bool,
    /// How often it was sent by the clock.
    repeats: u8,
    len: u16,
    /// The number of the stream's first byte.
    start: u32,
    /// The header's segment, as it was sent, until it is acknowledged.
    sent: Option<Box<[u8]>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No SYN was seen: without its number there is no place for a header.
    Unopened,
    Opened,
    Sent,
    Acknowledged,
}

impl Stage {
    const ALL: [Self; 4] = [Self::Unopened, Self::Opened, Self::Sent, Self::Acknowledged];
}

/// How far a header is, as plain values.
#[derive(Clone, Copy, Debug)]
pub struct ProxyProgress<'a> {
    pub version: ProxyVersion,
    /// Unopened, opened, sent, acknowledged.
    pub stage: u8,
    pub is_begun: bool,
    pub repeats: u8,
    pub len: u16,
    pub start: u32,
    pub sent: Option<&'a [u8]>,
}

/// Treatment of a segment of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyStep {
    /// Send it on alone.
    Pass,
    /// Send it on as the opening of the connection, without data.
    Open,
    /// Turn it, which has no data, into the header's segment.
    Become,
    /// The header goes before it.
    Precede,
}

impl ProxyHeader {
    pub const fn new(version: ProxyVersion) -> Self {
        Self { version, stage: Stage::Unopened, is_begun: false, repeats: 0, len: 0, start: 0, sent: None }
    }

    pub fn progress(&self) -> ProxyProgress<'_> {
        ProxyProgress {
            version: self.version,
            stage: self.stage as u8,
            is_begun: self.is_begun,
            repeats: self.repeats,
            len: self.len,
            start: self.start,
            sent: self.sent.as_deref(),
        }
    }

    /// Goes on from there. None: there is no such stage, or nothing that could have been sent.
    pub fn from_progress(progress: &ProxyProgress<'_>) -> Option<Self> {
        let stage = *Stage::ALL.get(usize::from(progress.stage))?;
        let is_sent =
            |packet: &&[u8]| Headers::parse(packet).is_ok_and(|headers| headers.len == packet.len());
        if stage != Stage::Sent && progress.sent.is_some() || !progress.sent.as_ref().is_none_or(is_sent) {
            return None;
        }
        Some(Self {
            version: progress.version,
            stage,
            is_begun: progress.is_begun,
            repeats: progress.repeats,
            len: progress.len,
            start: progress.start,
            sent: progress.sent.map(Into::into),
        })
    }

    /// Whether a header waits to be acknowledged.
    pub const fn is_waiting(&self) -> bool {
        self.sent.is_some()
    }

    /// Decides on a segment of the client, from its TCP header on.
    pub fn next(&mut self, tcp: &[u8], client: Endpoint, virt: Endpoint) -> ProxyStep {
        let flags = TcpFlags(tcp[FLAGS]);
        let sequence = word(tcp, SEQUENCE);
        let has_data = tcp.len() > header_len(tcp) || flags.has(TcpFlags::FIN);
        let is_first = has_data && sequence == self.start;
        if flags.has(TcpFlags::SYN) {
            if matches!(self.stage, Stage::Unopened | Stage::Opened) && !flags.has(TcpFlags::ACK) {
                self.start = sequence.wrapping_add(1);
                self.stage = Stage::Opened;
                return ProxyStep::Open;
            }
            return ProxyStep::Pass;
        }
        match self.stage {
            Stage::Opened if flags.has(TcpFlags::ACK) && !flags.has(TcpFlags::RST) => {
                self.stage = Stage::Sent;
                self.len = self.header(client, virt).1 as u16;
                self.is_begun = is_first;
                if has_data { ProxyStep::Precede } else { ProxyStep::Become }
            }
            // Its first data again: the server waits for what is before them.
            Stage::Sent if is_first && !flags.has(TcpFlags::RST) => {
                if std::mem::replace(&mut self.is_begun, true) { ProxyStep::Precede } else { ProxyStep::Pass }
            }
            Stage::Unopened | Stage::Opened | Stage::Sent | Stage::Acknowledged => ProxyStep::Pass,
        }
    }

    /// Makes a segment of the client the header's own: its data give way.
    pub fn carry(&self, buf: &mut PacketBuf, headers: &mut Headers, client: Endpoint, virt: Endpoint) {
        let (header, len) = self.header(client, virt);
        buf.offload = Offload::default();
        let tcp = &mut buf.bytes_mut()[headers.l4..];
        write(tcp, SEQUENCE, self.start);
        tcp[FLAGS] = TcpFlags::ACK | TcpFlags::PSH;
        set_payload(buf, headers, &header[..len]);
    }

    /// A segment of the client, from its TCP header on: it comes behind the header.
    pub fn adjust_sent(&self, tcp: &mut [u8], checksum: Checksum) {
        let sequence = word(tcp, SEQUENCE);
        let is_behind = match self.stage {
            Stage::Unopened | Stage::Opened => false,
            Stage::Sent => !is_after(self.start, sequence),
            Stage::Acknowledged => true,
        };
        if is_behind {
            let moved = sequence.wrapping_add(self.len.into());
            change_header(tcp, checksum, |header| write(header, SEQUENCE, moved));
        }
    }

    /// A segment of the server: the client has not sent the header.
    pub fn adjust_acknowledged(&mut self, tcp: &mut [u8], checksum: Checksum) {
        if tcp[FLAGS] & TcpFlags::ACK == 0 || matches!(self.stage, Stage::Unopened | Stage::Opened) {
            return;
        }
        let end = self.start.wrapping_add(self.len.into());
        if self.stage == Stage::Sent && !is_after(end, word(tcp, ACKNOWLEDGEMENT)) {
            self.stage = Stage::Acknowledged;
            self.sent = None;
        }
        change_header(tcp, checksum, |header| {
            write(header, ACKNOWLEDGEMENT, self.restored(word(header, ACKNOWLEDGEMENT)));
            for at in selective_acknowledgements(header).into_iter().flatten() {
                for edge in [at, at + 4] {
                    write(header, edge, self.restored(word(header, edge)));
                }
            }
        });
    }

    /// A number of the client's stream as the server sees it, as the client knows it.
    pub fn restored(&self, number: u32) -> u32 {
        match self.stage {
            Stage::Unopened | Stage::Opened => number,
            Stage::Sent | Stage::Acknowledged if !is_after(number, self.start) => number,
            Stage::Sent | Stage::Acknowledged => {
                let own = number.wrapping_sub(self.len.into());
                if is_after(self.start, own) { self.start } else { own }
            }
        }
    }

    /// By how much the server's numbers are ahead.
    pub const fn shift(&self) -> u32 {
        match self.stage {
            Stage::Unopened | Stage::Opened => 0,
            Stage::Sent | Stage::Acknowledged => self.len as u32,
        }
    }

    /// Whether a segment, from its TCP header on, is the header's own.
    pub fn is_carried_by(&self, tcp: &[u8]) -> bool {
        self.stage == Stage::Sent
            && word(tcp, SEQUENCE) == self.start
            && tcp.len() == header_len(tcp) + usize::from(self.len)
    }

    /// Keeps the header's segment as it was sent. True the first time.
    pub fn keep(&mut self, packet: &[u8]) -> bool {
        let is_new = self.sent.is_none();
        if is_new && self.stage == Stage::Sent {
            self.sent = Some(packet.into());
        }
        is_new
    }

    /// The header's segment, if the server has not acknowledged it.
    pub fn repeat(&mut self) -> Option<Again<'_>> {
        let repeats = self.repeats;
        self.repeats = repeats.saturating_add(1);
        self.sent.as_deref().map(|packet| Again { packet, repeats })
    }

    fn header(&self, client: Endpoint, virt: Endpoint) -> ([u8; LONGEST], usize) {
        let mut bytes = [0; LONGEST];
        let mut rest = &mut bytes[..];
        let wrote = match self.version {
            ProxyVersion::V1 => {
                let family = if client.addr.is_ipv4() { 4 } else { 6 };
                write!(
                    rest,
                    "PROXY TCP{family} {} {} {} {}\r\n",
                    client.addr, virt.addr, client.port, virt.port
                )
            }
            ProxyVersion::V2 => write_v2(&mut rest, client, virt),
        };
        let left = rest.len();
        // There is room for the longest.
        (bytes, if wrote.is_ok() { LONGEST - left } else { 0 })
    }
}

fn write_v2(out: &mut &mut [u8], client: Endpoint, virt: Endpoint) -> std::io::Result<()> {
    const PROXY: u8 = 0x21;
    const STREAM_V4: u8 = 0x11;
    const STREAM_V6: u8 = 0x21;
    out.write_all(&SIGNATURE)?;
    match (client.addr, virt.addr) {
        (IpAddr::V4(client), IpAddr::V4(virt)) => {
            out.write_all(&[PROXY, STREAM_V4, 0, 12])?;
            out.write_all(&client.octets())?;
            out.write_all(&virt.octets())?;
        }
        (client, virt) => {
            out.write_all(&[PROXY, STREAM_V6, 0, 36])?;
            for addr in [client, virt] {
                let wide = match addr {
                    IpAddr::V4(addr) => addr.to_ipv6_mapped(),
                    IpAddr::V6(addr) => addr,
                };
                out.write_all(&wide.octets())?;
            }
        }
    }
    out.write_all(&client.port.to_be_bytes())?;
    out.write_all(&virt.port.to_be_bytes())
}

fn header_len(tcp: &[u8]) -> usize {
    (usize::from(tcp[12] >> 4) * 4).min(tcp.len())
}

/// Takes data and the fast open option off a segment that opens a connection: the server would read its data before the
/// header. The client sends them again behind the handshake, as to a server that knows no fast open.
pub fn close_fast_open(buf: &mut PacketBuf, headers: &mut Headers) {
    let checksum = buf.offload.checksum;
    let (l4, len) = (headers.l4, headers.len);
    change_header(&mut buf.bytes_mut()[l4..len], checksum, |header| blank(header, FAST_OPEN));
    if len > l4 + header_len(&buf.bytes()[l4..len]) {
        buf.offload.gso = None;
        cut_payload(buf, headers);
    }
}

/// Overwrites every option of this kind with such as mean nothing.
pub(super) fn blank(header: &mut [u8], kind: u8) {
    let mut at = 20;
    while let Some(found) = header.get(at).copied() {
        match found {
            0 => return,
            NO_OPERATION => at += 1,
            found => {
                let Some(len) = header.get(at + 1).map(|len| usize::from(*len)).filter(|len| *len >= 2)
                else {
                    return;
                };
                let end = (at + len).min(header.len());
                if found == kind {
                    header[at..end].fill(NO_OPERATION);
                }
                at = end;
            }
        }
    }
}
