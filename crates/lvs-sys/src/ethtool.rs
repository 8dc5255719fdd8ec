//! Whether a link puts packets together (`ethtool -k`), by the old single requests, which every driver answers.

use std::net::UdpSocket;
use std::os::fd::AsRawFd;

const ETHTOOL_GGRO: u32 = 0x2b;
const ETHTOOL_GFLAGS: u32 = 0x25;
const ETH_FLAG_LRO: u32 = 1 << 15;

const ETHTOOL_GDRVINFO: u32 = 0x03;

/// Generic and large receive offload; None where the link does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiveOffload {
    pub gro: Option<bool>,
    pub lro: Option<bool>,
    /// One end of a pair (veth): super-packets of the other end come whole, there is nothing to put together.
    pub is_pair: bool,
}

/// Asks a link of this network namespace.
pub fn receive_offload(link: &str) -> ReceiveOffload {
    let value = |request| {
        let mut value = Value { request, data: 0 };
        ask(link, &mut value).then_some(value.data)
    };
    let mut driver = Driver { request: ETHTOOL_GDRVINFO, name: [0; 32], rest: [0; 160] };
    let is_known = ask(link, &mut driver);
    ReceiveOffload {
        gro: value(ETHTOOL_GGRO).map(|value| value != 0),
        lro: value(ETHTOOL_GFLAGS).map(|value| value & ETH_FLAG_LRO != 0),
        is_pair: is_known && driver.name.starts_with(b"veth\0"),
    }
}

/// A request whose first member tells the kernel what to fill in.
///
/// # Safety
/// The type is `repr(C)`, its first member is the number of a request, and it is at least as long as what the kernel
/// writes for every number that is put there (`linux/ethtool.h`).
unsafe trait Question {}

/// `struct ethtool_value`
#[repr(C)]
struct Value {
    request: u32,
    data: u32,
}

// SAFETY: used with ETHTOOL_GGRO and ETHTOOL_GFLAGS, which are answered by a `struct ethtool_value`.
unsafe impl Question for Value {}

/// `struct ethtool_drvinfo`
#[repr(C)]
struct Driver {
    request: u32,
    name: [u8; 32],
    rest: [u8; 160],
}

// SAFETY: used with ETHTOOL_GDRVINFO, which is answered by a `struct ethtool_drvinfo` of 196 bytes.
unsafe impl Question for Driver {}

const _: () = assert!(size_of::<Driver>() == 196 && size_of::<Value>() == 8);

fn ask(link: &str, question: &mut impl Question) -> bool {
    let Ok(socket) = UdpSocket::bind("0.0.0.0:0") else { return false };
    let mut ifr_name = [0; libc::IFNAMSIZ];
    if link.len() >= ifr_name.len() {
        return false;
    }
    for (to, from) in ifr_name.iter_mut().zip(link.bytes()) {
        *to = libc::c_char::from_ne_bytes([from]);
    }
    let ifr_ifru = libc::__c_anonymous_ifr_ifru { ifru_data: (&raw mut *question).cast() };
    let mut asked = libc::ifreq { ifr_name, ifr_ifru };
    // SAFETY: the kernel reads one ifreq and fills in the struct that belongs to the request in it, which a `Question`
    // is; both live until the call returns.
    unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL as _, &raw mut asked) == 0 }
}
