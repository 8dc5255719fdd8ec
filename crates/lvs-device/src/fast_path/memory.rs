//! The fast path in memory, for tests of what stands above: the same semantics on packets, by the core's own rewriting.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;

use lvs::fast_path::{
    Closed, Flow, FlowKey, FlowRefused, FlowStep, FlowTable, FlowUse, Moment, Tells, Towards, UNDER_WAY,
};
use lvs::service::Endpoint;
use lvs::time::Time;
use lvs_wire::{Headers, PacketBuf, TcpFlags, Transport, checksum, longest_segment, protocol};

/// Flows in memory. A clone is another handle of the same.
#[derive(Clone, Debug, Default)]
pub struct MemoryFlows {
    flows: Arc<Mutex<Flows>>,
}

#[derive(Debug, Default)]
struct Flows {
    room: usize,
    is_host_tracking: bool,
    generation: u32,
    entries: HashMap<FlowKey, Entry>,
    steps: VecDeque<FlowStep>,
    now: Moment,
    /// Up to when packets in each direction have gone on that were left; None: none ever waits.
    gone: Option<[Moment; 2]>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    flow: Flow,
    generation: u32,
    used: FlowUse,
    /// While it waits: when packets have to have gone on, and the end of that.
    waits: Option<[Moment; 2]>,
}

impl Entry {
    /// Whether a packet has to follow others to the director.
    fn has_to_follow(&mut self, gone: Moment, now: Moment) -> bool {
        let has_to = self.waits.is_some_and(|[until, end]| gone < until && now <= end);
        self.waits = self.waits.filter(|_| has_to).map(|[_, end]| [now.after(UNDER_WAY), end]);
        has_to
    }
}

const fn moment(now: Time) -> Moment {
    Moment(now.0 * 1_000_000)
}

/// Packets that may be told of before somebody asks.
const MOST_STEPS: usize = 2000;

impl MemoryFlows {
    /// With room for so many connections.
    pub fn new(room: usize) -> Self {
        let flows = Self::default();
        flows.flows.lock().room = 2 * room;
        flows
    }

    /// Has the host track connections from now on.
    pub fn track(&self) {
        self.flows.lock().is_host_tracking = true;
    }

    /// Closes all flows, as a packet would that is the director's.
    pub fn close(&self, why: Closed) {
        self.flows.lock().entries.values_mut().for_each(|entry| entry.used.closed = Some(why));
    }

    /// Has packets that are left wait for the director from now on.
    pub fn queue(&self) {
        self.flows.lock().gone = Some([Moment::default(); 2]);
    }

    /// Does to a packet that arrives at `now` what the program does. True: it is on its way, and for nobody else.
    pub fn pass(&self, packet: &mut PacketBuf, now: Time) -> bool {
        let Some((headers, key, flags)) = plain(packet) else { return false };
        let mut flows = self.flows.lock();
        let Flows { generation, entries, steps, now: seen, gone, .. } = &mut *flows;
        *seen = moment(now);
        let Some(entry) = entries.get_mut(&key) else { return false };
        if *generation == 0 || entry.generation != *generation || entry.used.closed.is_some() {
            return false;
        }
        let (is_plain, turns) = (flags.0 & TcpFlags::KIND == TcpFlags::ACK, flags.0 & 0x07 != 0);
        if !is_plain && !turns {
            return false;
        }
        let gone = gone.map_or(*seen, |gone| gone[entry.flow.towards as usize]);
        let has_to_follow = entry.has_to_follow(gone, *seen);
        let Entry { flow, used, .. } = entry;
        let longest =
            if packet.offload.gso.is_some() { longest_segment(packet, &headers) } else { headers.len };
        let may_be_cut = !headers.is_v6() && packet.bytes()[6] & 0x40 == 0;
        let fits = longest <= flow.longest as usize && !(flow.only_whole && may_be_cut);
        let told = flow.tells_of(flags);
        let is_told = told.is_none_or(|_| steps.len() < MOST_STEPS);
        if !fits || has_to_follow || turns && told.is_none() || !is_told {
            if turns {
                used.closed = Some(Closed::Turning);
                let answer = flow.answer(key.protocol);
                if let Some(entry) = entries.get_mut(&answer) {
                    entry.used.closed = Some(Closed::Turning);
                }
            }
            return false;
        }
        if let Some(tells) = told {
            steps.push_back(FlowStep { conn: tells.conn, towards: flow.towards, flags, seen_at: now });
            flow.tells = Some(Tells { first: false, ..tells });
        }
        used.packets += 1;
        used.bytes += headers.len as u64;
        used.seen_at = Some(now);
        flow.rewrite().apply(packet, &headers);
        true
    }
}

/// Headers, ends and flags of a packet that may be a flow's. A datagram has the flags of a plain segment.
fn plain(packet: &PacketBuf) -> Option<(Headers, FlowKey, TcpFlags)> {
    let bytes = packet.bytes();
    let headers = Headers::parse(bytes).ok()?;
    let ip_len = if headers.is_v6() { 40 } else { 20 };
    let is_odd =
        headers.l4 != ip_len || headers.fragment.is_some() || headers.ttl < 2 || headers.len == ip_len;
    let has_odd_bits = !headers.is_v6() && (bytes[6] & 0x80 != 0 || checksum::plain(&bytes[..20]) != 0);
    if is_odd || has_odd_bits {
        return None;
    }
    let (ports, flags) = match headers.transport(bytes).ok()? {
        Transport::Tcp { src_port, dst_port, flags } => ([src_port, dst_port], flags),
        Transport::Udp { src_port, dst_port } => {
            let len = usize::from(u16::from_be_bytes([bytes[ip_len + 4], bytes[ip_len + 5]]));
            let has_sum = bytes[ip_len + 6..ip_len + 8] != [0, 0];
            (
                (has_sum && len == headers.len - ip_len).then_some([src_port, dst_port])?,
                TcpFlags(TcpFlags::ACK),
            )
        }
        Transport::Sctp { .. } | Transport::Icmp { .. } | Transport::Other => return None,
    };
    let is_known = matches!(headers.protocol, protocol::TCP | protocol::UDP);
    let [from, to] = [Endpoint::new(headers.src, ports[0]), Endpoint::new(headers.dst, ports[1])];
    is_known.then_some((headers, FlowKey { protocol: headers.protocol, from, to }, flags))
}

impl FlowTable for MemoryFlows {
    fn switch(&self, generation: u32) {
        self.flows.lock().generation = generation;
    }

    fn room(&self) -> usize {
        self.flows.lock().room / 2
    }

    fn is_host_tracking(&self) -> bool {
        self.flows.lock().is_host_tracking
    }

    fn install(&self, keys: &[FlowKey; 2], entries: &[Flow; 2]) -> Result<(), FlowRefused> {
        let mut flows = self.flows.lock();
        if flows.entries.len() + keys.len() > flows.room {
            return Err(FlowRefused::Full);
        }
        let (generation, now, queues) = (flows.generation, flows.now, flows.gone.is_some());
        let begin = |flow: &Flow| Entry {
            flow: *flow,
            generation,
            used: FlowUse::default(),
            waits: flow.waits.filter(|_| queues).map(|most| [now.after(UNDER_WAY), now.after(most)]),
        };
        flows.entries.extend(keys.iter().zip(entries).map(|(key, flow)| (*key, begin(flow))));
        Ok(())
    }

    fn waits_at(&self) -> Option<Moment> {
        let flows = self.flows.lock();
        let has_waiting = flows.entries.values().any(|entry| entry.waits.is_some());
        has_waiting.then_some(flows.now)
    }

    fn note_gone(&self, towards: Towards, before: Moment) {
        if let Some(gone) = &mut self.flows.lock().gone {
            gone[towards as usize] = gone[towards as usize].max(before);
        }
    }

    fn remove(&self, key: &FlowKey) -> Option<FlowUse> {
        self.flows.lock().entries.remove(key).map(|entry| entry.used)
    }

    fn read(&self, see: &mut dyn FnMut(FlowKey, FlowUse)) {
        self.flows.lock().entries.iter().for_each(|(key, entry)| see(*key, entry.used));
    }

    fn drain(&self, see: &mut dyn FnMut(FlowKey, FlowUse)) {
        self.flows.lock().entries.drain().for_each(|(key, entry)| see(key, entry.used));
    }

    fn has_steps(&self) -> bool {
        !self.flows.lock().steps.is_empty()
    }

    fn take_steps(&self, see: &mut dyn FnMut(FlowStep)) {
        let next = || self.flows.lock().steps.pop_front();
        while let Some(step) = next() {
            see(step);
        }
    }
}
