//! Events of a running director, as data.
//!
//! Owns the [`Event`]s, the [`Record`] of one, and the JSON of services and servers that people and programs read ([`json`]).
//! Decides nothing and reads no clock; made by the daemon and by health checks, spread by the control socket.
#![forbid(unsafe_code)]

mod event;
pub mod json;

pub use event::Event;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An event, when it happened, and its number. Numbers have no gaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// RFC 3339, in UTC, to the millisecond.
    pub time: String,
    pub number: u64,
    #[serde(flatten)]
    pub event: Event,
}

/// Date and time in UTC, to the millisecond (RFC 3339). `millis`: since 1970.
pub fn rfc3339(millis: u64) -> String {
    let time = i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    format!("{:.3}", time.unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs::service::{Endpoint, Family, Protocol, ServiceKey};

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
        let text = include_str!("../../../docs/json.md");
        let block = text.split("```jsonl\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let mut shown = Vec::new();
        for line in block.lines() {
            let record: Record = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(serde_json::to_string(&record).unwrap(), line);
            shown.push(record.event.name());
        }
        assert_eq!(shown, Event::NAMES);
    }
}
