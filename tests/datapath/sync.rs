//! Synchronisation: what a master sends in words of its own reading, and messages for a backup.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use lvs::director::{DaemonRole, DaemonSpec, Query, Reply};
use serde_json::{Value, json};

use super::case::Event;
use super::network::Network;

/// How long the sender of messages waits after each row of them.
const SETTLE_SECS: f64 = 1.0;

/// The address of the servers' link that its interface makes from its link address.
const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0x00dd, 0x00ff, 0xfe00, 2);

/// How often the daemon looks for messages that are due.
const TICK: Duration = Duration::from_millis(250);

impl Network {
    /// What the master sends within the time, as the other end of its link reads it.
    pub(crate) fn sync_read(&mut self, event: &Event) -> Value {
        let mut messages = Vec::new();
        let end = self.now + Duration::from_secs_f64(event.seconds());
        while self.now < end {
            self.pass_time(TICK);
            messages.extend(self.director.take_sync_messages(self.now));
        }
        let mut records: Vec<String> = messages.iter().flat_map(|outgoing| read(&outgoing.message)).collect();
        records.sort();
        let daemon = self.daemon(DaemonRole::Master);
        let mut from: Vec<String> = messages
            .iter()
            .filter_map(|outgoing| {
                let daemon = daemon.as_ref()?;
                let group = daemon.group?;
                let port = daemon.port + outgoing.port as u16;
                // To a group of the link an interface speaks from its address of the link.
                let own = if group.is_ipv6() {
                    LINK_LOCAL.into()
                } else {
                    self.net.server.iter().map(|net| net.addr()).find(IpAddr::is_ipv4)?
                };
                Some(format!("{own} ttl {} to {}", daemon.ttl, join(group, port)))
            })
            .collect();
        from.sort();
        from.dedup();
        json!({ "records": records, "from": from, "hex": "" })
    }

    /// A backup hears these messages.
    pub(crate) fn sync_send(&mut self, event: &Event) -> Value {
        let daemon = self.daemon(DaemonRole::Backup);
        for text in event.list("hex") {
            let digits: Vec<u8> =
                text.bytes().map(|digit| (digit as char).to_digit(16).unwrap() as u8).collect();
            let message: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
            if daemon.is_some() {
                self.director.hear_sync_message(&message, self.now);
            }
        }
        self.commands_changed();
        self.pass_time(Duration::from_secs_f64(
            event.fields.get("seconds").and_then(Value::as_f64).unwrap_or(SETTLE_SECS),
        ));
        json!("ok")
    }

    fn daemon(&self, role: DaemonRole) -> Option<DaemonSpec> {
        match self.director.query(&Query::Daemons, self.now) {
            Ok(Reply::Daemons(daemons)) => daemons.into_iter().find(|daemon| daemon.role == role),
            other => panic!("{other:?}"),
        }
    }
}

/// The records of one message, as text.
fn read(message: &[u8]) -> Vec<String> {
    let len = usize::from(be16(message, 2));
    let size = if len == message.len() { String::new() } else { format!(" SIZE {len} of {}", message.len()) };
    if message[0] != 0 {
        return read_v0(message, &size);
    }
    let heading = format!("v{} syncid {}{size}", message[5], message[1]);
    let mut at = 8;
    let mut out = Vec::new();
    for _ in 0..message[4] {
        let record = &message[at..];
        let (len, wide) = (be16(record, 2), record[0] & 1 == 1);
        let (version, len) = (len >> 12, usize::from(len & 0xfff));
        let width = if wide { 16 } else { 4 };
        let end = |number: usize| {
            let start = 24 + number * width;
            join(addr(&record[start..start + width]), be16(record, 10 + number * 2))
        };
        let rest = &record[24 + 3 * width..len];
        let options = if rest.iter().any(|byte| *byte != 0) {
            format!(" options {}", rest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        } else {
            String::new()
        };
        out.push(format!(
            "{heading} type {} proto {} ver {version} flags 0x{:x} state {} {} {} {} fwmark {} timeout {}{options}",
            record[0],
            record[1],
            be32(record, 4),
            be16(record, 8),
            end(0),
            end(1),
            end(2),
            be32(record, 16),
            be32(record, 20),
        ));
        at += len.next_multiple_of(4);
    }
    out
}

fn read_v0(message: &[u8], size: &str) -> Vec<String> {
    let mut at = 4;
    let mut out = Vec::new();
    for _ in 0..message[0] {
        let record = &message[at..];
        at += 24;
        let end = |number: usize| {
            let start = 8 + number * 4;
            join(addr(&record[start..start + 4]), be16(record, 2 + number * 2))
        };
        let flags = be16(record, 20);
        let options = if flags & 0x600 == 0 {
            String::new()
        } else {
            at += 24;
            format!(
                " options {}",
                record[24..48].iter().map(|byte| format!("{byte:02x}")).collect::<String>()
            )
        };
        out.push(format!(
            "v0 syncid {}{size} proto {} flags 0x{flags:x} state {} {} {} {}{options}",
            message[1],
            record[1],
            be16(record, 22),
            end(0),
            end(1),
            end(2),
        ));
    }
    out
}

fn join(addr: IpAddr, port: u16) -> String {
    std::net::SocketAddr::new(addr, port).to_string()
}

fn addr(bytes: &[u8]) -> IpAddr {
    match <[u8; 4]>::try_from(bytes) {
        Ok(v4) => Ipv4Addr::from(v4).into(),
        Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).unwrap()).into(),
    }
}

fn be16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
