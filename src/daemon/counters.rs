//! What became of packets, counted by each queue on its own and added up when somebody asks.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::control::Counter;
use crate::device::{ReadError, WriteError};
use crate::lvs::director::{DropReason, Verdict};

/// The counters of one queue. Only its own thread adds to them.
#[derive(Debug, Default)]
pub(super) struct QueueCounters {
    forward: Cell,
    pass: Cell,
    hold: Cell,
    reply: Cell,
    dropped: [Cell; DropReason::ALL.len()],
    unreadable: Cell,
    write_no_headroom: Cell,
    write_link_down: Cell,
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
            Verdict::Hold => self.hold.bump(),
            Verdict::Reply => self.reply.bump(),
            Verdict::Drop(reason) => self.dropped[reason as usize].bump(),
        }
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
            WriteError::SuperPacket => self.write_super_packet.bump(),
            WriteError::Refused(_) => self.write_refused.bump(),
        }
    }

    fn list(&self) -> impl Iterator<Item = (String, u64)> {
        let fixed = [
            ("forward", &self.forward),
            ("pass", &self.pass),
            ("hold", &self.hold),
            ("reply", &self.reply),
            ("unreadable", &self.unreadable),
            ("write_no_headroom", &self.write_no_headroom),
            ("write_link_down", &self.write_link_down),
            ("write_super_packet", &self.write_super_packet),
            ("write_refused", &self.write_refused),
        ];
        let dropped = DropReason::ALL
            .iter()
            .map(|reason| (format!("drop_{}", reason.name()), self.dropped[*reason as usize].value()));
        fixed.into_iter().map(|(name, cell)| (name.to_owned(), cell.value())).chain(dropped)
    }
}

/// The sums over all queues, always in the same order.
pub(super) fn sum<'a>(queues: impl IntoIterator<Item = &'a QueueCounters>) -> Vec<Counter> {
    let mut sums: Vec<Counter> =
        QueueCounters::default().list().map(|(name, value)| Counter { name, value }).collect();
    for queue in queues {
        for (sum, (_, value)) in sums.iter_mut().zip(queue.list()) {
            sum.value = sum.value.wrapping_add(value);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_counter_of_its_own() {
        let queue = QueueCounters::default();
        for reason in DropReason::ALL {
            queue.verdict(Verdict::Drop(*reason));
        }
        for verdict in [Verdict::Forward, Verdict::Pass, Verdict::Hold, Verdict::Reply] {
            queue.verdict(verdict);
        }
        queue.unreadable(&ReadError::Short(3));
        for error in
            [WriteError::NoHeadroom, WriteError::LinkDown, WriteError::SuperPacket, WriteError::Refused(1)]
        {
            queue.write_failed(error);
        }
        let sums = sum([&queue, &queue]);
        assert!(sums.iter().all(|counter| counter.value == 2), "{sums:?}");
        assert_eq!(sums.len(), 9 + DropReason::ALL.len());
    }
}
