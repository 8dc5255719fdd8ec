//! Connections of which this host sees one direction only are kept from its connection tracking, which would call all but
//! their first packet invalid, as many firewalls drop it. (The kernel's IPVS does the same: `ip_vs_notrack`.)
//!
//! A table of nftables that the socket owns (Linux 5.12): nobody else can change or flush it, and it goes with the socket,
//! so also with a process that is killed. Spoken over nfnetlink, so no program is needed. Called by `kernel`.

use std::io;
use std::net::IpAddr;

use netlink_sys::{Socket, SocketAddr};

use super::change::Untracked;

/// `NETLINK_NETFILTER`.
const NETFILTER: isize = 12;

/// `NFNL_SUBSYS_NFTABLES`, and what begins and ends a transaction.
const NFTABLES: u16 = 10;
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;

/// `nf_tables_msg_types`.
const NEW_TABLE: u16 = 0;
const NEW_CHAIN: u16 = 3;
const NEW_RULE: u16 = 6;
const NEW_SET: u16 = 9;
const NEW_ELEMENT: u16 = 12;
const DELETE_ELEMENT: u16 = 14;

const REQUEST: u16 = 1;
const ACK: u16 = 4;
const CREATE: u16 = 0x400;
const APPEND: u16 = 0x800;

const INET: u8 = 1;
/// In front of connection tracking (`NF_IP_PRI_RAW`).
const RAW: i32 = -300;
const CHAIN: &str = "prerouting";

/// `NLA_F_NESTED`.
const NESTED: u16 = 0x8000;

/// Four sets: by family, and of one port or of all.
const SETS: [(bool, bool); 4] = [(false, true), (false, false), (true, true), (true, false)];

/// The table of one director.
#[derive(Debug)]
pub(super) struct Table {
    socket: Socket,
    name: String,
}

impl Table {
    /// Makes the table, empty.
    ///
    /// # Errors
    /// The kernel has no nftables, or none with owners; or there is a table of that name.
    pub(super) fn open(name: &str) -> io::Result<Self> {
        let mut socket = Socket::new(NETFILTER)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        socket.set_non_blocking(true)?;
        let table = Self { socket, name: name.to_owned() };
        const OWNER: u32 = 2;
        let mut batch = Batch::new();
        batch.message(NEW_TABLE, CREATE, |a| a.text(1, name).number(2, OWNER));
        batch.message(NEW_CHAIN, CREATE, |a| {
            let hook = |a: Attributes| a.number(1, 0).number(2, RAW.cast_unsigned());
            a.text(1, name).text(3, CHAIN).nested(4, hook).text(7, "filter")
        });
        for (number, (is_v6, has_port)) in (1..).zip(SETS) {
            let set = set(is_v6, has_port);
            batch.message(NEW_SET, CREATE, |a| {
                let (kind, len) = key_type(is_v6, has_port);
                a.text(1, name).text(2, set).number(3, 0).number(4, kind).number(5, len).number(10, number)
            });
            batch.message(NEW_RULE, CREATE | APPEND, |a| {
                a.text(1, name).text(2, CHAIN).nested(4, |a| expressions(a, is_v6, has_port))
            });
        }
        table.carry_out(batch)?;
        Ok(table)
    }

    /// Keeps a service from being tracked, or no more.
    ///
    /// # Errors
    /// The kernel refuses.
    pub(super) fn set(&self, service: &Untracked, is_untracked: bool) -> io::Result<()> {
        let mut batch = Batch::new();
        let (kind, flags) = if is_untracked { (NEW_ELEMENT, CREATE) } else { (DELETE_ELEMENT, 0) };
        let key = key(service);
        batch.message(kind, flags, |a| {
            let element = |a: Attributes| a.nested(1, |a| a.nested(1, |a| a.bytes(1, &key)));
            a.text(1, &self.name).text(2, set(service.addr.is_ipv6(), service.port != 0)).nested(3, element)
        });
        self.carry_out(batch)
    }

    /// The kernel answers while it is asked.
    fn carry_out(&self, batch: Batch) -> io::Result<()> {
        self.socket.send(&batch.end(), 0)?;
        let mut is_done = false;
        loop {
            let mut answer = Vec::with_capacity(8192);
            match self.socket.recv(&mut answer, 0) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            for code in error_codes(&answer) {
                if code != 0 {
                    return Err(io::Error::from_raw_os_error(-code));
                }
                is_done = true;
            }
        }
        if is_done { Ok(()) } else { Err(io::Error::from(io::ErrorKind::TimedOut)) }
    }
}

/// The codes of all `NLMSG_ERROR` in an answer; 0 is an acknowledgement.
fn error_codes(answer: &[u8]) -> Vec<i32> {
    const ERROR: u16 = 2;
    let mut codes = Vec::new();
    let mut rest = answer;
    while let (Some(len), Some(kind)) = (number(rest, 0), rest.get(4..6)) {
        let len = usize::try_from(len).unwrap_or(usize::MAX).max(16);
        if kind == ERROR.to_ne_bytes()
            && let Some(code) = number(rest, 16)
        {
            codes.push(code.cast_signed());
        }
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    codes
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

const fn set(is_v6: bool, has_port: bool) -> &'static str {
    match (is_v6, has_port) {
        (false, true) => "services4",
        (false, false) => "addresses4",
        (true, true) => "services6",
        (true, false) => "addresses6",
    }
}

/// What nft calls the key (`ipv4_addr . inet_proto . inet_service`), six bits a part, and its length.
const fn key_type(is_v6: bool, has_port: bool) -> (u32, u32) {
    const INET_PROTO: u32 = 12;
    const INET_SERVICE: u32 = 13;
    let (addr, len) = if is_v6 { (8, 16) } else { (7, 4) };
    let kind = (addr << 6) | INET_PROTO;
    if has_port { ((kind << 6) | INET_SERVICE, len + 8) } else { (kind, len + 4) }
}

/// Address, protocol and port, each filled up to four bytes.
fn key(service: &Untracked) -> Vec<u8> {
    let mut key = match service.addr {
        IpAddr::V4(addr) => addr.octets().to_vec(),
        IpAddr::V6(addr) => addr.octets().to_vec(),
    };
    key.extend([service.protocol, 0, 0, 0]);
    if service.port != 0 {
        let [high, low] = service.port.to_be_bytes();
        key.extend([high, low, 0, 0]);
    }
    key
}

/// `ip daddr . meta l4proto . th dport @services4 notrack`, in registers of four bytes.
fn expressions(list: Attributes, is_v6: bool, has_port: bool) -> Attributes {
    const NETWORK: u32 = 1;
    const TRANSPORT: u32 = 2;
    /// `NFT_REG_1`, and the first of the small ones that lie over it.
    const WHOLE: u32 = 1;
    const FIRST: u32 = 8;
    const NFPROTO: u32 = 15;
    const L4PROTO: u32 = 16;
    let expression = |list: Attributes, name: &str, data: &dyn Fn(Attributes) -> Attributes| {
        list.nested(1, |a| a.text(1, name).nested(2, data))
    };
    let (family, offset, len) = if is_v6 { (10, 24, 16) } else { (2, 16, 4) };
    let behind = FIRST + len / 4;
    let list = expression(list, "meta", &|a| a.number(2, NFPROTO).number(1, WHOLE));
    let list =
        expression(list, "cmp", &|a| a.number(1, WHOLE).number(2, 0).nested(3, |a| a.bytes(1, &[family])));
    let list = expression(list, "payload", &|a| {
        a.number(1, FIRST).number(2, NETWORK).number(3, offset).number(4, len)
    });
    let mut list = expression(list, "meta", &|a| a.number(2, L4PROTO).number(1, behind));
    if has_port {
        list = expression(list, "payload", &|a| {
            a.number(1, behind + 1).number(2, TRANSPORT).number(3, 2).number(4, 2)
        });
    }
    let list = expression(list, "lookup", &|a| a.text(1, set(is_v6, has_port)).number(2, FIRST));
    expression(list, "notrack", &|a| a)
}

/// Attributes of netlink, one after the other.
#[derive(Default)]
struct Attributes(Vec<u8>);

impl Attributes {
    fn bytes(mut self, kind: u16, value: &[u8]) -> Self {
        let len = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        self.0.extend(len.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    fn text(self, kind: u16, value: &str) -> Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.bytes(kind, &bytes)
    }

    /// In network order, as nftables wants all its numbers.
    fn number(self, kind: u16, value: u32) -> Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    fn nested(self, kind: u16, fill: impl FnOnce(Self) -> Self) -> Self {
        let inner = fill(Self::default());
        self.bytes(kind | NESTED, &inner.0)
    }
}

/// Messages that are carried out together or not at all.
struct Batch {
    bytes: Vec<u8>,
    messages: u32,
}

impl Batch {
    fn new() -> Self {
        let mut batch = Self { bytes: Vec::new(), messages: 0 };
        batch.push(BATCH_BEGIN, REQUEST, 0, NFTABLES, &[]);
        batch
    }

    fn message(&mut self, kind: u16, flags: u16, fill: impl FnOnce(Attributes) -> Attributes) {
        let attributes = fill(Attributes::default());
        self.push((NFTABLES << 8) | kind, REQUEST | ACK | flags, INET, 0, &attributes.0);
    }

    fn end(mut self) -> Vec<u8> {
        self.push(BATCH_END, REQUEST, 0, NFTABLES, &[]);
        self.bytes
    }

    fn push(&mut self, kind: u16, flags: u16, family: u8, resource: u16, attributes: &[u8]) {
        let len = u32::try_from(20 + attributes.len()).unwrap_or(u32::MAX);
        self.messages += 1;
        self.bytes.extend(len.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend(flags.to_ne_bytes());
        self.bytes.extend(self.messages.to_ne_bytes());
        self.bytes.extend([0; 4]);
        self.bytes.extend([family, 0]);
        self.bytes.extend(resource.to_be_bytes());
        self.bytes.extend(attributes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_the_rules_compare() {
        let service = |addr: &str, port| Untracked {
            table: "tunvs".to_owned(),
            addr: addr.parse().unwrap(),
            protocol: 6,
            port,
        };
        assert_eq!(key(&service("192.168.1.183", 80)), [192, 168, 1, 183, 6, 0, 0, 0, 0, 80, 0, 0]);
        assert_eq!(key(&service("192.168.1.183", 0)), [192, 168, 1, 183, 6, 0, 0, 0]);
        for (is_v6, has_port) in SETS {
            let one = service(if is_v6 { "fd00::1" } else { "10.0.0.1" }, u16::from(has_port) * 80);
            assert_eq!(key(&one).len(), usize::try_from(key_type(is_v6, has_port).1).unwrap());
        }
        // As nft prints the type of such a set: 7 << 12 | 12 << 6 | 13.
        assert_eq!(key_type(false, true).0, 29_453);
    }

    #[test]
    fn messages_are_whole_and_answers_are_read() {
        let mut batch = Batch::new();
        batch.message(NEW_TABLE, CREATE, |a| a.text(1, "tunvs").number(2, 2));
        let bytes = batch.end();
        assert_eq!(bytes.len(), 20 + (20 + 12 + 8) + 20);
        assert_eq!(&bytes[20..28], [40, 0, 0, 0, 0, 10, 5, 4]);
        assert_eq!(&bytes[40..52], [10, 0, 1, 0, b't', b'u', b'n', b'v', b's', 0, 0, 0]);
        assert_eq!(&bytes[52..60], [8, 0, 2, 0, 0, 0, 0, 2]);
        let mut answer = vec![36, 0, 0, 0, 2, 0];
        answer.resize(16, 0);
        answer.extend((-17_i32).to_ne_bytes());
        answer.resize(36, 0);
        let twice = [answer.clone(), answer].concat();
        assert_eq!(error_codes(&twice), [-17, -17]);
        assert!(error_codes(&twice[..10]).is_empty());
    }
}
