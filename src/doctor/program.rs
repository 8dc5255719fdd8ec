//! Needs of the program itself: the TUN driver, capabilities, sockets, files, memory. Pure.

use super::Finding;
use super::site::{Site, Socket, Tun};
use super::texts;
use super::texts::Files;
use crate::memory::CONN_BYTES;

const NET_BIND_SERVICE: u32 = 10;
const NET_ADMIN: u32 = 12;
const NET_RAW: u32 = 13;

/// Gives the program what it needs.
const SETCAP: &str = "setcap cap_net_admin,cap_net_raw,cap_net_bind_service+ep \"$(command -v tunvs)\"";

/// Descriptors that a director has at least; more with checks and tools.
const FEWEST_FILES: u64 = 256;

/// Open files that are enough where more is wanted.
const ENOUGH_FILES: u64 = 65_536;

pub(super) fn examine(site: &Site, findings: &mut Vec<Finding>) {
    findings.push(tun(&site.tun));
    findings.push(capabilities(site));
    findings.push(packet_socket(site.packet_socket));
    findings.extend(kernel(&site.release));
    findings.extend(files(site));
    findings.extend(memory(site));
}

fn tun(tun: &Tun) -> Finding {
    let why = "packets come into the director by a TUN device";
    match tun {
        Tun::Missing => Finding::fail("tun", "/dev/net/tun does not exist", why)
            .mend("modprobe tun")
            .mend("mkdir -p /dev/net")
            .mend("mknod -m 0666 /dev/net/tun c 10 200"),
        Tun::Denied => {
            Finding::fail("tun", "/dev/net/tun cannot be opened", why).mend("chmod 0666 /dev/net/tun")
        }
        Tun::Failed(error) => {
            Finding::fail("tun", format!("/dev/net/tun: {error}"), why).mend("modprobe tun")
        }
        Tun::There { vnet_hdr: false, .. } => Finding::fail(
            "tun",
            "the driver of /dev/net/tun knows no IFF_VNET_HDR",
            "super-packets and partial checksums come with that header",
        )
        .mend("apt-get install linux-image-amd64"),
        Tun::There { multi_queue: false, .. } => Finding::warn(
            "tun",
            "/dev/net/tun has IFF_VNET_HDR, but no IFF_MULTI_QUEUE",
            "a TUN has one queue and one thread, so `tunvs run --queues` must stay 1",
        )
        .mend("tunvs run --queues 1"),
        Tun::There { .. } => Finding::ok("tun", "/dev/net/tun with IFF_VNET_HDR and IFF_MULTI_QUEUE"),
    }
}

fn capabilities(site: &Site) -> Finding {
    let (held, whose) = match (site.director_capabilities, site.capabilities) {
        (Some(held), _) => (held, "the director has"),
        (None, Some(held)) => (held, "this process has"),
        (None, None) => {
            return Finding::fail(
                "capabilities",
                "/proc does not tell the capabilities",
                "settings of the host are read and set in /proc, and a director does not start without",
            )
            .mend("mount -t proc proc /proc");
        }
    };
    let lacks = |number: u32| held & (1 << number) == 0;
    let why = "devices, rules and routes need CAP_NET_ADMIN; direct routing, tunnels and pings CAP_NET_RAW";
    let missing: Vec<&str> = [(NET_ADMIN, "CAP_NET_ADMIN"), (NET_RAW, "CAP_NET_RAW")]
        .into_iter()
        .filter_map(|(number, name)| lacks(number).then_some(name))
        .collect();
    if !missing.is_empty() {
        let found = format!("{whose} no {}", missing.join(" and no "));
        return Finding::fail("capabilities", found, why).mend(SETCAP);
    }
    if lacks(NET_BIND_SERVICE) {
        return Finding::warn(
            "capabilities",
            format!("{whose} no CAP_NET_BIND_SERVICE"),
            "--metrics cannot have a port below 1024",
        )
        .mend(SETCAP);
    }
    Finding::ok("capabilities", format!("{whose} CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE"))
}

fn packet_socket(socket: Socket) -> Finding {
    let why = "direct routing and tunnels send frames by packet sockets";
    match socket {
        Socket::Works => Finding::ok("packet-socket", "packet sockets can be opened"),
        Socket::Denied => {
            Finding::fail("packet-socket", "packet sockets are not allowed here", why).mend(SETCAP)
        }
        Socket::Missing => {
            Finding::fail("packet-socket", "this kernel has no packet sockets (AF_PACKET)", why)
                .mend("modprobe af_packet")
        }
    }
}

/// Releases that brought something that a director is faster with.
fn kernel(release: &str) -> Option<Finding> {
    let version = texts::version(release)?;
    let text = if version < (6, 2) {
        format!("Linux {release}, without super-packets of UDP (6.2)")
    } else {
        format!("Linux {release}")
    };
    Some(if version < (5, 4) {
        Finding::warn("kernel", text, "kernels before 5.4 are not tried")
            .mend("apt-get install linux-image-amd64")
    } else {
        Finding::ok("kernel", text)
    })
}

fn files(site: &Site) -> Option<Finding> {
    let Files { soft: allowed, hard } = site.files?;
    let checks: usize =
        site.health.iter().flat_map(|service| &service.servers).map(|server| server.checks.len()).sum();
    let wanted = FEWEST_FILES + 2 * checks as u64;
    let text = if allowed == u64::MAX {
        "any number of open files".to_owned()
    } else {
        format!("{allowed} open files allowed")
    };
    if allowed >= wanted {
        return Some(Finding::ok("open-files", text));
    }
    let why = format!("queues, tools, checks and scrapes need about {wanted}");
    let finding = Finding::warn("open-files", text, why);
    // More than the hard limit is root's to allow.
    let (most, both) = if hard >= wanted { (hard.min(ENOUGH_FILES), "") } else { (ENOUGH_FILES, "65536") };
    Some(match &site.status {
        Some(status) => finding.mend(format!("prlimit --pid {} --nofile={most}:{both}", status.director.pid)),
        None => finding.mend(format!("ulimit -n {most}")),
    })
}

fn memory(site: &Site) -> Option<Finding> {
    let memory = site.memory?;
    let (needed, mib) = (site.most_conns.saturating_mul(CONN_BYTES), |bytes: u64| bytes >> 20);
    let room = memory.total / 2 / CONN_BYTES;
    let found = format!(
        "{} MiB, {} MiB of them free; {} connections would take {} MiB",
        mib(memory.total),
        mib(memory.available),
        site.most_conns,
        mib(needed)
    );
    if needed <= memory.total {
        return Some(Finding::ok("memory", found));
    }
    let why =
        format!("a flood would fill the memory before the table: max_conns = {room} would be half of it");
    Some(Finding::warn("memory", found, why).mend("tunvs sysctl drop_entry 1"))
}
