//! `tunvs connections`: the connections that a filter takes, as they are found; a table of millions needs no memory
//! here.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

use super::args::ConnectionsArgs;
use ipvsadm::{EngineShape, FlowShape, protocol_name};
use lvs::director::{ConnDetail, ConnFilter};
use lvs_control::{Client, ClientError, Part, StreamRequest, socket_path};

#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectionsError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("cannot write the connections")]
    Write(#[from] io::Error),
}

/// A connection as `docs/json.md` has it.
#[derive(Serialize)]
pub(super) struct Shape {
    #[serde(flatten)]
    flow: FlowShape,
    forwarding: String,
    in_packets: u32,
    template: bool,
    engine: Option<EngineShape>,
}

impl From<ConnDetail> for Shape {
    fn from(detail: ConnDetail) -> Self {
        let ConnDetail { mut entry, method, in_packets, is_template } = detail;
        Self {
            engine: entry.engine.take().map(EngineShape::from),
            flow: entry.into(),
            forwarding: method.to_lowercase(),
            in_packets,
            template: is_template,
        }
    }
}

pub(super) fn run(args: ConnectionsArgs, out: &mut dyn Write) -> Result<(), ConnectionsError> {
    match list(args, out) {
        // `tunvs connections | head` has seen enough.
        Err(ConnectionsError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn list(args: ConnectionsArgs, out: &mut dyn Write) -> Result<(), ConnectionsError> {
    let client = Client::connect(&socket_path(args.socket.socket.as_deref()))?;
    let filter = ConnFilter {
        client: args.from,
        virt: args.to,
        real: args.server,
        protocol: args.proto.map(Into::into),
        state: args.state.map(|state| state.to_uppercase()),
    };
    let mut list = List { out: BufWriter::new(out), json: args.json, count_only: args.count, shown: 0 };
    list.begin()?;
    'parts: for part in client.stream(StreamRequest::Connections(filter))? {
        let Part::Connections(details) = part? else { continue };
        for detail in details {
            if args.limit.is_some_and(|limit| list.shown >= limit) {
                break 'parts;
            }
            list.show(detail)?;
        }
    }
    Ok(list.end()?)
}

struct List<W: Write> {
    out: BufWriter<W>,
    json: bool,
    count_only: bool,
    shown: u64,
}

impl<W: Write> List<W> {
    fn begin(&mut self) -> io::Result<()> {
        if self.count_only {
            return Ok(());
        }
        if self.json {
            return write!(self.out, "{{\n  \"version\": 1,\n  \"connections\": [");
        }
        writeln!(
            self.out,
            "{:<5}{:<12}{:<22}{:<22}{:<22}{:<8}{:>8}  {:>9}",
            "Pro", "State", "Client", "Virtual", "Server", "Forward", "Expires", "InPackets"
        )
    }

    fn show(&mut self, detail: ConnDetail) -> io::Result<()> {
        self.shown += 1;
        if self.count_only {
            return Ok(());
        }
        if self.json {
            write!(self.out, "{}\n    ", if self.shown > 1 { "," } else { "" })?;
            return Ok(serde_json::to_writer(&mut self.out, &Shape::from(detail))?);
        }
        let ConnDetail { entry, method, in_packets, .. } = detail;
        let seconds = entry.expires_in_ms / 1000;
        writeln!(
            self.out,
            "{:<5}{:<12}{:<22}{:<22}{:<22}{:<8}{:>8}  {:>9}",
            protocol_name(entry.protocol),
            entry.state,
            entry.client.to_string(),
            entry.virt.to_string(),
            entry.real.to_string(),
            method,
            format!("{:02}:{:02}", seconds / 60, seconds % 60),
            in_packets,
        )
    }

    fn end(&mut self) -> io::Result<()> {
        match (self.count_only, self.json) {
            (true, true) => writeln!(self.out, "{{ \"version\": 1, \"count\": {} }}", self.shown)?,
            (true, false) => writeln!(self.out, "{}", self.shown)?,
            (false, true) => writeln!(self.out, "\n  ]\n}}")?,
            (false, false) => {}
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::document;
    use lvs::director::{ConnEntry, EngineData};
    use lvs::service::Endpoint;

    fn detail() -> ConnDetail {
        let end = |last, port| Endpoint::new([10, 0, 0, last].into(), port);
        ConnDetail {
            entry: ConnEntry {
                protocol: 6,
                state: "ESTABLISHED".to_owned(),
                expires_in_ms: 61_999,
                client: end(9, 40_000),
                virt: end(1, 80),
                real: end(2, 8080),
                local: None,
                from_sync: false,
                engine: Some(EngineData { name: "sip".to_owned(), data: b"call".to_vec() }),
            },
            method: "Masq".to_owned(),
            in_packets: 3,
            is_template: false,
        }
    }

    fn listed(json: bool, count_only: bool, details: usize) -> String {
        let mut text = Vec::new();
        let mut list = List { out: BufWriter::new(&mut text), json, count_only, shown: 0 };
        list.begin().unwrap();
        (0..details).for_each(|_| list.show(detail()).unwrap());
        list.end().unwrap();
        drop(list);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn the_document_shows_this_shape() {
        document::assert_shape("connections", &listed(true, false, 1));
    }

    #[test]
    fn lists_of_any_length_are_whole() {
        for details in [0, 1, 3] {
            let value: serde_json::Value = serde_json::from_str(&listed(true, false, details)).unwrap();
            assert_eq!(value["connections"].as_array().map(Vec::len), Some(details));
            assert_eq!(listed(false, true, details), format!("{details}\n"));
        }
        assert_eq!(
            listed(false, false, 1).lines().last().unwrap(),
            "TCP  ESTABLISHED 10.0.0.9:40000        10.0.0.1:80           10.0.0.2:8080         Masq       01:01          3"
        );
    }
}
