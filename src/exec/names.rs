//! Numbers of `linux/netlink.h`, `linux/ip_vs.h` and `fcntl.h` that system calls are known by.

use std::ops::RangeInclusive;

/// `AF_NETLINK` and `NETLINK_GENERIC`.
pub(super) const NETLINK: u32 = 16;
pub(super) const GENERIC: u32 = 16;
pub(super) const SOL_NETLINK: u32 = 270;

pub(super) const NETLINK_PKTINFO: u32 = 3;
pub(super) const NETLINK_CAP_ACK: u32 = 10;
pub(super) const NETLINK_EXT_ACK: u32 = 11;

/// `SO_PEEK_OFF` and `SO_PEERGROUPS`, which netlink has not, and the pair has.
pub(super) const PEEK_OFF: i32 = 42;
pub(super) const PEER_GROUPS: i32 = 59;

/// Socket options of IPVS (`IP_VS_BASE_CTL` to `IP_VS_SO_SET_MAX`, and the room behind).
pub(super) const OPTIONS: RangeInclusive<u32> = 1152..=1215;

/// The number that the family `IPVS` has here: far above those that a kernel gives away.
pub(super) const FAMILY: u16 = 1000;
