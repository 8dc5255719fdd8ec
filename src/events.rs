//! What happens to a running director, as messages for whoever watches: `tunvs events`, logs, programs.
//!
//! Owns the [`Event`]s and the channel that spreads them. Publishing never waits: a reader that is too slow loses the
//! oldest and is told how many. Never decides anything and reads no clock of its own; published to by the daemon and
//! by health checks, read by the control server.

use std::collections::VecDeque;
use std::fmt;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::lvs::service::{Endpoint, ServiceKey};
use crate::shape;

/// How far a reader may be behind.
const BACKLOG: usize = 4096;

/// How many are kept for readers that come later.
const KEPT: usize = 256;

/// What happened. `docs/json.md` shows each as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The director is ready.
    Started {
        version: String,
    },
    Stopping,
    ServiceAdded {
        #[serde(with = "shape::service")]
        service: ServiceKey,
    },
    ServiceEdited {
        #[serde(with = "shape::service")]
        service: ServiceKey,
    },
    ServiceRemoved {
        #[serde(with = "shape::service")]
        service: ServiceKey,
    },
    /// Enough servers of the service are up again.
    ServiceUp {
        #[serde(with = "shape::service")]
        service: ServiceKey,
        reason: String,
    },
    /// Too few servers of the service are up.
    ServiceDown {
        #[serde(with = "shape::service")]
        service: ServiceKey,
        reason: String,
    },
    ServerAdded {
        #[serde(with = "shape::service")]
        service: ServiceKey,
        #[serde(with = "shape::end")]
        server: Endpoint,
        weight: i32,
    },
    ServerEdited {
        #[serde(with = "shape::service")]
        service: ServiceKey,
        #[serde(with = "shape::end")]
        server: Endpoint,
        weight: i32,
    },
    ServerRemoved {
        #[serde(with = "shape::service")]
        service: ServiceKey,
        #[serde(with = "shape::end")]
        server: Endpoint,
    },
    /// Health checks say that it works.
    ServerUp {
        #[serde(with = "shape::service")]
        service: ServiceKey,
        #[serde(with = "shape::end")]
        server: Endpoint,
        reason: String,
    },
    /// Health checks say that it does not work.
    ServerDown {
        #[serde(with = "shape::service")]
        service: ServiceKey,
        #[serde(with = "shape::end")]
        server: Endpoint,
        reason: String,
    },
    /// It gets no new connections, and is to lose those that it has.
    ServerDraining {
        #[serde(with = "shape::service")]
        service: ServiceKey,
        #[serde(with = "shape::end")]
        server: Endpoint,
        connections: u64,
    },
    /// Its last connection has ended; `reset` of them were ended at the deadline.
    ServerDrained {
        #[serde(with = "shape::service")]
        service: ServiceKey,
        #[serde(with = "shape::end")]
        server: Endpoint,
        reset: u64,
    },
    /// It reached its upper threshold, so many times since the last such event.
    ServerOverloaded {
        #[serde(with = "shape::service")]
        service: ServiceKey,
        #[serde(with = "shape::end")]
        server: Endpoint,
        times: u32,
    },
    /// It fell below its lower threshold and takes connections again.
    ServerReturned {
        #[serde(with = "shape::service")]
        service: ServiceKey,
        #[serde(with = "shape::end")]
        server: Endpoint,
    },
    Reloaded {
        file: String,
        changes: u64,
        refused: u64,
    },
    ReloadFailed {
        file: String,
        reason: String,
    },
    /// More packets than usual are dropped for this reason.
    DropsBegan {
        reason: String,
        packets: u64,
        per_second: u64,
    },
    /// Said now and then while it lasts.
    DropsGoOn {
        reason: String,
        packets: u64,
        per_second: u64,
    },
    /// `packets`: since they began.
    DropsEnded {
        reason: String,
        packets: u64,
    },
    /// The host does not do what the tables ask for.
    HostTrouble {
        reason: String,
    },
    /// Another program takes away what the director made on the host, again and again: so many times in this row.
    HostContested {
        times: u64,
    },
    /// The reader was too slow: so many events were left out here.
    Lost {
        events: u64,
    },
}

impl Event {
    /// All that [`Self::name`] can be.
    pub const NAMES: [&str; 24] = [
        "started",
        "stopping",
        "service_added",
        "service_edited",
        "service_removed",
        "service_up",
        "service_down",
        "server_added",
        "server_edited",
        "server_removed",
        "server_up",
        "server_down",
        "server_draining",
        "server_drained",
        "server_overloaded",
        "server_returned",
        "reloaded",
        "reload_failed",
        "drops_began",
        "drops_go_on",
        "drops_ended",
        "host_trouble",
        "host_contested",
        "lost",
    ];

    /// As it is written after `"event":`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Stopping => "stopping",
            Self::ServiceAdded { .. } => "service_added",
            Self::ServiceEdited { .. } => "service_edited",
            Self::ServiceRemoved { .. } => "service_removed",
            Self::ServiceUp { .. } => "service_up",
            Self::ServiceDown { .. } => "service_down",
            Self::ServerAdded { .. } => "server_added",
            Self::ServerEdited { .. } => "server_edited",
            Self::ServerRemoved { .. } => "server_removed",
            Self::ServerUp { .. } => "server_up",
            Self::ServerDown { .. } => "server_down",
            Self::ServerDraining { .. } => "server_draining",
            Self::ServerDrained { .. } => "server_drained",
            Self::ServerOverloaded { .. } => "server_overloaded",
            Self::ServerReturned { .. } => "server_returned",
            Self::Reloaded { .. } => "reloaded",
            Self::ReloadFailed { .. } => "reload_failed",
            Self::DropsBegan { .. } => "drops_began",
            Self::DropsGoOn { .. } => "drops_go_on",
            Self::DropsEnded { .. } => "drops_ended",
            Self::HostTrouble { .. } => "host_trouble",
            Self::HostContested { .. } => "host_contested",
            Self::Lost { .. } => "lost",
        }
    }

    /// The service that it is about.
    pub const fn service(&self) -> Option<&ServiceKey> {
        match self {
            Self::ServiceAdded { service }
            | Self::ServiceEdited { service }
            | Self::ServiceRemoved { service }
            | Self::ServiceUp { service, .. }
            | Self::ServiceDown { service, .. }
            | Self::ServerAdded { service, .. }
            | Self::ServerEdited { service, .. }
            | Self::ServerRemoved { service, .. }
            | Self::ServerUp { service, .. }
            | Self::ServerDown { service, .. }
            | Self::ServerDraining { service, .. }
            | Self::ServerDrained { service, .. }
            | Self::ServerOverloaded { service, .. }
            | Self::ServerReturned { service, .. } => Some(service),
            Self::Started { .. }
            | Self::Stopping
            | Self::Reloaded { .. }
            | Self::ReloadFailed { .. }
            | Self::DropsBegan { .. }
            | Self::DropsGoOn { .. }
            | Self::DropsEnded { .. }
            | Self::HostTrouble { .. }
            | Self::HostContested { .. }
            | Self::Lost { .. } => None,
        }
    }
}

/// An event, when it happened, and its number. Numbers have no gaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// RFC 3339, in UTC, to the millisecond.
    pub time: String,
    pub number: u64,
    #[serde(flatten)]
    pub event: Event,
}

/// Spreads events to any number of readers.
pub struct Events {
    /// Milliseconds since 1970.
    clock: fn() -> u64,
    kept: Mutex<Kept>,
    sender: broadcast::Sender<Record>,
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

impl Events {
    /// `clock`: milliseconds since 1970.
    pub fn new(clock: fn() -> u64) -> Self {
        Self { clock, kept: Mutex::default(), sender: broadcast::Sender::new(BACKLOG) }
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
        let _ = self.sender.send(record);
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
    receiver: broadcast::Receiver<Record>,
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
                Some(record)
            }
            Err(broadcast::error::RecvError::Lagged(events)) => {
                self.last += events;
                let time = rfc3339((self.clock)());
                Some(Record { time, number: self.last, event: Event::Lost { events } })
            }
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// Those of the past that are left; no new ones.
    pub fn past(&mut self) -> impl Iterator<Item = Record> + '_ {
        self.past.drain(..)
    }
}

/// Milliseconds since 1970 as a date and time in UTC.
pub fn rfc3339(millis: u64) -> String {
    let (seconds, fraction) = (millis / 1000, millis % 1000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Civil from days, with years that begin in March (H. Hinnant's algorithm); eras are of 400 years.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lvs::service::{Family, Protocol};

    fn events() -> Events {
        Events::new(|| 1_790_000_000_123)
    }

    fn key() -> ServiceKey {
        ServiceKey::Address { protocol: Protocol::Tcp, addr: "10.0.0.1".parse().unwrap(), port: 80 }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(951_782_399_999), "2000-02-28T23:59:59.999Z");
        assert_eq!(rfc3339(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(rfc3339(1_709_251_200_000), "2024-03-01T00:00:00.000Z");
        assert_eq!(rfc3339(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
    }

    #[test]
    fn an_event_is_one_flat_object_and_comes_back() {
        let server = Endpoint::new("10.1.0.1".parse().unwrap(), 8080);
        let down = Event::ServerDown { service: key(), server, reason: "connection refused".to_owned() };
        let record = Record { time: rfc3339(0), number: 7, event: down };
        let line = serde_json::to_string(&record).unwrap();
        assert_eq!(
            line,
            r#"{"time":"1970-01-01T00:00:00.000Z","number":7,"event":"server_down","service":{"protocol":"tcp","address":"10.0.0.1","port":80},"server":{"address":"10.1.0.1","port":8080},"reason":"connection refused"}"#
        );
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), record);
        let mark = ServiceKey::Mark { mark: 7, family: Family::V6 };
        let line = serde_json::to_string(&Event::ServiceAdded { service: mark }).unwrap();
        assert_eq!(line, r#"{"event":"service_added","service":{"fwmark":7,"family":"ipv6"}}"#);
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), Event::ServiceAdded { service: mark });
    }

    /// The block of `docs/json.md` that shows every event.
    #[test]
    fn the_documents_lines_are_events_and_all_of_them() {
        let text = include_str!("../docs/json.md");
        let block = text.split("```jsonl\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let mut shown = Vec::new();
        for line in block.lines() {
            let record: Record = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(serde_json::to_string(&record).unwrap(), line);
            shown.push(record.event.name());
        }
        assert_eq!(shown, Event::NAMES);
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
