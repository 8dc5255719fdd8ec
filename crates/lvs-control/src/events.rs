//! Channel that spreads events to whoever watches.
//!
//! Publishing never waits: a reader that is too slow loses the oldest and is told how many. Published to by the daemon and
//! by health checks, read by the control server.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use lvs_events::{Event, Record, rfc3339};
use parking_lot::Mutex;
use tokio::sync::broadcast;

/// How far a reader may be behind.
const BACKLOG: usize = 4096;

/// How many are kept for readers that come later.
const KEPT: usize = 256;

/// Spreads events to any number of readers.
pub struct Events {
    /// Milliseconds since 1970.
    clock: fn() -> u64,
    kept: Mutex<Kept>,
    sender: broadcast::Sender<Arc<Record>>,
}

#[derive(Debug, Default)]
struct Kept {
    published: u64,
    records: VecDeque<Record>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("kept", &self.kept).finish_non_exhaustive()
    }
}

/// Events for a director that takes over.
#[derive(Clone, Debug, Default)]
pub struct KeptEvents {
    /// Number of the last one.
    pub published: u64,
    pub records: Vec<Record>,
}

impl Events {
    /// `clock`: milliseconds since 1970.
    pub fn new(clock: fn() -> u64) -> Self {
        Self { clock, kept: Mutex::default(), sender: broadcast::Sender::new(BACKLOG) }
    }

    /// All that is kept, for a director that takes over.
    pub fn kept(&self) -> KeptEvents {
        let kept = self.kept.lock();
        KeptEvents { published: kept.published, records: kept.records.iter().cloned().collect() }
    }

    /// Goes on from what another director has kept, before there is any event here.
    pub fn resume(&self, KeptEvents { published, records }: KeptEvents) {
        let skipped = records.len().saturating_sub(KEPT);
        *self.kept.lock() = Kept { published, records: records.into_iter().skip(skipped).collect() };
    }

    /// Tells everybody. Never waits.
    pub fn publish(&self, event: Event) {
        let time = rfc3339((self.clock)());
        let mut kept = self.kept.lock();
        kept.published += 1;
        let record = Record { time, number: kept.published, event };
        if kept.records.len() == KEPT {
            kept.records.pop_front();
        }
        kept.records.push_back(record.clone());
        // Under the lock, so that readers see the order of the numbers. Nobody listens: no harm.
        let _ = self.sender.send(Arc::new(record));
    }

    /// How many there ever were.
    pub fn published(&self) -> u64 {
        self.kept.lock().published
    }

    /// The last `limit` events (a bounded number is kept), and from there on every new one.
    pub fn subscribe(&self, limit: usize) -> Subscription {
        let kept = self.kept.lock();
        let skipped = kept.records.len().saturating_sub(limit);
        let past = kept.records.iter().skip(skipped).cloned().collect();
        Subscription { past, receiver: self.sender.subscribe(), last: kept.published, clock: self.clock }
    }
}

/// One reader's place.
#[derive(Debug)]
pub struct Subscription {
    past: VecDeque<Record>,
    receiver: broadcast::Receiver<Arc<Record>>,
    last: u64,
    clock: fn() -> u64,
}

impl Subscription {
    /// The next event, when there is one. None: there will be no more.
    pub async fn next(&mut self) -> Option<Record> {
        if let Some(record) = self.past.pop_front() {
            return Some(record);
        }
        match self.receiver.recv().await {
            Ok(record) => {
                self.last = record.number;
                Some(Arc::unwrap_or_clone(record))
            }
            Err(broadcast::error::RecvError::Lagged(events)) => {
                self.last += events;
                let time = rfc3339((self.clock)());
                Some(Record { time, number: self.last, event: Event::Lost { events } })
            }
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// Returns the past events that are left; no new ones.
    pub fn past(&mut self) -> impl Iterator<Item = Record> + '_ {
        self.past.drain(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs::service::{Protocol, ServiceKey};

    fn events() -> Events {
        Events::new(|| 1_790_000_000_123)
    }

    fn key() -> ServiceKey {
        ServiceKey::Address { protocol: Protocol::Tcp, addr: "10.0.0.1".parse().unwrap(), port: 80 }
    }

    #[tokio::test]
    async fn a_slow_reader_loses_the_oldest_and_is_told_how_many() {
        let events = events();
        let mut slow = events.subscribe(0);
        let count = BACKLOG as u64 + 10;
        for _ in 0..count {
            events.publish(Event::ServiceAdded { service: key() });
        }
        let lost = slow.next().await.unwrap();
        assert_eq!((lost.number, lost.event), (10, Event::Lost { events: 10 }));
        let mut numbers = Vec::new();
        while numbers.len() < BACKLOG {
            numbers.push(slow.next().await.unwrap().number);
        }
        assert_eq!(numbers, (11..=count).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn who_comes_late_gets_the_last_ones_first_and_none_twice() {
        let events = events();
        for _ in 0..KEPT + 5 {
            events.publish(Event::Stopping);
        }
        let mut late = events.subscribe(3);
        events.publish(Event::Stopping);
        let mut numbers = Vec::new();
        for _ in 0..4 {
            numbers.push(late.next().await.unwrap().number);
        }
        let last = KEPT as u64 + 6;
        assert_eq!(numbers, [last - 3, last - 2, last - 1, last]);
        assert_eq!(events.subscribe(usize::MAX).past().count(), KEPT);
        assert_eq!(events.published(), last);
    }
}
