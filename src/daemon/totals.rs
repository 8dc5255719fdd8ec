//! Counts of the director and of its queues, with those of the directors that it goes on for.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::counters::{AllCounters, QueueCounters};
use super::sync::SyncDaemons;
use lvs::director::Director;
use lvs_control::Counter;
use lvs_control::status::Queue;

#[derive(Debug)]
pub(super) struct Totals {
    director: Arc<Director>,
    counters: Arc<AllCounters>,
    sync: Arc<SyncDaemons>,
    inherited: Mutex<Inherited>,
}

/// Numbers of directors before this one, which are added to its own.
#[derive(Debug, Default)]
struct Inherited {
    counters: BTreeMap<String, u64>,
    queues: Vec<Queue>,
}

impl Totals {
    pub(super) fn new(director: Arc<Director>, counters: Arc<AllCounters>, sync: Arc<SyncDaemons>) -> Self {
        Self { director, counters, sync, inherited: Mutex::default() }
    }

    /// Goes on counting from the numbers of the director before.
    pub(super) fn resume(&self, counters: Vec<Counter>, queues: Vec<Queue>) {
        let counters = counters.into_iter().map(|counter| (counter.name, counter.value)).collect();
        *self.inherited.lock() = Inherited { counters, queues };
    }

    /// Counters of packets that come by no queue.
    pub(super) fn beside_queues(&self) -> Arc<QueueCounters> {
        self.counters.beside_queues()
    }

    /// Counts of each running queue, with those of the same name before.
    pub(super) fn queues(&self) -> Vec<Queue> {
        let inherited = self.inherited.lock();
        let mut queues = self.counters.queues();
        for queue in &mut queues {
            if let Some(before) = inherited.queues.iter().find(|before| before.name == queue.name) {
                queue.packets += before.packets;
                queue.drops += before.drops;
                queue.failures += before.failures;
            }
        }
        queues
    }

    /// Returns the counts of packets, and of messages between directors.
    pub(super) fn counters(&self) -> Vec<Counter> {
        let syn = self.director.syn_counts();
        let beside = [
            ("toa_no_room", self.director.toa_no_room()),
            ("icmp_held_back", self.director.icmp_held_back()),
            ("syn_cookies_sent", syn.sent),
            ("syn_cookies_taken", syn.taken),
            ("syn_cookies_refused", syn.refused),
            ("syn_unanswered", syn.unanswered),
        ]
        .map(|(name, value)| Counter { name: name.to_owned(), value });
        let own = self.counters.sum().into_iter().chain(beside).chain(self.sync.counted());
        let inherited = self.inherited.lock();
        let with_those_before = |counter: Counter| {
            let before = inherited.counters.get(&counter.name).copied().unwrap_or(0);
            Counter { value: counter.value.wrapping_add(before), ..counter }
        };
        own.map(with_those_before).collect()
    }
}
