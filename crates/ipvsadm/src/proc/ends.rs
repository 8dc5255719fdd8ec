//! Addresses as the kernel's files write them.

use std::net::IpAddr;

/// IPv4 in hexadecimal, IPv6 in all its digits.
pub(super) fn addr_text(addr: IpAddr) -> String {
    match addr {
        IpAddr::V4(addr) => format!("{:08X}", u32::from(addr)),
        IpAddr::V6(addr) => addr.segments().map(|segment| format!("{segment:04x}")).join(":"),
    }
}
