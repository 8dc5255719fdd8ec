//! Connections of which this host sees one direction only are kept from its connection tracking, which would call all but
//! their first packet invalid, as many firewalls drop it. (The kernel's IPVS does the same: `ip_vs_notrack`.)
//!
//! A table of nftables that the socket owns (Linux 5.12): nobody else can change or flush it, and it goes with the socket,
//! so also with a process that is killed. Spoken over nfnetlink, so no program is needed. Called by `kernel`.

use std::io;
use std::net::IpAddr;

use netlink_sys::Socket;

use super::change::Untracked;
use super::nfnetlink::{APPEND, Attributes, Batch, CREATE, carry_out, connect};

/// `nf_tables_msg_types`.
const NEW_TABLE: u16 = 0;
const NEW_CHAIN: u16 = 3;
const NEW_RULE: u16 = 6;
const NEW_SET: u16 = 9;
const NEW_ELEMENT: u16 = 12;
const DELETE_ELEMENT: u16 = 14;

/// In front of connection tracking (`NF_IP_PRI_RAW`).
const RAW: i32 = -300;

/// Chain and hook of packets that come in (`NF_INET_PRE_ROUTING`).
const CAME: (&str, u32) = ("prerouting", 0);

/// Chain and hook of packets that the director sends by a raw socket (`NF_INET_LOCAL_OUT`).
const SENT: (&str, u32) = ("output", 3);

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
        let table = Self { socket: connect()?, name: name.to_owned() };
        const OWNER: u32 = 2;
        let mut batch = Batch::new();
        batch.message(NEW_TABLE, CREATE, |a| a.text(1, name).number(2, OWNER));
        for (number, (is_v6, has_port)) in (1..).zip(SETS) {
            let set = set(is_v6, has_port);
            batch.message(NEW_SET, CREATE, |a| {
                let (kind, len) = key_type(is_v6, has_port);
                a.text(1, name).text(2, set).number(3, 0).number(4, kind).number(5, len).number(10, number)
            });
        }
        table.chain(&mut batch, CAME);
        carry_out(&table.socket, batch)?;
        let mut batch = Batch::new();
        table.chain(&mut batch, SENT);
        if let Err(error) = carry_out(&table.socket, batch) {
            tracing::debug!(%error, "packets that wait for a neighbour are tracked: the kernel lacks `fib` for nftables");
        }
        Ok(table)
    }

    fn chain(&self, batch: &mut Batch, chain: (&str, u32)) {
        let ((chain, hook), name) = (chain, &self.name);
        batch.message(NEW_CHAIN, CREATE, |a| {
            let hook = |a: Attributes| a.number(1, hook).number(2, RAW.cast_unsigned());
            a.text(1, name).text(3, chain).nested(4, hook).text(7, "filter")
        });
        for (is_v6, has_port) in SETS {
            batch.message(NEW_RULE, CREATE | APPEND, |a| {
                let is_sent = chain == SENT.0;
                a.text(1, name).text(2, chain).nested(4, |a| expressions(a, is_v6, has_port, is_sent))
            });
        }
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
        carry_out(&self.socket, batch)
    }
}

const fn set(is_v6: bool, has_port: bool) -> &'static str {
    match (is_v6, has_port) {
        (false, true) => "services4",
        (false, false) => "addresses4",
        (true, true) => "services6",
        (true, false) => "addresses6",
    }
}

/// Type that nft has for the key (`ipv4_addr . inet_proto . inet_service`), six bits a part, and its length.
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

/// `ip daddr . meta l4proto . th dport @services4 notrack`, in registers of four bytes. What is sent here for clients
/// on other hosts only (`fib saddr type != local`): the answers to clients on this host come back to it.
fn expressions(list: Attributes, is_v6: bool, has_port: bool, is_sent: bool) -> Attributes {
    const NETWORK: u32 = 1;
    const TRANSPORT: u32 = 2;
    /// `NFT_REG_1`, and the first of the small ones that lie over it.
    const WHOLE: u32 = 1;
    const FIRST: u32 = 8;
    const NFPROTO: u32 = 15;
    const L4PROTO: u32 = 16;
    /// `nft_cmp_ops`.
    const EQUAL: u32 = 0;
    const OTHER: u32 = 1;
    /// `NFT_FIB_RESULT_ADDRTYPE` of `NFTA_FIB_F_SADDR`, and `RTN_LOCAL`.
    const TYPE: u32 = 3;
    const SOURCE: u32 = 1;
    const LOCAL: u32 = 2;
    let expression = |list: Attributes, name: &str, data: &dyn Fn(Attributes) -> Attributes| {
        list.nested(1, |a| a.text(1, name).nested(2, data))
    };
    let (family, offset, len) = if is_v6 { (10, 24, 16) } else { (2, 16, 4) };
    let behind = FIRST + len / 4;
    let list = expression(list, "meta", &|a| a.number(2, NFPROTO).number(1, WHOLE));
    let mut list = expression(list, "cmp", &|a| {
        a.number(1, WHOLE).number(2, EQUAL).nested(3, |a| a.bytes(1, &[family]))
    });
    if is_sent {
        list = expression(list, "fib", &|a| a.number(1, WHOLE).number(2, TYPE).number(3, SOURCE));
        list = expression(list, "cmp", &|a| {
            a.number(1, WHOLE).number(2, OTHER).nested(3, |a| a.bytes(1, &LOCAL.to_ne_bytes()))
        });
    }
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
}
