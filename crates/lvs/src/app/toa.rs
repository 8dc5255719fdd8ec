//! The TCP option address: the client's address and port in an option (kind 254) of its first segments, as the `toa`
//! module on a real server reads them.
//!
//! The option is put into the SYN and into what begins the stream. Where a header has no room for it, the segment goes on
//! without. An option of that kind of the client's own would be believed, and is blanked out.

use std::net::IpAddr;

use super::payload::insert_option;
use super::proxy::blank;
use super::sequence::{change_header, word, write_word};
use crate::service::Endpoint;
use lvs_wire::{Checksum, Headers, PacketBuf, TcpFlags};

const KIND: u8 = 254;
const SEQUENCE: usize = 4;
const FLAGS: usize = 13;
const LONGEST_HEADER: usize = 60;
const MAXIMUM_SEGMENT_SIZE: u8 = 2;

/// State of one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Toa {
    /// The number of the stream's first byte, when the SYN was seen.
    start: Option<u32>,
}

/// Outcome of putting in the option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToaOutcome {
    NotNeeded,
    Added,
    NoRoom,
}

/// Length of the option.
pub const fn toa_len(client: IpAddr) -> usize {
    if client.is_ipv4() { 8 } else { 20 }
}

impl Toa {
    pub const fn starting_at(start: Option<u32>) -> Self {
        Self { start }
    }

    pub const fn start(&self) -> Option<u32> {
        self.start
    }

    /// A segment of the client: the option is put in where it has to be. `mtu`: of the way to the server.
    pub fn put(
        &mut self,
        buf: &mut PacketBuf,
        headers: &mut Headers,
        client: Endpoint,
        mtu: usize,
    ) -> ToaOutcome {
        let checksum = buf.offload.checksum;
        let tcp = &mut buf.bytes_mut()[headers.l4..headers.len];
        change_header(tcp, checksum, |header| blank(header, KIND));
        let (flags, sequence) = (TcpFlags(tcp[FLAGS]), word(tcp, SEQUENCE));
        if flags.has(TcpFlags::RST) {
            return ToaOutcome::NotNeeded;
        }
        if flags.has(TcpFlags::SYN) {
            self.start = Some(sequence.wrapping_add(1));
        } else if self.start != Some(sequence) {
            return ToaOutcome::NotNeeded;
        }
        let (option, len) = option(client);
        let has_room = usize::from(tcp[12] >> 4) * 4 + len <= LONGEST_HEADER;
        let fits = match &mut buf.offload.gso {
            // Shorter pieces make room.
            Some(gso) => {
                let is_long = usize::from(gso.size) > 2 * len;
                if has_room && is_long {
                    gso.size -= len as u16;
                }
                is_long
            }
            None => headers.len + len <= mtu,
        };
        if has_room && fits && insert_option(buf, headers, &option[..len]) {
            ToaOutcome::Added
        } else {
            ToaOutcome::NoRoom
        }
    }
}

fn option(client: Endpoint) -> ([u8; 20], usize) {
    let len = toa_len(client.addr);
    let mut bytes = [0; 20];
    (bytes[0], bytes[1]) = (KIND, len as u8);
    bytes[2..4].copy_from_slice(&client.port.to_be_bytes());
    match client.addr {
        IpAddr::V4(addr) => bytes[4..8].copy_from_slice(&addr.octets()),
        IpAddr::V6(addr) => bytes[4..20].copy_from_slice(&addr.octets()),
    }
    (bytes, len)
}

/// A segment of the server: where it opens the connection, it asks for segments that leave room for `len` bytes.
pub fn leave_room(tcp: &mut [u8], checksum: Checksum, len: usize) {
    if !TcpFlags(tcp[FLAGS]).has(TcpFlags::SYN) {
        return;
    }
    change_header(tcp, checksum, |header| {
        if let Some(at) = lvs_wire::tcp_option(header, MAXIMUM_SEGMENT_SIZE, 4) {
            let size = u16::from_be_bytes([header[at + 2], header[at + 3]]);
            write_word(header, at + 2, size.saturating_sub(len as u16).max(size.min(64)));
        }
    });
}
