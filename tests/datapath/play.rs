//! Plays the events of a case and says what happened, in the words of the recordings.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};

use ipvsadm::Moment;
use lvs::Command;
use lvs::director::Kernel;

use super::case::{Case, Event};
use super::describe;
use super::flow::{Flow, Segment};
use super::listing::Listing;
use super::network::{Checksums, Network, Way};
use super::packet::{self, Header, TCP, UDP, icmp_protocol};
use super::seen::{Link, Seen};

/// How long a replay waits for a packet that does not come.
const WAIT: Duration = Duration::from_millis(600);

pub(crate) struct Player {
    pub(crate) network: Network,
    pub(crate) flows: HashMap<String, Flow>,
}

/// Why a case cannot be played.
pub(crate) type Unplayable = String;

impl Player {
    /// The director as it is after the case's settings and configuration.
    pub(crate) fn new(case: &Case, kernel: Kernel, how: (Checksums, Way)) -> Result<Self, Unplayable> {
        let mut player = Self { network: Network::new(case, kernel, how), flows: HashMap::new() };
        for (name, value) in &case.sysctl {
            player.sysctl(name, value)?;
        }
        let restored = player.ipvsadm("-R", &case.config.join("\n"));
        if restored != "exit 0" {
            return Err(format!("ipvsadm -R: {restored}"));
        }
        Ok(player)
    }

    pub(crate) fn event(&mut self, event: &Event) -> Result<Value, Unplayable> {
        let text = |text: String| Ok(Value::String(text));
        if let Some(at) = event.fields.get("at").and_then(Value::as_f64) {
            self.network.wait_until(Duration::from_secs_f64(at));
        }
        match event.op.as_str() {
            "tcp" => {
                let data = event.number("data").unwrap_or(0) as usize;
                let end = event.text("end").unwrap_or("fin");
                text(self.tcp(event.needed("from"), event.needed("to"), end, event.text("id"), data))
            }
            "udp" => {
                let len = event.number("len").unwrap_or(16) as usize;
                let reply = event.is_set("reply", true);
                text(self.udp(event.needed("from"), event.needed("to"), len, reply, event.text("id")))
            }
            "end" => {
                let id = event.needed("id");
                let mut flow = self.flows.remove(id).ok_or("no such flow")?;
                let result = self.end(&mut flow, event.needed("how"));
                self.flows.insert(id.to_owned(), flow);
                text(result)
            }
            "map" => Ok(self.map(event)),
            "seg" => Ok(self.seg(event)),
            "ping" => text(self.ping(event)),
            "icmp-error" => text(self.icmp_error(event)),
            "frag" => Ok(self.frag(event)),
            "raw" => Ok(self.raw(event)),
            "ipvsadm" => text(self.ipvsadm(event.needed("args"), "")),
            "restore" => text(self.ipvsadm("-R", &event.list("lines").join("\n"))),
            "sysctl" => {
                let settings = event.fields.get("set").and_then(Value::as_object).ok_or("no settings")?;
                for (name, value) in settings {
                    self.sysctl(name, value)?;
                }
                text("ok".to_owned())
            }
            "sleep" => {
                self.network.pass_time(Duration::from_secs_f64(event.seconds()));
                text("ok".to_owned())
            }
            "sync-read" => Ok(self.network.sync_read(event)),
            "sync-send" => Ok(self.network.sync_send(event)),
            "conns" => Ok(json!(self.listing().conns())),
            "services" => Ok(json!(self.listing().services())),
            "stats" => Ok(json!(self.listing().stats())),
            "list" => Ok(json!(self.listing().lines(event.needed("args")))),
            other => Err(format!("{other} cannot be played")),
        }
    }

    fn listing(&self) -> Listing<'_> {
        Listing(Moment { director: &self.network.director, now: self.network.now })
    }

    fn ipvsadm(&mut self, args: &str, input: &str) -> String {
        let (status, _) = self.listing().ipvsadm(args, input);
        self.network.commands_changed();
        format!("exit {status}")
    }

    fn sysctl(&self, name: &str, value: &Value) -> Result<(), Unplayable> {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let command = Command::SetSysctl { name: name.to_owned(), value };
        self.network.director.apply(&command, self.network.now).map_err(|error| error.to_string())
    }

    /// Sends a packet; a wait for packets that do not come takes its time.
    pub(crate) fn transit(&mut self, bytes: &[u8], expected: usize) -> Vec<Seen> {
        let seen = self.network.send(bytes);
        if seen.len() < expected {
            self.network.pass_time(WAIT);
        }
        seen
    }

    fn tcp(&mut self, from: &str, to: &str, end: &str, id: Option<&str>, data: usize) -> String {
        let mut flow = Flow::new(TCP, from, to);
        let result = self.tcp_flow(&mut flow, end, data);
        if let Some(id) = id {
            self.flows.insert(id.to_owned(), flow);
        }
        result
    }

    fn tcp_flow(&mut self, flow: &mut Flow, end: &str, data: usize) -> String {
        let seen = flow.put(self, Link::Client, Segment::new("S", &[]));
        let first = describe::all(&seen, Some(flow), false);
        if !flow.reached_server(&seen) || end == "syn" {
            return first;
        }
        let (from_client, from_server) = (vec![b'q'; data], vec![b'r'; data]);
        let mut steps = vec![
            (Link::Server, Segment::new("SA", &[]), "syn-ack", Some("SA")),
            (Link::Client, Segment::new("A", &[]), "ack", None),
        ];
        if data > 0 {
            steps.push((Link::Client, Segment::new("PA", &from_client), "data", None));
            steps.push((Link::Server, Segment::new("PA", &from_server), "answer", None));
        }
        for (link, segment, name, flags) in steps {
            let seen = flow.put(self, link, segment);
            let arrived = match link {
                Link::Client => flow.reached_server(&seen),
                Link::Server => flow.reached_client(&seen, flags),
            };
            if !arrived {
                return format!("{first}, {name}: {}", describe::all(&seen, Some(flow), true));
            }
        }
        match self.end(flow, end).as_str() {
            "ok" => first,
            wrong => format!("{first}, {wrong}"),
        }
    }

    fn end(&mut self, flow: &mut Flow, how: &str) -> String {
        use Link::{Client, Server};
        let steps: &[(Link, &str)] = match how {
            "open" => &[],
            "fin" => &[(Client, "FA"), (Server, "FA"), (Client, "A")],
            "fin-server" => &[(Server, "FA"), (Client, "FA"), (Server, "A")],
            "rst" => &[(Client, "R")],
            "rst-server" => &[(Server, "R")],
            "half-client" => &[(Client, "FA")],
            "half-server" => &[(Server, "FA")],
            other => panic!("no such end: {other}"),
        };
        for (link, flags) in steps {
            let seen = flow.put(self, *link, Segment::new(flags, &[]));
            let (arrived, name) = match link {
                Client => (flow.reached_server(&seen), "client"),
                Server => (flow.reached_client(&seen, Some(flags)), "server"),
            };
            if !arrived {
                return format!("{flags} from {name}: {}", describe::all(&seen, Some(flow), true));
            }
        }
        "ok".to_owned()
    }

    fn udp(&mut self, from: &str, to: &str, len: usize, reply: bool, id: Option<&str>) -> String {
        let mut flow = Flow::new(UDP, from, to);
        let result = self.udp_flow(&mut flow, len, reply);
        if let Some(id) = id {
            self.flows.insert(id.to_owned(), flow);
        }
        result
    }

    fn udp_flow(&mut self, flow: &mut Flow, len: usize, reply: bool) -> String {
        let data: Vec<u8> = (0..len).map(|at| at as u8).collect();
        let seen = flow.put(self, Link::Client, Segment::new("", &data));
        let first = describe::all(&seen, Some(flow), false);
        if !flow.reached_server(&seen) || !reply {
            return first;
        }
        let data: Vec<u8> = (0..len).map(|at| 255 - at as u8).collect();
        let seen = flow.put(self, Link::Server, Segment::new("", &data));
        if flow.reached_client(&seen, None) {
            first
        } else {
            format!("{first}, answer: {}", describe::all(&seen, Some(flow), false))
        }
    }

    fn map(&mut self, event: &Event) -> Value {
        let is_tcp = event.needed("proto") == "tcp";
        let end = event.text("end").unwrap_or("rst");
        let data = event.number("data").unwrap_or(0) as usize;
        let pairs: Vec<(&str, &str)> = match (event.text("from"), event.text("to")) {
            (Some(from), _) => event.list("to").into_iter().map(|to| (from, to)).collect(),
            (_, Some(to)) => event.list("from").into_iter().map(|from| (from, to)).collect(),
            _ => panic!("map needs one end"),
        };
        let one = |(from, to)| {
            if is_tcp {
                self.tcp(from, to, end, None, data)
            } else {
                self.udp(from, to, 16, event.is_set("reply", false), None)
            }
        };
        json!(pairs.into_iter().map(one).collect::<Vec<String>>())
    }

    fn seg(&mut self, event: &Event) -> Value {
        let id = event.needed("id");
        if let (Some(from), Some(to)) = (event.text("from"), event.text("to")) {
            let protocol = if event.text("proto") == Some("udp") { UDP } else { TCP };
            let mut flow = Flow::new(protocol, from, to);
            flow.server = event.text("rs").map(super::flow::endpoint);
            self.flows.insert(id.to_owned(), flow);
        }
        let mut flow = self.flows.remove(id).unwrap_or_else(|| panic!("no flow {id}"));
        let link = side(event, "client");
        let result = if link == Link::Server && !flow.method.is_empty() {
            "direct".to_owned()
        } else if link == Link::Server && flow.server.is_none() {
            "no real server yet".to_owned()
        } else {
            let data = vec![b'd'; event.number("len").unwrap_or(0) as usize];
            let header = Header {
                dont_fragment: event.is_set("df", true),
                ttl: event.number("ttl").unwrap_or(64) as u8,
                ..Header::default()
            };
            let expected = event.number("expect").unwrap_or(1) as usize;
            let flags = event.text("flags").unwrap_or_default();
            let seen = flow.put(self, link, Segment { flags, data: &data, header, expected });
            describe::all(&seen, Some(&flow), true)
        };
        let is_direct = matches!(result.as_str(), "direct" | "no real server yet");
        self.flows.insert(id.to_owned(), flow);
        if !event.is_set("watch", false) || is_direct {
            return Value::String(result);
        }
        let listing = self.listing();
        json!({ "out": result, "conns": listing.conns(), "active+inact": listing.counts() })
    }

    fn ping(&mut self, event: &Event) -> String {
        let (src, dst) = (event.needed("from").parse().unwrap(), event.needed("to").parse().unwrap());
        let number = |name, default| event.number(name).unwrap_or(default) as u32;
        let (rest, data) =
            (number("ident", 77) << 16 | number("seq", 1), vec![b'p'; number("len", 32) as usize]);
        let protocol = icmp_protocol(src);
        let (request, answer) = if src.is_ipv4() { ((8, 0), (0, 0)) } else { ((128, 0), (129, 0)) };
        let message = packet::icmp(src, dst, request, rest, &data);
        let seen = self.transit(&packet::ip(src, dst, protocol, &message, Header::default()), 1);
        match seen.as_slice() {
            [one]
                if one.link == Link::Client
                    && one.icmp == Some(answer)
                    && one.payload == data
                    && one.bad.is_empty() =>
            {
                format!("answer from {}", one.src)
            }
            _ => describe::all(&seen, None, false),
        }
    }

    fn icmp_error(&mut self, event: &Event) -> String {
        let flow = &self.flows[event.needed("id")];
        let link = side(event, "server");
        let (about, own) = match link {
            Link::Client => (&flow.last_at_client, Some(flow.client.0)),
            Link::Server => (&flow.last_at_server, flow.server.map(|server| server.0)),
        };
        let Some(about) = about else { return "nothing to complain about".to_owned() };
        let src = event.text("src").map(|src| src.parse().unwrap()).or(own).unwrap();
        let (dst, quote) = (about.src, event.number("quote").unwrap_or(500) as usize);
        let quote = &about.bytes[..about.bytes.len().min(quote)];
        let number = |name| event.number(name).unwrap_or(0) as u32;
        let kind = (number("type") as u8, number("code") as u8);
        let message = packet::icmp(src, dst, kind, number("rest"), quote);
        let bytes = packet::ip(src, dst, icmp_protocol(src), &message, Header::default());
        describe::all(&self.transit(&bytes, 1), None, false)
    }

    fn raw(&mut self, event: &Event) -> Value {
        let bytes = unhex(event.needed("l3"));
        let expected = event.number("expect").unwrap_or(1) as usize;
        // Byte for byte means with the checksum as it was recorded, also where an error quotes it.
        let checksums = std::mem::replace(&mut self.network.checksums, Checksums::Sender);
        let seen = self.transit(&bytes, expected);
        self.network.checksums = checksums;
        let any: Vec<(usize, usize)> = event
            .fields
            .get("any")
            .and_then(|any| serde_json::from_value(any.clone()).ok())
            .unwrap_or_default();
        json!(seen.iter().map(|seen| describe::raw(seen, &any)).collect::<Vec<Value>>())
    }
}

fn side(event: &Event, default: &str) -> Link {
    if event.text("side").unwrap_or(default) == "client" { Link::Client } else { Link::Server }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
