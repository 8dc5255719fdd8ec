//! Putting fragments together before anything is decided, and cutting the result again. Same job as
//! `ip_defrag` and `nf_defrag_ipv6` in front of IPVS, with their limits.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;

use crate::conn::record::PieceRecord;
use crate::keyed_hash::KeyedHash;
use crate::route::LEAST_V6;
use crate::time::Time;
use crate::verdict::DropReason;
use lvs_wire::{Fragment, Headers, MAX_PACKET, Outbox, PacketBuf, complete, cut, cut_at, join};

/// Bytes of fragments that are kept at most (`net.ipv4.ipfrag_high_thresh`).
const MAX_BYTES: usize = 4 << 20;

/// Parts of the table, each with a lock and an even share of the bytes, so that queues do not wait for each other.
const SHARDS: usize = 8;

/// Memory of a piece beside its bytes, roughly.
const PIECE: usize = 128;

/// Pieces of one packet at most: a packet of 64 KB in the smallest sensible pieces.
const MAX_PIECES: usize = 1024;

/// How long the pieces of an incomplete packet are kept (`ipfrag_time`, `nf_conntrack_frag6_timeout`).
const KEEP_V4: Duration = Duration::from_secs(30);
const KEEP_V6: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    src: IpAddr,
    dst: IpAddr,
    id: u32,
    protocol: u8,
}

/// The pieces of one packet so far.
#[derive(Debug)]
struct Pieces {
    /// By offset; the bytes are those behind the IP (and fragment) header.
    data: Vec<(usize, Vec<u8>)>,
    /// Headers of the first piece.
    head: Option<Vec<u8>>,
    /// Length of the whole payload, once the last piece is there.
    total: Option<usize>,
    longest: usize,
    bytes: usize,
    expires_at: Time,
}

#[derive(Debug)]
pub(crate) struct Fragments {
    shards: [Mutex<Shard>; SHARDS],
    hasher: KeyedHash,
}

#[derive(Debug)]
struct Shard {
    waiting: HashMap<Key, Pieces, KeyedHash>,
    bytes: usize,
    /// In the order of their expiry, IPv4 and IPv6; what is no longer waiting is still in there.
    queues: [VecDeque<(Time, Key)>; 2],
}

/// Outcome of adding a fragment.
#[derive(Debug)]
pub(crate) enum Reassembly {
    /// The rest is still to come.
    Waiting,
    /// The buffer holds the whole packet; its longest piece was this long, and these were their payloads.
    Whole {
        longest: usize,
        payloads: Vec<usize>,
    },
    Refused(DropReason),
}

impl Fragments {
    /// Nothing waits; `secret` keeps senders from choosing identifications that crowd one place.
    pub(crate) fn new(secret: u128) -> Self {
        let hasher = KeyedHash::new(secret);
        let shard = || Shard {
            waiting: HashMap::with_hasher(hasher),
            bytes: 0,
            queues: <[VecDeque<(Time, Key)>; 2]>::default(),
        };
        Self { shards: std::array::from_fn(|_| Mutex::new(shard())), hasher }
    }

    /// Takes a fragment; a completed packet is left in `buf`.
    pub(crate) fn add(
        &self,
        buf: &mut PacketBuf,
        headers: &Headers,
        fragment: Fragment,
        now: Time,
    ) -> Reassembly {
        let key = Key { src: headers.src, dst: headers.dst, id: fragment.id, protocol: headers.protocol };
        let shard = self.hasher.hash_one(key) as usize % SHARDS;
        self.shards[shard].lock().add(key, buf, headers, fragment, now)
    }

    /// Pieces whose packets are not complete, for another director.
    pub(crate) fn pieces(&self) -> Vec<PieceRecord> {
        self.shards.iter().flat_map(|shard| shard.lock().pieces()).collect()
    }

    /// Takes in a piece that came to another director. One that does not go with what is here is left out.
    pub(crate) fn restore(&self, piece: PieceRecord) {
        let key = Key { src: piece.src, dst: piece.dst, id: piece.id, protocol: piece.protocol };
        let shard = self.hasher.hash_one(key) as usize % SHARDS;
        self.shards[shard].lock().restore(key, piece);
    }
}

impl Shard {
    fn add(
        &mut self,
        key: Key,
        buf: &mut PacketBuf,
        headers: &Headers,
        fragment: Fragment,
        now: Time,
    ) -> Reassembly {
        self.expire(now);
        let payload = &buf.bytes()[headers.l4..headers.len];
        let end = fragment.offset + payload.len();
        let is_bad =
            (fragment.more && !payload.len().is_multiple_of(8)) || payload.is_empty() || end > MAX_PACKET;
        if is_bad {
            return Reassembly::Refused(DropReason::BadFragment);
        }
        let keep = if headers.is_v6() { KEEP_V6 } else { KEEP_V4 };
        while self.bytes + payload.len() + PIECE > MAX_BYTES / SHARDS && self.forget_oldest() {}
        let queue = &mut self.queues[usize::from(headers.is_v6())];
        let pieces = self.waiting.entry(key).or_insert_with(|| {
            queue.push_back((now + keep, key));
            Pieces::new(now + keep)
        });
        let head = &buf.bytes()[..headers.l4];
        match pieces.insert(payload, fragment.offset, !fragment.more, head, headers.len) {
            Inserted::New(added) => self.bytes += added + PIECE,
            Inserted::Duplicate => return Reassembly::Waiting,
            Inserted::Overlap => {
                self.forget(&key);
                return Reassembly::Refused(DropReason::BadFragment);
            }
        }
        if !pieces.is_complete() {
            return Reassembly::Waiting;
        }
        let Some(pieces) = self.forget(&key) else { return Reassembly::Waiting };
        let longest = pieces.longest;
        let payloads = pieces.data.iter().map(|(_, data)| data.len()).collect();
        let head = pieces.head.unwrap_or_default();
        if join(buf, &head, pieces.data.iter().map(|(_, data)| data.as_slice())) {
            Reassembly::Whole { longest, payloads }
        } else {
            Reassembly::Refused(DropReason::BadFragment)
        }
    }

    fn pieces(&self) -> Vec<PieceRecord> {
        let queued = self.queues.iter().flatten().filter(|entry| is_waiting(&self.waiting, entry));
        let waiting = queued.filter_map(|(_, key)| Some((key, self.waiting.get(key)?)));
        waiting.flat_map(|(key, pieces)| pieces.records(key)).collect()
    }

    fn restore(&mut self, key: Key, piece: PieceRecord) {
        let (offset, len) = (piece.offset as usize, piece.data.len());
        let is_bad = len == 0
            || offset.saturating_add(len) > MAX_PACKET
            || (offset == 0) != piece.head.is_some()
            || self.bytes + len + PIECE > MAX_BYTES / SHARDS;
        if is_bad {
            return;
        }
        let queue = &mut self.queues[usize::from(key.src.is_ipv6())];
        let pieces = self.waiting.entry(key).or_insert_with(|| {
            queue.push_back((piece.expires_at, key));
            Pieces::new(piece.expires_at)
        });
        let head = piece.head.unwrap_or_default();
        let (is_last, longest) = (piece.is_last, piece.longest as usize);
        if let Inserted::New(added) = pieces.insert(&piece.data, offset, is_last, &head, longest) {
            self.bytes += added + PIECE;
        }
    }

    /// Forgets packets whose rest did not come.
    fn expire(&mut self, now: Time) {
        for which in 0..self.queues.len() {
            while self.queues[which].front().is_some_and(|(expires_at, _)| *expires_at <= now) {
                self.forget_first(which);
            }
            if self.queues[which].len() > 2 * self.waiting.len() + 1024 {
                let Self { waiting, queues, .. } = self;
                queues[which].retain(|entry| is_waiting(waiting, entry));
            }
        }
    }

    fn forget(&mut self, key: &Key) -> Option<Pieces> {
        let pieces = self.waiting.remove(key)?;
        self.bytes -= pieces.bytes + pieces.data.len() * PIECE;
        Some(pieces)
    }

    /// False when there is nothing left to forget.
    fn forget_oldest(&mut self) -> bool {
        let first = |which: &usize| self.queues[*which].front().map(|(expires_at, _)| *expires_at);
        let oldest = (0..self.queues.len()).filter(|which| first(which).is_some()).min_by_key(first);
        oldest.is_some_and(|which| self.forget_first(which))
    }

    fn forget_first(&mut self, which: usize) -> bool {
        let Some(entry) = self.queues[which].pop_front() else { return false };
        if is_waiting(&self.waiting, &entry) {
            self.forget(&entry.1);
        }
        true
    }
}

fn is_waiting(waiting: &HashMap<Key, Pieces, KeyedHash>, entry: &(Time, Key)) -> bool {
    waiting.get(&entry.1).is_some_and(|pieces| pieces.expires_at == entry.0)
}

enum Inserted {
    New(usize),
    Duplicate,
    Overlap,
}

impl Pieces {
    const fn new(expires_at: Time) -> Self {
        Self { data: Vec::new(), head: None, total: None, longest: 0, bytes: 0, expires_at }
    }

    /// Overlapping pieces condemn the packet (RFC 5722, and IPv4 the same way); a piece that is there already does
    /// no harm. `head` and `len` are the headers and the length of the packet that brought it.
    fn insert(&mut self, payload: &[u8], start: usize, is_last: bool, head: &[u8], len: usize) -> Inserted {
        let end = start + payload.len();
        let at = self.data.partition_point(|(offset, _)| *offset < start);
        if self.covers(start, end) {
            return Inserted::Duplicate;
        }
        let before = at.checked_sub(1).and_then(|at| self.data.get(at));
        let overlaps_before = before.is_some_and(|(offset, data)| offset + data.len() > start);
        let overlaps_after = self.data.get(at).is_some_and(|(offset, _)| *offset < end);
        let beyond_end = self.total.is_some_and(|total| end > total || (is_last && end != total));
        let last_end = self.data.last().map_or(0, |(offset, data)| offset + data.len());
        let ends_too_early = is_last && end < last_end;
        if overlaps_before || overlaps_after || beyond_end || ends_too_early || self.data.len() >= MAX_PIECES
        {
            return Inserted::Overlap;
        }
        if is_last {
            self.total = Some(end);
        }
        if start == 0 {
            self.head = Some(head.to_vec());
        }
        self.longest = self.longest.max(len);
        self.bytes += payload.len();
        self.data.insert(at, (start, payload.to_vec()));
        Inserted::New(payload.len())
    }

    fn records(&self, key: &Key) -> Vec<PieceRecord> {
        let record = |(offset, data): &(usize, Vec<u8>)| PieceRecord {
            src: key.src,
            dst: key.dst,
            id: key.id,
            protocol: key.protocol,
            expires_at: self.expires_at,
            longest: self.longest as u32,
            head: self.head.clone().filter(|_| *offset == 0),
            offset: *offset as u32,
            is_last: self.total == Some(offset + data.len()),
            data: data.clone(),
        };
        self.data.iter().map(record).collect()
    }

    /// Whether all of that is there already.
    fn covers(&self, start: usize, end: usize) -> bool {
        let mut at = start;
        for (offset, data) in &self.data {
            if (*offset..offset + data.len()).contains(&at) {
                at = offset + data.len();
            }
        }
        at >= end
    }

    fn is_complete(&self) -> bool {
        self.total == Some(self.bytes) && self.head.is_some()
    }
}

/// Cuts the packet in `buf` as it came or, where that does not do, into pieces of at most `longest` bytes
/// (`ip_do_fragment`, `ip6_fragment`): the first stays, the others go to the outbox. What was put in front of the packet
/// is in the first piece.
pub(crate) fn refragment(
    buf: &mut PacketBuf,
    longest: usize,
    payloads: &[usize],
    id: u32,
    outbox: &mut Outbox,
) {
    let Ok(headers) = Headers::parse(buf.bytes()) else { return };
    // A packet of IPv6 is only cut where it must be.
    if headers.is_v6() && headers.len <= longest {
        return;
    }
    // No piece holds all that the sum covers.
    complete(buf);
    // Every way takes so much of IPv6, whatever the pieces that came.
    let longest = if headers.is_v6() { longest.max(LEAST_V6 as usize) } else { longest };
    let mut payloads = payloads.to_vec();
    let others: usize = payloads.iter().skip(1).sum();
    let room = longest.saturating_sub(headers.l4 + if headers.is_v6() { 8 } else { 0 });
    let kept = match (payloads.first_mut(), (headers.len - headers.l4).checked_sub(others)) {
        (Some(first), Some(len)) if others > 0 && len > 0 && len.is_multiple_of(8) => {
            *first = len;
            let fits = payloads.iter().all(|len| *len <= room);
            if fits { cut_at(buf.bytes(), &payloads, id) } else { None }
        }
        _ => None,
    };
    let mut pieces = kept.unwrap_or_else(|| cut(buf.bytes(), longest, id)).into_iter();
    let Some(first) = pieces.next() else { return };
    for piece in pieces {
        outbox.push(&piece);
    }
    buf.fill(&first);
}

/// Bytes behind an IPv4 header that the kernel gathers in the buffer of a small first piece (`ip_frag_reasm`); what lies in
/// one buffer is no longer known to have come in pieces.
const GATHERED: usize = 336;

/// Pieces of IPv4 for the host itself, as they lie in the kernel's buffers; what it forwards it leaves as it came.
pub(crate) fn gather(payloads: &[usize]) -> Vec<usize> {
    let mut gathered: Vec<usize> = Vec::with_capacity(payloads.len());
    for len in payloads {
        match gathered.as_mut_slice() {
            [first] if *first + len <= GATHERED => *first += len,
            _ => gathered.push(*len),
        }
    }
    gathered
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs_wire::make::{self, Ends};
    use lvs_wire::{Checksum, Encapsulation, Outer, encapsulate};

    #[test]
    fn a_sum_that_was_left_to_the_sender_is_made_before_cutting() {
        let [client, vip, director, server] =
            ["10.0.0.1", "10.0.0.2", "10.1.0.1", "10.1.0.2"].map(|addr| addr.parse().unwrap());
        let mut buf = PacketBuf::from_packet(&make::udp(Ends::new(client, 1, vip, 80), &[7; 3000]));
        let kind =
            Encapsulation::Gue { src_port: 40_000, dst_port: 6080, checksum: true, remote_checksum: false };
        let outer = Outer { src: director, dst: server, ttl: 9, dont_fragment: false, id: 7, kind };
        assert!(encapsulate(&mut buf, &outer));
        let (fragments, mut outbox) = (Fragments::new(1), Outbox::default());
        refragment(&mut buf, 1468, &[], 7, &mut outbox);
        assert_eq!(buf.offload.checksum, Checksum::Full);
        let mut pieces = vec![buf];
        outbox.drain(|piece| pieces.push(piece.clone()));
        assert_eq!(pieces.len(), 3);
        let mut whole = PacketBuf::new();
        for piece in pieces {
            let headers = Headers::parse(piece.bytes()).unwrap();
            whole = piece;
            fragments.add(&mut whole, &headers, headers.fragment.unwrap(), Time(0));
        }
        let segment = &whole.bytes()[20..];
        assert_eq!(lvs_wire::checksum::transport(director, server, 17, segment), 0);
    }
}
