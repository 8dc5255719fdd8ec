//! What came out of a link, in the words of the recordings.

use serde_json::{Value, json};

use super::flow::{Flow, join, server_name};
use super::packet::{RST, TCP, UDP, flag_letters};
use super::seen::{Link, Seen};

/// `none`, or each packet. `with_flags` spells out the flags of TCP segments.
pub(crate) fn all(seen: &[Seen], flow: Option<&Flow>, with_flags: bool) -> String {
    if seen.is_empty() {
        return "none".to_owned();
    }
    seen.iter().map(|seen| one(seen, flow, with_flags)).collect::<Vec<_>>().join("; ")
}

fn one(seen: &Seen, flow: Option<&Flow>, with_flags: bool) -> String {
    let mut text = match seen.link {
        Link::Server => at_server(seen, flow, with_flags),
        Link::Client => at_client(seen, flow, with_flags),
    };
    if !seen.bad.is_empty() {
        text += &format!(" BAD {}", seen.bad.join(", "));
    }
    text
}

fn at_server(seen: &Seen, flow: Option<&Flow>, with_flags: bool) -> String {
    let mut text = server_name(seen).0;
    if seen.protocol == TCP && with_flags {
        text += &format!(" {}", flag_letters(seen.flags));
    }
    if let Some((kind, code)) = seen.icmp {
        text = if seen.quoted.is_some() {
            format!("to rs: {} to {}", icmp(seen, None), seen.dst)
        } else {
            format!("{} icmp {kind}/{code}", seen.dst)
        };
    }
    if seen.is_fragment() {
        text = format!("{} fragment", seen.dst);
    }
    if flow.is_some_and(|flow| seen.icmp.is_none() && (seen.src, seen.sport) != flow.client) {
        text += &format!(" from {}", join(seen.src, seen.sport));
    }
    text
}

fn at_client(seen: &Seen, flow: Option<&Flow>, with_flags: bool) -> String {
    let mut text = if seen.icmp.is_some() {
        icmp(seen, flow)
    } else if seen.protocol == TCP {
        let mut text = if seen.flags & RST != 0 && !with_flags {
            "rst".to_owned()
        } else {
            format!("client {}", flag_letters(seen.flags))
        };
        if with_flags || flow.is_none_or(|flow| (seen.src, seen.sport) != flow.virt) {
            text += &format!(" from {}", join(seen.src, seen.sport));
        }
        text
    } else {
        format!("client from {}", join(seen.src, seen.sport))
    };
    if flow.is_some_and(|flow| seen.dst != flow.client.0) {
        text += &format!(" to {}", join(seen.dst, seen.dport));
    }
    text
}

/// `flow`: the one whose client packet is expected in the quotation, which then is not spelled out.
fn icmp(seen: &Seen, flow: Option<&Flow>) -> String {
    let (kind, code) = seen.icmp.unwrap_or_default();
    let mut text = format!("icmp {kind}/{code} from {}", seen.src);
    if matches!((kind, code), (3, 4) | (2, 0)) {
        let mtu = if seen.src.is_ipv4() { seen.icmp_rest & 0xffff } else { seen.icmp_rest };
        text += &format!(" mtu {mtu}");
    }
    let Some(quoted) = &seen.quoted else { return text };
    let ends = ((quoted.src, quoted.sport), (quoted.dst, quoted.dport));
    if flow.is_some_and(|flow| quoted.protocol == flow.protocol && ends == (flow.client, flow.virt)) {
        return text;
    }
    let protocol = match quoted.protocol {
        TCP => "tcp".to_owned(),
        UDP => "udp".to_owned(),
        1 | 58 => "icmp".to_owned(),
        132 => "sctp".to_owned(),
        other => other.to_string(),
    };
    let (src, dst) = (join(quoted.src, quoted.sport), join(quoted.dst, quoted.dport));
    text + &format!(" about {protocol} {src}>{dst}")
}

/// All bytes, except those `any` leaves out (offset and length).
pub(crate) fn raw(seen: &Seen, any: &[(usize, usize)]) -> Value {
    let whole = seen.outer.as_deref().unwrap_or(seen);
    let mut hex: String = whole.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    for (at, len) in any {
        if (at + len) * 2 <= hex.len() {
            hex.replace_range(at * 2..(at + len) * 2, &"x".repeat(len * 2));
        }
    }
    let at = if seen.link == Link::Client { "client" } else { "rs" };
    let mut result = json!({ "at": at, "mac": link_address(whole.next_hop), "l3": hex });
    if whole.protocol == UDP {
        let sum = if whole.body.get(6..8) == Some(&[0, 0]) {
            "none"
        } else if whole.bad.contains(&"UDP checksum") {
            "bad"
        } else {
            "ok"
        };
        result["udp checksum"] = json!(sum);
    }
    if !seen.bad.is_empty() {
        result["bad"] = json!(seen.bad);
    }
    result
}

/// The link address that the recordings give to an IP address.
fn link_address(addr: std::net::IpAddr) -> String {
    let octets = super::packet::octets(addr);
    let mark = if addr.is_ipv4() { 0 } else { 6 };
    let bytes = [&[2, mark], &octets[octets.len() - 4..]].concat();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}
