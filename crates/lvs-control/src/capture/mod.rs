//! Packets as they came and as they left, for `tunvs capture`.
//!
//! Owns the taps that are open, what they let through ([`Filter`]), and the file format ([`pcapng`]). With no tap open
//! a packet costs one relaxed load. A tap holds a bounded number of bytes; what its reader does not take in time is lost and
//! counted. Called by the daemon's packet loop (filling) and by control server and command line (reading).

mod filter;
pub mod pcapng;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

pub use filter::{Ends, Filter, Term, TermError};

/// Packets and bytes that wait for one reader at most.
const MOST_PACKETS: usize = 8192;
const MOST_BYTES: usize = 16 << 20;

/// Readers at once.
const MOST_TAPS: usize = 4;

/// Packets that a client wants to see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureRequest {
    pub filter: Filter,
    /// Bytes of a packet that are kept.
    pub snaplen: u32,
}

/// A packet before and after the director.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// Nanoseconds since 1970.
    pub at: u64,
    /// Origin: `client`, `server` or `mark N`.
    pub side: String,
    pub verdict: String,
    pub before: Bytes,
    /// Packets sent in its place; several for pieces, none for a drop.
    pub after: Vec<Bytes>,
    /// Packets that this reader lost since the last one.
    pub lost: u64,
}

/// The first bytes of a packet, and how long it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    #[serde(with = "hex")]
    pub data: Vec<u8>,
    pub len: u32,
}

impl Bytes {
    fn of(packet: &[u8], snaplen: u32) -> Self {
        let kept = packet.len().min(snaplen as usize);
        Self { data: packet[..kept].to_vec(), len: packet.len() as u32 }
    }
}

/// All open taps.
#[derive(Debug, Default)]
pub struct Taps {
    is_on: AtomicBool,
    open: RwLock<Vec<Arc<Tap>>>,
}

#[derive(Debug)]
struct Tap {
    request: CaptureRequest,
    sender: mpsc::Sender<Captured>,
    /// Bytes that wait.
    held: Arc<AtomicUsize>,
    lost: AtomicU64,
}

/// A packet's way through the director.
#[derive(Clone, Copy, Debug)]
pub struct Passage<'a, S> {
    /// Nanoseconds since 1970.
    pub at: u64,
    /// Tells the side that it came by.
    pub side: S,
    pub verdict: &'a str,
}

impl Taps {
    /// Whether anybody looks.
    pub fn is_on(&self) -> bool {
        self.is_on.load(Relaxed)
    }

    /// Shows a packet to whoever wants it. `after` is only asked for where somebody does.
    pub fn see<'a>(
        &self,
        passage: &Passage<'_, impl Fn() -> String>,
        before: &[u8],
        after: impl Fn() -> Vec<&'a [u8]>,
    ) {
        let taps = self.open.read();
        let after = after();
        for tap in taps.iter() {
            let is_wanted = tap.request.filter.takes(before)
                || after.iter().any(|packet| tap.request.filter.takes(packet));
            if is_wanted {
                tap.put(passage, before, &after);
            }
        }
    }

    /// A new tap. None when there are too many.
    pub fn open(self: &Arc<Self>, request: CaptureRequest) -> Option<Reader> {
        let mut taps = self.open.write();
        if taps.len() >= MOST_TAPS {
            return None;
        }
        let (sender, receiver) = mpsc::channel(MOST_PACKETS);
        let held = Arc::new(AtomicUsize::new(0));
        let tap = Arc::new(Tap { request, sender, held: Arc::clone(&held), lost: AtomicU64::new(0) });
        taps.push(Arc::clone(&tap));
        self.is_on.store(true, Relaxed);
        Some(Reader { taps: Arc::clone(self), tap: Arc::downgrade(&tap), receiver, held })
    }

    /// Ends all; readers get what is there, and then the end.
    pub fn close(&self) {
        self.is_on.store(false, Relaxed);
        self.open.write().clear();
    }
}

impl Tap {
    fn put(&self, passage: &Passage<'_, impl Fn() -> String>, before: &[u8], after: &[&[u8]]) {
        let snaplen = self.request.snaplen;
        let cost = before.len() + after.iter().map(|packet| packet.len()).sum::<usize>();
        if self.held.load(Relaxed) + cost > MOST_BYTES {
            self.lost.fetch_add(1, Relaxed);
            return;
        }
        let lost = self.lost.swap(0, Relaxed);
        let captured = Captured {
            at: passage.at,
            side: (passage.side)(),
            verdict: passage.verdict.to_owned(),
            before: Bytes::of(before, snaplen),
            after: after.iter().map(|packet| Bytes::of(packet, snaplen)).collect(),
            lost,
        };
        let size = captured.size();
        self.held.fetch_add(size, Relaxed);
        if self.sender.try_send(captured).is_err() {
            self.held.fetch_sub(size, Relaxed);
            self.lost.fetch_add(lost + 1, Relaxed);
        }
    }
}

impl Captured {
    fn size(&self) -> usize {
        self.before.data.len() + self.after.iter().map(|packet| packet.data.len()).sum::<usize>()
    }
}

/// One reader's end. The tap closes with it.
#[derive(Debug)]
pub struct Reader {
    taps: Arc<Taps>,
    tap: std::sync::Weak<Tap>,
    receiver: mpsc::Receiver<Captured>,
    held: Arc<AtomicUsize>,
}

impl Reader {
    /// The next packets, at most `limit`. None: the taps were closed.
    pub async fn next(&mut self, limit: usize) -> Option<Vec<Captured>> {
        let mut packets = Vec::new();
        if self.receiver.recv_many(&mut packets, limit).await == 0 {
            return None;
        }
        self.held.fetch_sub(packets.iter().map(Captured::size).sum(), Relaxed);
        Some(packets)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut open = self.taps.open.write();
        open.retain(|tap| !std::ptr::eq(Arc::as_ptr(tap), self.tap.as_ptr()));
        self.taps.is_on.store(!open.is_empty(), Relaxed);
    }
}

/// Bytes as hexadecimal text: half the size of a list of numbers.
mod hex {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
        let text: String = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect();
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digit = |byte: u8| (byte as char).to_digit(16).map(|value| value as u8);
        let pair = |pair: &[u8]| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        };
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(pair).collect();
        bytes.ok_or_else(|| D::Error::custom("not hexadecimal"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs_wire::{make, protocol};

    fn packet(port: u16, len: usize) -> Vec<u8> {
        let mut datagram =
            [4000_u16.to_be_bytes(), port.to_be_bytes(), (8 + len as u16).to_be_bytes(), [0, 0]].concat();
        datagram.resize(8 + len, 7);
        make::ip([10, 0, 0, 1].into(), [10, 0, 0, 2].into(), protocol::UDP, 64, &datagram)
    }

    fn request(words: &[&str], snaplen: u32) -> CaptureRequest {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        CaptureRequest { filter: Filter::parse(&words).unwrap(), snaplen }
    }

    fn show(taps: &Taps, before: &[u8], after: &[u8]) {
        let passage = Passage { at: 5, side: || "client".to_owned(), verdict: "forward" };
        taps.see(&passage, before, || vec![after]);
    }

    #[tokio::test]
    async fn a_tap_sees_what_it_wants_before_or_after_rewriting() {
        let taps = Arc::new(Taps::default());
        assert!(!taps.is_on());
        let mut reader = taps.open(request(&["udp", ":81"], 24)).unwrap();
        assert!(taps.is_on());
        show(&taps, &packet(80, 100), &packet(82, 100));
        show(&taps, &packet(80, 100), &packet(81, 100));
        show(&taps, &packet(81, 0), &packet(82, 0));
        let seen = reader.next(10).await.unwrap();
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0].before, Bytes { data: packet(80, 100)[..24].to_vec(), len: 128 });
        assert_eq!(seen[1].after[0].data, packet(82, 0)[..24]);
        let text = serde_json::to_string(&seen).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Captured>>(&text).unwrap(), seen);
        drop(reader);
        assert!(!taps.is_on());
    }

    #[tokio::test]
    async fn memory_is_bounded_and_losses_are_counted() {
        let taps = Arc::new(Taps::default());
        let mut reader = taps.open(request(&[], 65_535)).unwrap();
        let big = packet(80, 60_000);
        let many = MOST_BYTES / big.len();
        for _ in 0..many {
            show(&taps, &big, &big);
        }
        assert!(reader.held.load(Relaxed) <= MOST_BYTES);
        let mut seen = 0;
        while seen < many / 2 - 1 {
            seen += reader.next(64).await.unwrap().len();
        }
        show(&taps, &packet(80, 1), &[]);
        let last = loop {
            let packets = reader.next(64).await.unwrap();
            if let Some(packet) = packets.into_iter().find(|packet| packet.before.len < 100) {
                break packet;
            }
            seen += 1;
        };
        assert_eq!(last.lost as usize + seen, many);
        assert!(last.lost > 0 && reader.held.load(Relaxed) == 0);
    }

    #[tokio::test]
    async fn taps_are_few_and_end_with_the_director() {
        let taps = Arc::new(Taps::default());
        let mut readers: Vec<Reader> =
            (0..MOST_TAPS).map(|_| taps.open(request(&[], 100)).unwrap()).collect();
        assert!(taps.open(request(&[], 100)).is_none());
        readers.pop();
        assert!(taps.open(request(&[], 100)).is_some());
        show(&taps, &packet(80, 1), &packet(80, 1));
        taps.close();
        assert_eq!(readers[0].next(10).await.map(|packets| packets.len()), Some(1));
        assert_eq!(readers[0].next(10).await, None);
        drop(readers);
    }
}
