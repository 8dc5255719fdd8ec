//! Counts of packets by verdict and reason, kept by each queue on its own and added up when somebody asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

use lvs::director::{DropReason, Verdict};
use lvs::neighbour::Neighbours;
use lvs_control::Counter;
use lvs_control::status::Queue;
use lvs_device::{ReadError, WriteError};

/// The counters of one queue. Only its own thread adds to them.
#[derive(Debug, Default)]
pub(super) struct QueueCounters {
    /// Of the queue.
    name: String,
    forward: Cell,
    split: Cell,
    route: Cell,
    pass: Cell,
    hold: Cell,
    reply: Cell,
    dropped: [Cell; DropReason::ALL.len()],
    unreadable: Cell,
    /// Packets that its thread panicked on.
    panicked: Cell,
    write_no_headroom: Cell,
    write_link_down: Cell,
    write_full: Cell,
    write_super_packet: Cell,
    write_refused: Cell,
}

/// A number with one writer: plain load and store, no locked instruction for each packet.
#[derive(Debug, Default)]
struct Cell(AtomicU64);

impl Cell {
    fn bump(&self) {
        self.0.store(self.0.load(Relaxed).wrapping_add(1), Relaxed);
    }

    fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl QueueCounters {
    pub(super) fn verdict(&self, verdict: Verdict) {
        match verdict {
            Verdict::Forward => self.forward.bump(),
            Verdict::Pass => self.pass.bump(),
            Verdict::Split => self.split.bump(),
            Verdict::Route(_) => self.route.bump(),
            Verdict::Hold => self.hold.bump(),
            Verdict::Reply => self.reply.bump(),
            Verdict::Refuse(reason) | Verdict::Drop(reason) => self.dropped[reason as usize].bump(),
        }
    }

    pub(super) fn panicked(&self) {
        self.panicked.bump();
    }

    pub(super) fn unreadable(&self, error: &ReadError) {
        tracing::trace!(%error, "unreadable packet");
        self.unreadable.bump();
    }

    pub(super) fn write_failed(&self, error: WriteError) {
        tracing::trace!(%error, "unwritten packet");
        match error {
            WriteError::NoHeadroom => self.write_no_headroom.bump(),
            WriteError::LinkDown => self.write_link_down.bump(),
            WriteError::Full => self.write_full.bump(),
            WriteError::SuperPacket => self.write_super_packet.bump(),
            WriteError::Refused(_) => self.write_refused.bump(),
        }
    }

    fn summary(&self) -> Queue {
        let mut queue = Queue { name: self.name.clone(), ..Queue::default() };
        for (name, value) in self.list() {
            match name.split('_').next() {
                Some("drop") => queue.drops += value,
                Some("unreadable" | "write") => queue.failures += value,
                _ => {}
            }
            if !name.starts_with("write_") {
                queue.packets += value;
            }
        }
        queue
    }

    fn list(&self) -> impl Iterator<Item = (String, u64)> {
        let fixed = [
            ("forward", &self.forward),
            ("pass", &self.pass),
            ("split", &self.split),
            ("route", &self.route),
            ("hold", &self.hold),
            ("reply", &self.reply),
            ("unreadable", &self.unreadable),
            ("drop_panicked", &self.panicked),
            ("write_no_headroom", &self.write_no_headroom),
            ("write_link_down", &self.write_link_down),
            ("write_full", &self.write_full),
            ("write_super_packet", &self.write_super_packet),
            ("write_refused", &self.write_refused),
        ];
        let dropped = DropReason::ALL
            .iter()
            .map(|reason| (format!("drop_{}", reason.name()), self.dropped[*reason as usize].value()));
        fixed.into_iter().map(|(name, cell)| (name.to_owned(), cell.value())).chain(dropped)
    }
}

/// The counters of all queues, of those that are gone too, and what the neighbours did not get.
#[derive(Debug, Default)]
pub(super) struct AllCounters {
    queues: Mutex<Queues>,
    neighbours: Arc<Neighbours>,
}

#[derive(Debug, Default)]
struct Queues {
    running: Vec<Arc<QueueCounters>>,
    /// Sums of those that ended, in the order of the list.
    ended: Vec<u64>,
}

impl AllCounters {
    pub(super) fn new(neighbours: Arc<Neighbours>) -> Self {
        Self { queues: Mutex::default(), neighbours }
    }

    /// Counters for packets that come by no queue.
    pub(super) fn beside_queues(&self) -> Arc<QueueCounters> {
        self.queue("")
    }

    /// Counters for one more queue.
    pub(super) fn queue(&self, name: &str) -> Arc<QueueCounters> {
        let mut queues = self.queues.lock();
        let Queues { running, ended } = &mut *queues;
        running.retain(|queue| {
            let is_held = Arc::strong_count(queue) > 1;
            if !is_held {
                add(ended, queue);
            }
            is_held
        });
        let queue = Arc::new(QueueCounters { name: name.to_owned(), ..QueueCounters::default() });
        running.push(Arc::clone(&queue));
        queue
    }

    /// Returns the counts of each running queue.
    pub(super) fn queues(&self) -> Vec<Queue> {
        let queues = self.queues.lock();
        queues.running.iter().filter(|queue| !queue.name.is_empty()).map(|queue| queue.summary()).collect()
    }

    /// The sums, always in the same order.
    pub(super) fn sum(&self) -> Vec<Counter> {
        let queues = self.queues.lock();
        let mut values = queues.ended.clone();
        queues.running.iter().for_each(|queue| add(&mut values, queue));
        let names = QueueCounters::default().list().map(|(name, _)| name).collect::<Vec<_>>();
        values.resize(names.len(), 0);
        let unreachable = ("drop_unreachable".to_owned(), self.neighbours.unreached());
        let counted = names.into_iter().zip(values).chain([unreachable]);
        counted.map(|(name, value)| Counter { name, value }).collect()
    }
}

fn add(sums: &mut Vec<u64>, queue: &QueueCounters) {
    let values: Vec<u64> = queue.list().map(|(_, value)| value).collect();
    sums.resize(values.len(), 0);
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum = sum.wrapping_add(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_counter_of_its_own() {
        let all = AllCounters::default();
        let queue = all.queue("tunvs-vip/0");
        for reason in DropReason::ALL {
            queue.verdict(Verdict::Drop(*reason));
        }
        let neighbour = Verdict::Route(std::net::Ipv4Addr::LOCALHOST.into());
        for verdict in
            [Verdict::Forward, neighbour, Verdict::Split, Verdict::Pass, Verdict::Hold, Verdict::Reply]
        {
            queue.verdict(verdict);
        }
        queue.unreadable(&ReadError::Short(3));
        queue.panicked();
        for error in [
            WriteError::NoHeadroom,
            WriteError::LinkDown,
            WriteError::Full,
            WriteError::SuperPacket,
            WriteError::Refused(1),
        ] {
            queue.write_failed(error);
        }
        let mut sums = all.sum();
        assert_eq!(
            sums.pop().map(|counter| (counter.name, counter.value)),
            Some(("drop_unreachable".to_owned(), 0))
        );
        assert!(sums.iter().all(|counter| counter.value == 1), "{sums:?}");
        assert_eq!(sums.len(), 13 + DropReason::ALL.len());
    }

    #[test]
    fn what_ended_queues_counted_stays() {
        let all = AllCounters::default();
        for _ in 0..3 {
            all.queue("tunvs-vip/0").verdict(Verdict::Pass);
        }
        let running = all.queue("tunvs-vip/0");
        running.verdict(Verdict::Pass);
        let passed = all.sum().into_iter().find(|counter| counter.name == "pass");
        assert_eq!(passed.map(|counter| counter.value), Some(4));
        assert_eq!(all.queues.lock().running.len(), 1);
        let queue = Queue { name: "tunvs-vip/0".to_owned(), packets: 1, drops: 0, failures: 0 };
        assert_eq!(all.queues(), [queue]);
    }
}
