//! Texts of `/proc` as data. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use lvs::service::{Protocol, ServiceKey};

/// The first two numbers of a release.
pub fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map_while(|part| part.parse::<u32>().ok());
    Some((numbers.next()?, numbers.next().unwrap_or_default()))
}

/// Whether `/proc/PID/uid_map` is that of the first user namespace.
pub fn is_whole_range(map: &str) -> bool {
    map.split_whitespace().eq(["0", "0", "4294967295"])
}

/// The effective capabilities in `/proc/PID/status`.
pub fn capabilities(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

/// Open files that are allowed, and that can be allowed without privileges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Files {
    pub soft: u64,
    pub hard: u64,
}

/// The limits of open files in `/proc/PID/limits`.
pub fn open_files(limits: &str) -> Option<Files> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let number = |word: &str| if word == "unlimited" { Some(u64::MAX) } else { word.parse().ok() };
    let mut words = line.split_whitespace();
    Some(Files { soft: number(words.next()?)?, hard: number(words.next()?)? })
}

/// How full a table of neighbours is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableUse {
    pub is_v6: bool,
    pub entries: u64,
    /// How often it was full.
    pub fulls: u64,
    pub most: u64,
}

/// `/proc/net/stat/arp_cache` or `ndisc_cache`: a line a processor, numbers in hexadecimal.
pub fn table_use(stat: &str, is_v6: bool, most: u64) -> Option<TableUse> {
    let mut lines = stat.lines();
    let names: Vec<&str> = lines.next()?.split_whitespace().collect();
    let place = |name: &str| names.iter().position(|other| *other == name);
    let (entries, fulls) = (place("entries")?, place("table_fulls"));
    let mut used = TableUse { is_v6, most, ..TableUse::default() };
    for line in lines {
        let numbers: Vec<u64> =
            line.split_whitespace().map_while(|word| u64::from_str_radix(word, 16).ok()).collect();
        // Every line has the number of entries of the whole table, and the processor's own count of the rest.
        used.entries = used.entries.max(*numbers.get(entries)?);
        used.fulls += fulls.and_then(|fulls| numbers.get(fulls)).copied().unwrap_or_default();
    }
    Some(used)
}

/// Local routes in `/proc/net/fib_trie`: a line with the address, then one with its length and kind.
pub fn local_nets(trie: &str) -> Vec<IpNet> {
    let mut addr = None;
    let mut nets = Vec::new();
    for line in trie.lines() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("|--"), Some(text), _) => addr = text.parse().ok(),
            (Some(len), Some("host"), Some("LOCAL")) => {
                let net = |addr| IpNet::new(addr, len.strip_prefix('/')?.parse().ok()?).ok();
                nets.extend(addr.and_then(net));
            }
            _ => {}
        }
    }
    nets.sort_unstable();
    nets.dedup();
    nets
}

/// A service of the kernel's IPVS, and how to name it to ipvsadm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelService {
    pub key: Option<ServiceKey>,
    pub named: String,
}

/// `/proc/net/ip_vs`.
pub fn kernel_services(table: &str) -> Vec<KernelService> {
    let mut found = Vec::new();
    for line in table.lines() {
        let mut words = line.split_whitespace();
        let (Some(kind), Some(place)) = (words.next(), words.next()) else { continue };
        let protocol = match kind {
            "TCP" => Protocol::Tcp,
            "UDP" => Protocol::Udp,
            "SCTP" => Protocol::Sctp,
            "FWM" => {
                let mark = u32::from_str_radix(place, 16).unwrap_or_default();
                found.push(KernelService { key: None, named: format!("-f {mark}") });
                continue;
            }
            _ => continue,
        };
        if let Some((addr, port)) = hex_end(place) {
            let key = ServiceKey::Address { protocol, addr, port };
            found.push(KernelService { key: Some(key), named: key.options() });
        }
    }
    found
}

/// `C0A801B7:0050`, or an IPv6 address in brackets.
fn hex_end(text: &str) -> Option<(IpAddr, u16)> {
    let (addr, port) = text.rsplit_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let addr = match addr.strip_prefix('[').and_then(|addr| addr.strip_suffix(']')) {
        Some(addr) => addr.parse::<Ipv6Addr>().ok()?.into(),
        None => Ipv4Addr::from(u32::from_str_radix(addr, 16).ok()?).into(),
    };
    Some((addr, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_tell_what_they_may_do() {
        let status =
            "Name:\ttunvs\nCapPrm:\t0000000000003400\nCapEff:\t0000000000003400\nCapBnd:\t000001ffffffffff\n";
        assert_eq!(capabilities(status), Some(0x3400));
        assert_eq!(capabilities("Name:\ttunvs\n"), None);
        assert!(is_whole_range("         0          0 4294967295\n"));
        assert!(!is_whole_range("         0       4242          1\n"));
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max processes             15349                15349                processes \n\
                      Max open files            1024                 524288               files     \n";
        assert_eq!(open_files(limits), Some(Files { soft: 1024, hard: 524_288 }));
        let without = Files { soft: u64::MAX, hard: u64::MAX };
        assert_eq!(open_files("Max open files            unlimited  unlimited files"), Some(without));
    }

    #[test]
    fn tables_of_neighbours_are_counted_over_processors() {
        let stat = "entries  allocs   destroys hash_grows lookups  hits     res_failed rcv_probes_mcast rcv_probes_ucast periodic_gc_runs forced_gc_runs unresolved_discards table_fulls\n\
                    00000402 0000d2cd 0000cd71 00000001   0001cf39 0000ad15 00000065   00000000         00000000         00000775         00000000       0000d175            00000003\n\
                    00000402 0000d2cd 0000cd71 00000001   0001cf39 0000ad15 00000065   00000000         00000000         00000775         00000000       0000d175            0000000a\n";
        let used = TableUse { is_v6: false, entries: 1026, fulls: 13, most: 1024 };
        assert_eq!(table_use(stat, false, 1024), Some(used));
        assert_eq!(table_use("", false, 1024), None);
    }

    #[test]
    fn local_routes_are_read_from_the_trie() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\nLocal:\n\
                    \x20          |-- 192.168.1.183\n              /32 host LOCAL\n\
                    \x20       |-- 192.168.1.255\n           /32 link BROADCAST\n\
                    \x20       |-- 10.9.0.0\n           /24 host LOCAL\n";
        let nets: Vec<String> = local_nets(trie).iter().map(ToString::to_string).collect();
        assert_eq!(nets, ["10.9.0.0/24", "192.168.1.183/32"]);
    }

    #[test]
    fn services_of_the_kernel_are_named_as_its_tool_wants() {
        let table = "IP Virtual Server version 1.2.1 (size=4096)\n\
                     Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n\
                     TCP  C0A801B7:0050 rr  \n  -> C0A838B7:0050      Masq    1      0          0         \n\
                     UDP  [fd00:0001:0000:0000:0000:0000:0000:0183]:0035 wrr\nFWM  00000007 rr\n";
        let named: Vec<String> = kernel_services(table).into_iter().map(|service| service.named).collect();
        assert_eq!(named, ["-t 192.168.1.183:80", "-u [fd00:1::183]:53", "-f 7"]);
    }
}
