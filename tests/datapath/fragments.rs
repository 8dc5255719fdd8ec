//! Datagrams in fragments, both ways.

use std::time::Duration;

use serde_json::{Value, json};

use super::case::Event;
use super::describe;
use super::flow::{Flow, join};
use super::packet::{self, Header, UDP};
use super::play::Player;
use super::seen::{Link, Seen};

impl Player {
    pub(crate) fn frag(&mut self, event: &Event) -> Value {
        let flow = Flow::new(UDP, event.needed("from"), event.needed("to"));
        let len = event.number("len").unwrap() as usize;
        let mtu = event.number("mtu").unwrap_or(1500) as usize;
        let reverse = event.is_set("reverse", false);
        let data: Vec<u8> = (0..len).map(|at| (at * 7) as u8).collect();
        let ends =
            packet::Ends { src: flow.client.0, sport: flow.client.1, dst: flow.virt.0, dport: flow.virt.1 };
        self.flows.insert(event.needed("id").to_owned(), flow.clone());
        let seen = self.fragments(ends, &data, (mtu, 0x4242), reverse);
        let Some(first) = seen.first() else { return json!("none") };
        if first.link == Link::Client {
            return json!(describe::all(&seen, Some(&flow), false));
        }
        let whole = Reassembled::new(&seen);
        let server = first.dst;
        let is_ok = whole.is_right(&data) && first.src == flow.client.0;
        let mut result = json!({
            "to rs": server.to_string(),
            "pieces": whole.pieces,
            "ports": format!("{}>{}", whole.ports.0, whole.ports.1),
            "whole": if is_ok { "ok" } else { "damaged" },
        });
        let ends =
            packet::Ends { src: server, sport: whole.ports.1, dst: flow.client.0, dport: flow.client.1 };
        let mtu = mtu.min(self.network.net.server_mtu);
        let seen = self.fragments(ends, &data, (mtu, 0x4343), reverse);
        result["answer"] = match seen.first() {
            None => json!("none"),
            Some(first) => {
                let whole = Reassembled::new(&seen);
                json!({
                    "from": join(first.src, whole.ports.0),
                    "pieces": whole.pieces,
                    "whole": if whole.is_right(&data) { "ok" } else { "damaged" },
                })
            }
        };
        result
    }

    /// A datagram in pieces of `mtu`, with that identification.
    fn fragments(
        &mut self,
        ends: packet::Ends,
        data: &[u8],
        (mtu, ident): (usize, u16),
        reverse: bool,
    ) -> Vec<Seen> {
        let datagram = packet::udp(ends, data);
        let step = (mtu - 20) / 8 * 8;
        let mut pieces: Vec<Vec<u8>> = datagram
            .chunks(step)
            .enumerate()
            .map(|(at, chunk)| {
                let offset = at * step;
                let more = offset + step < datagram.len();
                let header = Header { ident, dont_fragment: false, offset, more, ..Header::default() };
                packet::ip(ends.src, ends.dst, UDP, chunk, header)
            })
            .collect();
        if reverse {
            pieces.reverse();
        }
        let seen = pieces.iter().flat_map(|piece| self.network.send(piece)).collect();
        self.network.pass_time(Duration::from_secs(1));
        seen
    }
}

/// A UDP datagram put together from what came out.
struct Reassembled {
    pieces: Vec<(usize, usize)>,
    ports: (u16, u16),
    data: Vec<u8>,
    sum_is_right: bool,
}

impl Reassembled {
    fn new(seen: &[Seen]) -> Self {
        let mut parts: Vec<(usize, &Seen)> = seen.iter().map(|seen| (seen.offset, seen)).collect();
        parts.sort_by_key(|(offset, _)| *offset);
        let bytes: Vec<u8> = parts.iter().flat_map(|(_, seen)| seen.body.iter().copied()).collect();
        let port = |at: usize| bytes.get(at..at + 2).map_or(0, |port| u16::from_be_bytes([port[0], port[1]]));
        let pseudo = packet::pseudo_header(seen[0].src, seen[0].dst, UDP, bytes.len());
        Self {
            pieces: parts.iter().map(|(offset, seen)| (*offset, seen.body.len())).collect(),
            ports: (port(0), port(2)),
            data: bytes.get(8..).unwrap_or_default().to_vec(),
            sum_is_right: packet::checksum(&[&pseudo, &bytes]) == 0,
        }
    }

    fn is_right(&self, data: &[u8]) -> bool {
        self.sum_is_right && self.data == data
    }
}
