//! A record as a line of JSON. `docs/json.md` promises the members.

use serde::{Deserialize, Serialize};

use lvs::Time;
use lvs::director::{CloseReason, FlowRecord};
use lvs_control::flow_log::Losses;
use lvs_events::json::End;
use lvs_events::rfc3339;

/// A line, as it is written and read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Line {
    Begin(Flow),
    End(Flow),
    /// So many connections are missing here.
    Lost {
        time: String,
        flows: u64,
        why: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// None where it began before the log was switched on.
    pub start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub protocol: String,
    pub state: String,
    pub client: End,
    #[serde(rename = "virtual")]
    pub virt: End,
    pub real: End,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<End>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fwmark: Option<u32>,
    pub forwarding: String,
    #[serde(flatten)]
    pub carried: Option<Carried>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synced: bool,
}

/// Traffic of a flow; None is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    pub in_packets: u64,
    pub in_bytes: Option<u64>,
    pub out_packets: Option<u64>,
    pub out_bytes: Option<u64>,
}

/// The director's time and the time of day at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub time: Time,
    pub unix_millis: u64,
}

impl Moment {
    fn date(&self, time: Time) -> String {
        let at = i128::from(self.unix_millis) + i128::from(time.0) - i128::from(self.time.0);
        rfc3339(u64::try_from(at).unwrap_or(0))
    }
}

pub fn of(record: &FlowRecord, moment: &Moment) -> Line {
    let account = record.account.as_ref();
    let is_end = record.close_reason.is_some();
    let carried = Carried {
        in_packets: account.map_or(u64::from(record.in_packets), |account| account.in_packets),
        in_bytes: account.map(|account| account.in_bytes),
        out_packets: account.filter(|_| record.is_answered_here).map(|account| account.out_packets),
        out_bytes: account.filter(|_| record.is_answered_here).map(|account| account.out_bytes),
    };
    let flow = Flow {
        start: account.map(|account| moment.date(account.start)),
        last: account.filter(|_| is_end).map(|account| moment.date(account.last)),
        end: is_end.then(|| moment.date(record.at)),
        reason: record.close_reason.map(CloseReason::name).map(str::to_owned),
        protocol: protocol(record.protocol),
        state: record.state.name().to_owned(),
        client: record.client.into(),
        virt: record.virt.into(),
        real: record.real.into(),
        local: record.local.map(End::from),
        fwmark: (record.fwmark != 0).then_some(record.fwmark),
        forwarding: record.forwarding.to_lowercase(),
        carried: is_end.then_some(carried),
        synced: record.from_sync,
    };
    if is_end { Line::End(flow) } else { Line::Begin(flow) }
}

/// A line for each reason for which some are missing.
pub fn lost(losses: Losses, moment: &Moment) -> impl Iterator<Item = Line> {
    let time = moment.date(moment.time);
    let missing = losses.named().into_iter().filter(|(_, flows)| *flows > 0);
    missing.map(move |(why, flows)| Line::Lost { time: time.clone(), flows, why: why.to_owned() })
}

fn protocol(number: u8) -> String {
    match number {
        6 => "tcp".to_owned(),
        17 => "udp".to_owned(),
        132 => "sctp".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs::conn::{Account, State, TcpState};
    use lvs::service::Endpoint;

    fn record() -> FlowRecord {
        let end = |last, port| Endpoint::new([10, 0, 0, last].into(), port);
        FlowRecord {
            close_reason: Some(CloseReason::Fin),
            at: Time(9_000),
            protocol: 6,
            state: State::Tcp(TcpState::TimeWait),
            client: end(9, 40_000),
            virt: end(1, 80),
            real: end(2, 8080),
            local: Some(end(3, 20_000)),
            fwmark: 0,
            is_answered_here: true,
            forwarding: "FullNat",
            from_sync: false,
            in_packets: 5,
            account: Some(Account {
                start: Time(2_000),
                last: Time(3_500),
                in_packets: 5,
                in_bytes: 400,
                out_packets: 4,
                out_bytes: 3000,
            }),
        }
    }

    const MOMENT: Moment = Moment { time: Time(10_000), unix_millis: 1_000_000_000_000 };

    /// The lines of the block in the document are read, and written as they stand there.
    #[test]
    fn the_document_shows_this_shape() {
        let text = include_str!("../../docs/json.md").split("\n## Flow log").nth(1).unwrap();
        let block = text.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
        let shown: Vec<Line> = block
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}")))
            .collect();
        for (line, value) in block.lines().zip(&shown) {
            assert_eq!(serde_json::to_string(value).unwrap(), line);
        }
        let Line::End(expected) = of(&record(), &MOMENT) else { panic!() };
        assert!(shown.contains(&Line::End(expected)), "the document has no such line");
        assert!(shown.iter().any(|line| matches!(line, Line::Begin(_))));
        assert!(shown.iter().any(|line| matches!(line, Line::Lost { .. })));
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let unknown = FlowRecord { account: None, local: None, ..record() };
        let Line::End(flow) = of(&unknown, &MOMENT) else { panic!() };
        assert_eq!((flow.start, flow.last, flow.local), (None, None, None));
        let carried = Carried { in_packets: 5, ..Carried::default() };
        assert_eq!(flow.carried, Some(carried));
        let past = FlowRecord { is_answered_here: false, ..record() };
        let Line::End(flow) = of(&past, &MOMENT) else { panic!() };
        assert_eq!(
            flow.carried.map(|carried| (carried.in_bytes, carried.out_bytes)),
            Some((Some(400), None))
        );
        let Line::Begin(flow) = of(&FlowRecord { close_reason: None, ..record() }, &MOMENT) else { panic!() };
        assert_eq!((flow.end, flow.reason, flow.carried), (None, None, None));
    }
}
