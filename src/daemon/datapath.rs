//! The loop that every packet goes through: read, decide, write.
//!
//! One thread per queue with a runtime of its own. A packet is written before the next is read, so that it is
//! still in the processor's cache and one buffer is enough; the clock is read once for each batch. Only long segments of
//! streams that come one by one wait for the rest of their batch, to go on together.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use super::clock::Clock;
use super::counters::{AllCounters, QueueCounters};
use super::error::Ended;
use super::execute::Executor;
use super::fast_path::FastPathControl;
use super::lookout::Lookout;
use super::worker::Bell;
use lvs::Time;
use lvs::director::{Director, DropReason, Side, Verdict};
use lvs::neighbour::Neighbours;
use lvs_control::capture::Taps;
use lvs_device::{NeighbourWriter, PacketReader, PacketWriter, ReadError, TunnelOffload};
use lvs_wire::{Coalescer, HoldOutcome, Openings, PacketBuf};

/// Packets between two looks at the clock and the stop signal.
pub(super) const BATCH: usize = 64;

/// SYNs that wait while there are other packets to read.
const OPENINGS: usize = 256;

/// SYNs that go on behind each batch although more packets wait, so that packets of connections never take all the time.
const SHARE: usize = 8;

/// SYNs that go on before it is looked again whether others have come.
const OPEN_AT_ONCE: usize = 16;

/// Programs that the kernel let us load.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) tunnels: Option<TunnelOffload>,
    pub(super) fast: FastPathControl,
}

#[cfg(test)]
impl Programs {
    fn none() -> Self {
        Self { tunnels: None, fast: FastPathControl::none("a test") }
    }
}

/// Common parts of the queues of one interface.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) director: Arc<Director>,
    pub(super) clock: Clock,
    pub(super) side: Side,
    pub(super) counters: Arc<AllCounters>,
    pub(super) neighbours: Arc<Neighbours>,
    pub(super) taps: Arc<Taps>,
    pub(super) ended: mpsc::UnboundedSender<Ended>,
    /// Lets devices take super-packets inside tunnels.
    pub(super) tunnels: Option<Arc<TunnelOffload>>,
    /// The way past the director.
    pub(super) fast: Arc<FastPathControl>,
    /// Rung when there is something to tell other directors.
    pub(super) sync_bell: Arc<Notify>,
    /// Interfaces that an earlier director left.
    pub(super) left: Arc<BTreeSet<String>>,
}

impl Path {
    /// Makes the path of clients' packets. `ended`: told of queues that end by themselves.
    pub(super) fn new(
        director: Arc<Director>,
        clock: Clock,
        ended: mpsc::UnboundedSender<Ended>,
        programs: Programs,
    ) -> Self {
        let neighbours = Arc::new(Neighbours::default());
        Self {
            director,
            clock,
            side: Side::Client,
            counters: Arc::new(AllCounters::new(Arc::clone(&neighbours))),
            neighbours,
            taps: Arc::default(),
            ended,
            tunnels: programs.tunnels.map(Arc::new),
            fast: Arc::new(programs.fast),
            sync_bell: Arc::default(),
            left: Arc::default(),
        }
    }

    /// With the interfaces that an earlier director left: they are joined and not made.
    pub(super) fn joining(self, left: BTreeSet<String>) -> Self {
        Self { left: Arc::new(left), ..self }
    }
}

#[cfg(test)]
impl Path {
    /// Makes the path of a director without services.
    pub(super) fn of_nothing() -> Self {
        let director = Arc::new(Director::new(lvs::director::Settings::default()));
        Self::new(director, Clock::start(), mpsc::unbounded_channel().0, Programs::none())
    }
}

impl Path {
    /// Lets devices take super-packets inside tunnels by that program.
    pub(super) fn with_tunnels(self, tunnels: TunnelOffload) -> Self {
        Self { tunnels: Some(Arc::new(tunnels)), ..self }
    }
}

/// Serves a queue until nobody can ring its bell any more.
///
/// # Errors
/// The device is gone.
pub(super) async fn serve<D: PacketReader + PacketWriter + NeighbourWriter>(
    device: D,
    path: &Path,
    counters: &Arc<QueueCounters>,
    lookout: Lookout,
    bell: &mut Bell,
) -> io::Result<()> {
    let mut queue = Queue::new(device, path, counters, lookout);
    loop {
        let has_openings = !queue.openings.is_empty();
        tokio::select! {
            biased;
            rung = bell.recv() => if rung.is_none() {
                queue.open(usize::MAX);
                return Ok(());
            },
            ready = queue.executor.device().readable(), if !has_openings => ready?,
            // What has come meanwhile is seen, and goes first.
            () = tokio::task::yield_now(), if has_openings => {}
        }
        let is_empty = queue.read_batch()?;
        queue.open(if is_empty { OPEN_AT_ONCE } else { SHARE });
        queue.flush();
        queue.tell_gone();
        if path.director.has_full_sync_message() {
            path.sync_bell.notify_one();
        }
        if path.director.has_offers() || path.director.has_come_late() {
            path.fast.bell.notify_one();
        }
    }
}

/// A queue that is served.
struct Queue<'p, D> {
    path: &'p Path,
    executor: Executor<D>,
    counters: &'p QueueCounters,
    packet: PacketBuf,
    /// For SYNs that have waited.
    opening: PacketBuf,
    openings: Openings,
    coalescer: Option<Coalescer>,
    lookout: Lookout,
    now: Time,
}

impl<'p, D: PacketReader + PacketWriter + NeighbourWriter> Queue<'p, D> {
    fn new(device: D, path: &'p Path, counters: &'p Arc<QueueCounters>, lookout: Lookout) -> Self {
        Self {
            path,
            coalescer: device.takes_super_packets().then(Coalescer::of_passing),
            executor: Executor::new(device, Arc::clone(counters), None)
                .tapped(Arc::clone(&path.taps), path.side),
            counters,
            packet: PacketBuf::new(),
            opening: PacketBuf::new(),
            openings: Openings::new(OPENINGS),
            lookout,
            now: Time::ZERO,
        }
    }

    /// Reads a batch; true when nothing more waits. SYNs wait for the rest of it.
    fn read_batch(&mut self) -> io::Result<bool> {
        self.now = self.path.clock.now();
        self.executor.look_at_device();
        for _ in 0..BATCH {
            let looked_at = self.path.director.flows_wait_at();
            match self.executor.device().read(&mut self.packet) {
                Ok(true) => {}
                Ok(false) => {
                    self.lookout.found_empty(looked_at);
                    return Ok(true);
                }
                Err(ReadError::Gone(error)) => return Err(error),
                Err(error) => {
                    self.counters.unreadable(&error);
                    continue;
                }
            }
            match self.openings.hold(&self.packet) {
                HoldOutcome::Waits => continue,
                HoldOutcome::NoRoom => {
                    self.counters.verdict(Verdict::Drop(DropReason::Crowded));
                    continue;
                }
                HoldOutcome::Not => {}
                HoldOutcome::Behind(flow) => {
                    while self.openings.next_of(flow, &mut self.opening) {
                        process(
                            &mut self.opening,
                            &mut self.coalescer,
                            &mut self.executor,
                            self.path,
                            self.now,
                        );
                    }
                }
            }
            process(&mut self.packet, &mut self.coalescer, &mut self.executor, self.path, self.now);
        }
        Ok(false)
    }

    /// Lets so many of the SYNs go on that wait.
    fn open(&mut self, most: usize) {
        for _ in 0..most {
            if !self.openings.next(&mut self.opening) {
                return;
            }
            process(&mut self.opening, &mut self.coalescer, &mut self.executor, self.path, self.now);
        }
    }

    /// Says up to when packets have gone on, while flows of the fast path wait for that.
    fn tell_gone(&mut self) {
        if let Some(before) = self.lookout.gone_before() {
            self.path.director.note_gone(self.path.side, before);
        }
    }

    /// Sends what waits for more of its stream.
    fn flush(&mut self) {
        let Some(coalescer) = &mut self.coalescer else { return };
        coalescer.flush(|packet| decide(packet, &mut self.executor, self.path, self.now));
        if self.executor.refuses_super_packets() {
            self.coalescer = None;
        }
    }
}

/// A packet goes its way, or waits for more of its stream.
fn process<D: PacketWriter + NeighbourWriter>(
    packet: &mut PacketBuf,
    coalescer: &mut Option<Coalescer>,
    executor: &mut Executor<D>,
    path: &Path,
    now: Time,
) {
    match coalescer {
        Some(coalescer) => coalescer.add(packet, |packet| decide(packet, executor, path, now)),
        None => decide(packet, executor, path, now),
    }
}

fn decide<D: PacketWriter + NeighbourWriter>(
    packet: &mut PacketBuf,
    executor: &mut Executor<D>,
    path: &Path,
    now: Time,
) {
    executor.execute(packet, |packet, outbox| Some(path.director.process(packet, path.side, now, outbox)));
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    use crate::daemon::lookout::Emptied;
    use lvs_device::memory_device;
    use lvs_wire::{Checksum, TcpFlags, checksum, make, protocol};

    fn lookout() -> Lookout {
        Emptied::of(1).lookout(0)
    }

    /// A datagram that the host has taken one hop off, so that passing it gives one back.
    fn udp_to_nobody(payload: u8, ttl: u8) -> PacketBuf {
        let (from, to) = (Ipv4Addr::new(10, 0, 0, 1).into(), Ipv4Addr::new(10, 0, 0, 2).into());
        let datagram = [0x30, 0x39, 0, 7, 0, 9, 0, 0, payload];
        PacketBuf::from_packet(&make::ip(from, to, protocol::UDP, ttl, &datagram))
    }

    fn count(counters: &AllCounters, name: &str) -> u64 {
        counters.sum().into_iter().find(|counter| counter.name == name).unwrap().value
    }

    #[tokio::test]
    async fn what_nobody_claims_comes_back_unchanged_and_in_order() {
        let (device, mut wire) = memory_device();
        let (stop, mut bell) = mpsc::channel(1);
        let path = Path::of_nothing();
        let counters = Arc::clone(&path.counters);
        let queue = tokio::spawn(async move {
            serve(device, &path, &path.counters.queue("tunvs-vip/0"), lookout(), &mut bell).await
        });
        let packets = u8::try_from(BATCH).unwrap() * 3;
        for payload in 0..packets {
            assert!(wire.send(udp_to_nobody(payload, 63)));
        }
        for payload in 0..packets {
            assert_eq!(wire.receive().await.unwrap().bytes(), udp_to_nobody(payload, 64).bytes());
        }
        drop(stop);
        queue.await.unwrap().unwrap();
        assert_eq!(count(&counters, "pass"), u64::from(packets));
    }

    #[tokio::test]
    async fn syns_wait_until_what_came_with_them_has_gone() {
        let (device, mut wire) = memory_device();
        let (stop, mut bell) = mpsc::channel(1);
        let path = Path::of_nothing();
        let queue = path.counters.queue("tunvs-vip/0");
        let (from, to) = (Ipv4Addr::new(10, 0, 0, 1).into(), Ipv4Addr::new(10, 0, 0, 2).into());
        let flags_and_ports =
            [(TcpFlags::SYN, 1), (TcpFlags::SYN, 2), (TcpFlags::ACK, 3), (TcpFlags::ACK, 2)];
        for (flags, port) in flags_and_ports {
            let segment = make::tcp(make::Ends::new(from, port, to, 80), flags, &[]);
            wire.send(PacketBuf::from_packet(&segment));
        }
        for port in 0..OPENINGS as u16 + 10 {
            let segment = make::tcp(make::Ends::new(from, 1000 + port, to, 80), TcpFlags::SYN, &[]);
            wire.send(PacketBuf::from_packet(&segment));
        }
        let receiving = async {
            let mut ports = Vec::new();
            for _ in 0..4 + OPENINGS {
                let packet = wire.receive().await.unwrap();
                ports.push(u16::from_be_bytes([packet.bytes()[20], packet.bytes()[21]]));
            }
            drop(stop);
            ports
        };
        let (served, ports) = tokio::join!(serve(device, &path, &queue, lookout(), &mut bell), receiving);
        served.unwrap();
        assert_eq!(ports[..5], [3, 2, 2, 1, 1000]);
        assert!(ports[3..].is_sorted(), "{ports:?}");
        assert!(count(&path.counters, "drop_crowded") <= 10);
    }

    #[tokio::test]
    async fn a_packet_that_the_host_refuses_is_counted_and_the_rest_goes_on() {
        let (device, mut wire) = memory_device();
        let (stop, mut bell) = mpsc::channel(1);
        let path = Path::of_nothing();
        let queue = path.counters.queue("tunvs-vip/0");
        let counters = &path.counters;
        wire.set_link_down(true);
        wire.send(udp_to_nobody(1, 63));
        let serving = serve(device, &path, &queue, lookout(), &mut bell);
        let driving = async {
            while count(counters, "write_link_down") == 0 {
                tokio::task::yield_now().await;
            }
            wire.set_link_down(false);
            wire.send(udp_to_nobody(2, 63));
            let received = wire.receive().await.unwrap();
            drop(stop);
            received
        };
        let (served, received) = tokio::join!(serving, driving);
        served.unwrap();
        assert_eq!(received.bytes(), udp_to_nobody(2, 64).bytes());
        assert_eq!(count(counters, "pass"), 2);
    }

    /// Segments of a stream that nobody claims, with checksums that the kernel left to others.
    fn segments_to_nobody(count: u32) -> Vec<PacketBuf> {
        let (from, to) = (Ipv4Addr::new(10, 0, 0, 1).into(), Ipv4Addr::new(10, 0, 0, 2).into());
        let mut segment = make::tcp(make::Ends::new(from, 40_000, to, 80), TcpFlags::ACK, &[7; 1000]);
        // Not to be cut, one hop away from where it came from.
        (segment[6], segment[8]) = (0x40, 63);
        segment[10..12].fill(0);
        let sum = checksum::plain(&segment[..20]);
        segment[10..12].copy_from_slice(&sum.to_be_bytes());
        (0..count)
            .map(|number| {
                let mut packet = PacketBuf::from_packet(&segment);
                packet.bytes_mut()[24..28].copy_from_slice(&(number * 1000).to_be_bytes());
                packet.offload.checksum = Checksum::Partial { start: 20, offset: 16 };
                packet
            })
            .collect()
    }

    /// Lengths of the packets that leave when that many segments wait.
    async fn lengths_of(count: u32, refuses: bool) -> Vec<usize> {
        let (device, mut wire) = memory_device();
        let (stop, mut bell) = mpsc::channel(1);
        let path = Path::of_nothing();
        let queue = path.counters.queue("tunvs-vip/0");
        if refuses {
            wire.refuse_super_packets();
        }
        for packet in segments_to_nobody(count) {
            assert!(wire.send(packet));
        }
        let receiving = async {
            let (mut lengths, mut next) = (Vec::new(), 0);
            while next < count * 1000 {
                let packet = wire.receive().await.unwrap();
                let number = packet.bytes()[24..28].try_into().unwrap();
                assert_eq!(u32::from_be_bytes(number), next, "out of order");
                next += packet.len() as u32 - 40;
                lengths.push(packet.len());
            }
            drop(stop);
            lengths
        };
        let (served, lengths) = tokio::join!(serve(device, &path, &queue, lookout(), &mut bell), receiving);
        served.unwrap();
        lengths
    }

    #[tokio::test]
    async fn a_stream_that_comes_in_segments_goes_on_in_super_packets() {
        assert_eq!(lengths_of(64, false).await, [64_040]);
        assert_eq!(lengths_of(66, false).await, [64_040, 2040], "none waits for the next batch");
        assert_eq!(lengths_of(1, false).await, [1040]);
    }

    #[tokio::test]
    async fn a_kernel_that_refuses_super_packets_is_given_segments() {
        assert_eq!(lengths_of(130, true).await, [1040; 130]);
    }

    #[tokio::test]
    async fn a_device_that_is_gone_ends_the_queue() {
        let (device, wire) = memory_device();
        drop(wire);
        let (_stop, mut bell) = mpsc::channel(1);
        let counters = Arc::new(QueueCounters::default());
        assert!(serve(device, &Path::of_nothing(), &counters, lookout(), &mut bell).await.is_err());
    }
}
