//! Events that no command brings: servers at their thresholds, and more drops than usual.
//!
//! Looks at counters once a second; the packets' way has no part in it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::live_tables::LiveTables;
use super::totals::Totals;
use lvs::director::Overload;
use lvs::service::{Endpoint, ServiceKey};
use lvs_control::Counter;
use lvs_control::events::Events;
use lvs_events::Event;

const EVERY: Duration = Duration::from_secs(1);

/// Drops that go on are told of again after so many looks.
const REMIND_AFTER: u32 = 60;

/// Quiet looks after which drops have ended.
const QUIET_AFTER: u32 = 5;

/// Watches until it is aborted. `drop_alarm`: dropped packets a second of one reason that are worth an event.
pub(super) async fn watch(tables: Arc<LiveTables>, totals: Arc<Totals>, drop_alarm: u64) {
    let mut overloads = Overloads::default();
    let mut drops = Drops { alarm: drop_alarm, reasons: HashMap::new() };
    drops.look(&totals.counters(), |_| {});
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let _going = tables.pause.read().await;
        let events: &Events = &tables.events;
        overloads.look(&tables.director.overloads(), |event| events.publish(event));
        drops.look(&totals.counters(), |event| events.publish(event));
    }
}

/// Last counts of servers that have thresholds.
#[derive(Debug, Default)]
struct Overloads(HashMap<(ServiceKey, Endpoint), Overload>);

impl Overloads {
    fn look(&mut self, present: &[Overload], mut tell: impl FnMut(Event)) {
        let before = std::mem::take(&mut self.0);
        for overload in present {
            let (service, server) = (overload.service, overload.server);
            let old = before.get(&(service, server));
            let times = overload.times.wrapping_sub(old.map_or(0, |old| old.times));
            if times > 0 {
                tell(Event::ServerOverloaded { service, server, times });
            }
            let was_overloaded = times > 0 || old.is_some_and(|old| old.is_overloaded);
            if was_overloaded && !overload.is_overloaded {
                tell(Event::ServerReturned { service, server });
            }
            self.0.insert((service, server), *overload);
        }
    }
}

#[derive(Debug)]
struct Drops {
    alarm: u64,
    reasons: HashMap<String, Reason>,
}

#[derive(Debug)]
struct Reason {
    last: u64,
    /// None: no more than usual.
    alarm: Option<Alarm>,
}

#[derive(Debug)]
struct Alarm {
    /// The counter when it began.
    from: u64,
    looks: u32,
    quiet: u32,
}

impl Drops {
    fn look(&mut self, counters: &[Counter], mut tell: impl FnMut(Event)) {
        for Counter { name, value } in counters {
            let Some(name) = name.strip_prefix("drop_") else { continue };
            if !self.reasons.contains_key(name) {
                self.reasons.insert(name.to_owned(), Reason { last: *value, alarm: None });
                continue;
            }
            let Some(reason) = self.reasons.get_mut(name) else { continue };
            let per_second = value.wrapping_sub(reason.last);
            let from = reason.last;
            reason.last = *value;
            let is_much = per_second >= self.alarm;
            let reason_name = name.to_owned();
            match &mut reason.alarm {
                None if is_much => {
                    reason.alarm = Some(Alarm { from, looks: 0, quiet: 0 });
                    tell(Event::DropsBegan { reason: reason_name, packets: per_second, per_second });
                }
                None => {}
                Some(alarm) => {
                    alarm.looks += 1;
                    alarm.quiet = if is_much { 0 } else { alarm.quiet + 1 };
                    let packets = value.wrapping_sub(alarm.from);
                    if alarm.quiet >= QUIET_AFTER {
                        reason.alarm = None;
                        tell(Event::DropsEnded { reason: reason_name, packets });
                    } else if is_much && alarm.looks >= REMIND_AFTER {
                        alarm.looks = 0;
                        tell(Event::DropsGoOn { reason: reason_name, packets, per_second });
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs::service::Protocol;

    fn told(drops: &mut Drops, value: u64) -> Vec<Event> {
        let mut events = Vec::new();
        let counters = [("forward", 1 << 40), ("drop_bad_version", value)];
        let counters = counters.map(|(name, value)| Counter { name: name.to_owned(), value });
        drops.look(&counters, |event| events.push(event));
        events
    }

    #[test]
    fn drops_are_told_of_when_they_begin_now_and_then_and_when_they_end() {
        let mut drops = Drops { alarm: 100, reasons: HashMap::new() };
        let reason = || "bad_version".to_owned();
        assert_eq!(told(&mut drops, 5_000), []);
        assert_eq!(told(&mut drops, 5_099), []);
        let began = Event::DropsBegan { reason: reason(), packets: 150, per_second: 150 };
        assert_eq!(told(&mut drops, 5_249), [began]);
        let mut value = 5_249;
        for _ in 1..REMIND_AFTER {
            value += 100;
            assert_eq!(told(&mut drops, value), []);
        }
        let packets = 150 + 60 * 100;
        assert_eq!(
            told(&mut drops, value + 100),
            [Event::DropsGoOn { reason: reason(), packets, per_second: 100 }]
        );
        for _ in 1..QUIET_AFTER {
            assert_eq!(told(&mut drops, value + 100), []);
        }
        assert_eq!(told(&mut drops, value + 100), [Event::DropsEnded { reason: reason(), packets }]);
        assert_eq!(told(&mut drops, value + 199), []);
    }

    #[test]
    fn an_overload_between_two_looks_is_not_missed() {
        let service = ServiceKey::Address { protocol: Protocol::Tcp, addr: [10, 0, 0, 1].into(), port: 80 };
        let server = Endpoint::new([10, 1, 0, 1].into(), 80);
        let mut overloads = Overloads::default();
        let mut look = |times, is_overloaded| {
            let mut events = Vec::new();
            overloads.look(&[Overload { service, server, times, is_overloaded }], |event| events.push(event));
            events
        };
        let overloaded = |times| Event::ServerOverloaded { service, server, times };
        let returned = Event::ServerReturned { service, server };
        assert_eq!(look(0, false), []);
        assert_eq!(look(1, true), [overloaded(1)]);
        assert_eq!(look(1, true), []);
        assert_eq!(look(1, false), std::slice::from_ref(&returned));
        assert_eq!(look(4, false), [overloaded(3), returned]);
        assert_eq!(look(5, true), [overloaded(1)]);
    }
}
