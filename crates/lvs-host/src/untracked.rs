//! Connections of which this host sees one direction only are kept from its connection tracking, which would call all but
//! their first packet invalid, as many firewalls drop it. (The kernel's IPVS does the same: `ip_vs_notrack`.)
//!
//! A table of nftables that the socket owns (Linux 5.12): nobody else can change or flush it, and it goes with the socket,
//! so also with a process that is killed. Spoken over nfnetlink, so no program is needed. Called by `kernel`.

use std::io;
use std::net::IpAddr;

use netlink_sys::Socket;

use super::change::Untracked;
use super::nf_tables::{
    LIST_ELEMENT, chain, cmp, data, elements, expression, fib, hook, lookup, message, meta, payload,
    register, rule, set, table,
};
use super::nfnetlink::{APPEND, Attributes, Batch, CREATE, carry_out, connect};

/// A chain at a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct BaseChain {
    name: &'static str,
    hook: u32,
}

/// Packets that come in.
const CAME: BaseChain = BaseChain { name: "prerouting", hook: hook::PREROUTING };

/// Packets that the director sends by a raw socket.
const SENT: BaseChain = BaseChain { name: "output", hook: hook::OUTPUT };

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
        let this = Self { socket: connect()?, name: name.to_owned() };
        let mut batch = Batch::new();
        batch.message(message::NEW_TABLE, CREATE, |a| {
            a.text(table::NAME, name).number(table::FLAGS, table::OWNER)
        });
        for (number, (is_v6, has_port)) in (1..).zip(SETS) {
            batch.message(message::NEW_SET, CREATE, |a| {
                let (kind, len) = key_type(is_v6, has_port);
                let a = a.text(set::TABLE, name).text(set::NAME, set_name(is_v6, has_port));
                let a = a.number(set::FLAGS, 0).number(set::KEY_TYPE, kind).number(set::KEY_LEN, len);
                a.number(set::ID, number)
            });
        }
        this.chain(&mut batch, CAME);
        carry_out(&this.socket, batch)?;
        let mut batch = Batch::new();
        this.chain(&mut batch, SENT);
        if let Err(error) = carry_out(&this.socket, batch) {
            tracing::debug!(%error, "packets that wait for a neighbour are tracked: the kernel lacks `fib` for nftables");
        }
        Ok(this)
    }

    fn chain(&self, batch: &mut Batch, base: BaseChain) {
        batch.message(message::NEW_CHAIN, CREATE, |a| {
            let at = |a: Attributes| {
                a.number(hook::NUMBER, base.hook).number(hook::PRIORITY, hook::RAW.cast_unsigned())
            };
            let a = a.text(chain::TABLE, &self.name).text(chain::NAME, base.name);
            a.nested(chain::HOOK, at).text(chain::TYPE, "filter")
        });
        for (is_v6, has_port) in SETS {
            batch.message(message::NEW_RULE, CREATE | APPEND, |a| {
                let a = a.text(rule::TABLE, &self.name).text(rule::CHAIN, base.name);
                a.nested(rule::EXPRESSIONS, |a| expressions(a, is_v6, has_port, base == SENT))
            });
        }
    }

    /// Keeps a service from being tracked, or no more.
    ///
    /// # Errors
    /// The kernel refuses.
    pub(super) fn set(&self, service: &Untracked, is_untracked: bool) -> io::Result<()> {
        let mut batch = Batch::new();
        let (kind, flags) =
            if is_untracked { (message::NEW_ELEMENT, CREATE) } else { (message::DELETE_ELEMENT, 0) };
        let key = key(service);
        batch.message(kind, flags, |a| {
            let element = |a: Attributes| a.nested(elements::KEY, |a| a.bytes(data::VALUE, &key));
            let set = set_name(service.addr.is_ipv6(), service.port != 0);
            let a = a.text(elements::TABLE, &self.name).text(elements::SET, set);
            a.nested(elements::ELEMENTS, |a| a.nested(LIST_ELEMENT, element))
        });
        carry_out(&self.socket, batch)
    }
}

const fn set_name(is_v6: bool, has_port: bool) -> &'static str {
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
    let add = |list: Attributes, name: &str, data: &dyn Fn(Attributes) -> Attributes| {
        list.nested(LIST_ELEMENT, |a| a.text(expression::NAME, name).nested(expression::DATA, data))
    };
    let compare = |list: Attributes, operation: u32, value: &[u8]| {
        add(list, "cmp", &|a| {
            let a = a.number(cmp::REGISTER, register::WHOLE).number(cmp::OPERATION, operation);
            a.nested(cmp::DATA, |a| a.bytes(data::VALUE, value))
        })
    };
    let read = |list: Attributes, into: u32, base: u32, (offset, len): (u32, u32)| {
        add(list, "payload", &|a| {
            let a = a.number(payload::REGISTER, into).number(payload::BASE, base);
            a.number(payload::OFFSET, offset).number(payload::LEN, len)
        })
    };
    let ask = |list: Attributes, key: u32, into: u32| {
        add(list, "meta", &|a| a.number(meta::KEY, key).number(meta::REGISTER, into))
    };
    let (family, offset, len) = if is_v6 { (10, 24, 16) } else { (2, 16, 4) };
    let behind = register::FIRST + len / 4;
    let list = ask(list, meta::NFPROTO, register::WHOLE);
    let mut list = compare(list, cmp::EQUAL, &[family]);
    if is_sent {
        list = add(list, "fib", &|a| {
            let a = a.number(fib::REGISTER, register::WHOLE).number(fib::RESULT, fib::ADDRESS_TYPE);
            a.number(fib::FLAGS, fib::SOURCE)
        });
        list = compare(list, cmp::OTHER, &fib::LOCAL.to_ne_bytes());
    }
    let list = read(list, register::FIRST, payload::NETWORK, (offset, len));
    let mut list = ask(list, meta::L4PROTO, behind);
    if has_port {
        list = read(list, behind + 1, payload::TRANSPORT, (2, 2));
    }
    let list = add(list, "lookup", &|a| {
        a.text(lookup::SET, set_name(is_v6, has_port)).number(lookup::REGISTER, register::FIRST)
    });
    add(list, "notrack", &|a| a)
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
