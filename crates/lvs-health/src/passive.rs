//! Signs of trouble in the traffic itself: connections that a server does not answer, or refuses.
//!
//! Pure: what the director has counted is an argument. Called by the [`Pool`](super::pool::Pool).

use std::collections::BTreeMap;
use std::time::Duration;

use super::carried::{HeardState, millis};
use super::spec::Passive;
use lvs::Time;
use lvs::director::HandshakeStats;
use lvs::service::Endpoint;

/// Memory of the servers of a service.
#[derive(Debug, Default)]
pub(super) struct Listener {
    next_at: Time,
    servers: BTreeMap<Endpoint, Heard>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    last: HandshakeStats,
    /// Bad intervals in a row.
    bad: u32,
    down_until: Option<Time>,
}

/// A server about which the traffic says something else than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) server: Endpoint,
    /// The reason why it does not work. None: it does.
    pub(super) suspect: Option<String>,
}

impl Listener {
    /// Milliseconds until it is due.
    pub(super) fn due_in(&self, now: Time) -> u64 {
        millis(self.next_at, now)
    }

    /// Servers as they are.
    pub(super) fn state(&self, now: Time) -> Vec<HeardState> {
        let heard = self.servers.iter().map(|(server, heard)| HeardState {
            server: *server,
            last: heard.last,
            bad: heard.bad,
            down_for: heard.down_until.map(|until| millis(until, now)),
        });
        heard.collect()
    }

    pub(super) fn resume(&mut self, servers: &[HeardState], due_in: u64, now: Time) {
        self.next_at = now + Duration::from_millis(due_in);
        let heard = |state: &HeardState| {
            let down_until = state.down_for.map(|wait| now + Duration::from_millis(wait));
            (state.server, Heard { last: state.last, bad: state.bad, down_until })
        };
        self.servers = servers.iter().map(heard).collect();
    }

    /// Whether an interval has passed.
    pub(super) fn is_due(&self, now: Time) -> bool {
        now >= self.next_at
    }

    pub(super) fn listen(
        &mut self,
        policy: &Passive,
        counted: &[(Endpoint, HandshakeStats)],
        now: Time,
    ) -> Vec<Verdict> {
        self.next_at = now + policy.interval;
        let mut verdicts = Vec::new();
        for (server, handshakes) in counted {
            let is_new = !self.servers.contains_key(server);
            let heard = self.servers.entry(*server).or_default();
            let change = handshakes.since(heard.last);
            heard.last = *handshakes;
            if is_new {
                continue;
            }
            match heard.down_until {
                Some(until) if now < until => {}
                Some(_) => {
                    *heard = Heard { last: *handshakes, ..Heard::default() };
                    verdicts.push(Verdict { server: *server, suspect: None });
                }
                None => {
                    let Some(reason) = reason(policy, change) else {
                        // Too few connections say nothing.
                        if change.opened >= policy.min_connections {
                            heard.bad = 0;
                        }
                        continue;
                    };
                    heard.bad += 1;
                    if heard.bad >= policy.fall.max(1) {
                        heard.down_until = Some(now + policy.hold_down);
                        verdicts.push(Verdict { server: *server, suspect: Some(reason) });
                    }
                }
            }
        }
        // One that was taken out keeps its time.
        let is_there = |server: &Endpoint| counted.iter().any(|(other, _)| other == server);
        for (server, heard) in &mut self.servers {
            if !is_there(server) && heard.down_until.is_some_and(|until| now >= until) {
                *heard = Heard { last: heard.last, ..Heard::default() };
                verdicts.push(Verdict { server: *server, suspect: None });
            }
        }
        self.servers.retain(|server, heard| is_there(server) || heard.down_until.is_some());
        verdicts
    }
}

fn reason(policy: &Passive, change: HandshakeStats) -> Option<String> {
    let HandshakeStats { opened, answered, refused } = change;
    if opened < policy.min_connections.max(1) {
        return None;
    }
    let percent = |part: u32| u64::from(part) * 100 / u64::from(opened);
    let unanswered = opened.saturating_sub(answered).saturating_sub(refused);
    if policy.refused > 0 && percent(refused) >= u64::from(policy.refused) {
        return Some(format!("refused {refused} of {opened} connections"));
    }
    if policy.unanswered > 0 && percent(unanswered) >= u64::from(policy.unanswered) {
        return Some(format!("left {unanswered} of {opened} connections unanswered"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_intervals_in_a_row_take_a_server_out_for_a_time() {
        let server = Endpoint::new("10.1.0.1".parse().unwrap(), 80);
        let policy = Passive::default();
        let mut listener = Listener::default();
        let mut total = HandshakeStats::default();
        let mut at = |secs, opened, answered, refused| {
            total.opened += opened;
            total.answered += answered;
            total.refused += refused;
            let now = Time::from_secs(secs);
            assert!(listener.is_due(now));
            listener.listen(&policy, &[(server, total)], now)
        };
        assert!(at(0, 100, 0, 0).is_empty(), "what was before says nothing");
        assert!(at(2, 20, 15, 0).is_empty());
        assert!(at(4, 20, 2, 0).is_empty(), "once");
        assert!(at(6, 5, 0, 0).is_empty(), "too few to say anything");
        let verdict = |suspect: Option<&str>| Verdict { server, suspect: suspect.map(str::to_owned) };
        let down = at(8, 20, 0, 12);
        assert_eq!(down, [verdict(Some("refused 12 of 20 connections"))]);
        assert!(at(10, 0, 0, 0).is_empty());
        assert_eq!(at(38, 0, 0, 0), [verdict(None)]);
        assert!(at(40, 20, 0, 0).is_empty());
        assert_eq!(at(42, 20, 0, 0), [verdict(Some("left 20 of 20 connections unanswered"))]);
        assert!(!listener.is_due(Time::from_secs(43)));
        assert_eq!(
            listener.listen(&policy, &[], Time::from_secs(80)),
            [verdict(None)],
            "gone from the table"
        );
    }
}
