//! The NAT table of `iptables-legacy`, which nfnetlink knows nothing of: asked for by the socket options of `ip_tables`, and only
//! where it is there already, as asking would make it.

use std::fs;
use std::io;

use lvs_sys::socket_option::read;
use socket2::{Domain, Protocol, Socket, Type};

use lvs::service::Family;

/// `IPT_SO_GET_INFO` and `IPT_SO_GET_ENTRIES`; IPv6 has the same numbers.
const GET_INFO: libc::c_int = 64;
const GET_ENTRIES: libc::c_int = 65;

/// A table's name, and where `ipt_getinfo` and `ipt_get_entries` have the size of all entries.
const NAME: &[u8] = b"nat\0";
const NAME_LEN: usize = 32;
const INFO_LEN: usize = 84;
const SIZE_IN_INFO: usize = 80;
const ENTRIES_AT: usize = 40;

/// How many rules change the source of packets.
pub(super) fn masquerades(family: Family) -> io::Result<usize> {
    let (names, level, domain) = match family {
        Family::V4 => ("/proc/net/ip_tables_names", libc::IPPROTO_IP, Domain::IPV4),
        Family::V6 => ("/proc/net/ip6_tables_names", libc::IPPROTO_IPV6, Domain::IPV6),
    };
    let names = fs::read_to_string(names).unwrap_or_default();
    if !names.lines().any(|name| name == "nat") {
        return Ok(0);
    }
    let socket = Socket::new(domain, Type::RAW, Some(Protocol::from(libc::IPPROTO_RAW)))?;
    let mut info = vec![0; INFO_LEN];
    info[..NAME.len()].copy_from_slice(NAME);
    read(&socket, level, GET_INFO, &mut info)?;
    let size: [u8; 4] = info[SIZE_IN_INFO..].try_into().unwrap_or_default();
    let mut entries = vec![0; ENTRIES_AT + u32::from_ne_bytes(size) as usize];
    entries[..NAME.len()].copy_from_slice(NAME);
    entries[NAME_LEN..NAME_LEN + 4].copy_from_slice(&size);
    read(&socket, level, GET_ENTRIES, &mut entries)?;
    Ok(count(&entries))
}

/// A target has its name in the clear.
fn count(entries: &[u8]) -> usize {
    let of = |name: &[u8]| entries.windows(name.len()).filter(|window| *window == name).count();
    of(b"\0MASQUERADE\0") + of(b"\0SNAT\0")
}
