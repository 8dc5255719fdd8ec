//! The numbers of `linux/ip_vs.h`, `linux/netlink.h` and `linux/genetlink.h`.

/// The family's name, version, and attributes of a command at most.
pub(crate) const FAMILY_NAME: &[u8] = b"IPVS";
pub(crate) const FAMILY_VERSION: u32 = 1;
pub(crate) const VERSION_CODE: u32 = 0x0001_0201;

/// Commands (`IPVS_CMD_*`).
pub(crate) mod cmd {
    pub(crate) const NEW_SERVICE: u8 = 1;
    pub(crate) const SET_SERVICE: u8 = 2;
    pub(crate) const DEL_SERVICE: u8 = 3;
    pub(crate) const GET_SERVICE: u8 = 4;
    pub(crate) const NEW_DEST: u8 = 5;
    pub(crate) const SET_DEST: u8 = 6;
    pub(crate) const DEL_DEST: u8 = 7;
    pub(crate) const GET_DEST: u8 = 8;
    pub(crate) const NEW_DAEMON: u8 = 9;
    pub(crate) const DEL_DAEMON: u8 = 10;
    pub(crate) const GET_DAEMON: u8 = 11;
    pub(crate) const SET_CONFIG: u8 = 12;
    pub(crate) const GET_CONFIG: u8 = 13;
    pub(crate) const SET_INFO: u8 = 14;
    pub(crate) const GET_INFO: u8 = 15;
    pub(crate) const ZERO: u8 = 16;
    pub(crate) const FLUSH: u8 = 17;
}

/// Attributes of a command (`IPVS_CMD_ATTR_*`).
pub(crate) mod attr {
    pub(crate) const SERVICE: u16 = 1;
    pub(crate) const DEST: u16 = 2;
    pub(crate) const DAEMON: u16 = 3;
    pub(crate) const TIMEOUT_TCP: u16 = 4;
    pub(crate) const TIMEOUT_TCP_FIN: u16 = 5;
    pub(crate) const TIMEOUT_UDP: u16 = 6;
    pub(crate) const MAX: usize = 6;
}

/// Attributes of a service (`IPVS_SVC_ATTR_*`).
pub(crate) mod svc {
    pub(crate) const AF: u16 = 1;
    pub(crate) const PROTOCOL: u16 = 2;
    pub(crate) const ADDR: u16 = 3;
    pub(crate) const PORT: u16 = 4;
    pub(crate) const FWMARK: u16 = 5;
    pub(crate) const SCHED_NAME: u16 = 6;
    pub(crate) const FLAGS: u16 = 7;
    pub(crate) const TIMEOUT: u16 = 8;
    pub(crate) const NETMASK: u16 = 9;
    pub(crate) const STATS: u16 = 10;
    pub(crate) const PE_NAME: u16 = 11;
    pub(crate) const STATS64: u16 = 12;
    pub(crate) const MAX: usize = 12;
}

/// Attributes of a server (`IPVS_DEST_ATTR_*`).
pub(crate) mod dest {
    pub(crate) const ADDR: u16 = 1;
    pub(crate) const PORT: u16 = 2;
    pub(crate) const FWD_METHOD: u16 = 3;
    pub(crate) const WEIGHT: u16 = 4;
    pub(crate) const U_THRESH: u16 = 5;
    pub(crate) const L_THRESH: u16 = 6;
    pub(crate) const ACTIVE_CONNS: u16 = 7;
    pub(crate) const INACT_CONNS: u16 = 8;
    pub(crate) const PERSIST_CONNS: u16 = 9;
    pub(crate) const STATS: u16 = 10;
    pub(crate) const ADDR_FAMILY: u16 = 11;
    pub(crate) const STATS64: u16 = 12;
    pub(crate) const TUN_TYPE: u16 = 13;
    pub(crate) const TUN_PORT: u16 = 14;
    pub(crate) const TUN_FLAGS: u16 = 15;
    pub(crate) const MAX: usize = 15;
}

/// Attributes of a sync daemon (`IPVS_DAEMON_ATTR_*`).
pub(crate) mod daemon {
    pub(crate) const STATE: u16 = 1;
    pub(crate) const MCAST_IFN: u16 = 2;
    pub(crate) const SYNC_ID: u16 = 3;
    pub(crate) const SYNC_MAXLEN: u16 = 4;
    pub(crate) const MCAST_GROUP: u16 = 5;
    pub(crate) const MCAST_GROUP6: u16 = 6;
    pub(crate) const MCAST_PORT: u16 = 7;
    pub(crate) const MCAST_TTL: u16 = 8;
    pub(crate) const MAX: usize = 8;
}

/// Attributes of what the module says of itself (`IPVS_INFO_ATTR_*`).
pub(crate) mod info {
    pub(crate) const VERSION: u16 = 1;
    pub(crate) const CONN_TAB_SIZE: u16 = 2;
}

/// Attributes of the controller of families (`CTRL_ATTR_*`), and its commands.
pub(crate) mod ctrl {
    pub(crate) const FAMILY: u16 = 16;
    pub(crate) const VERSION: u8 = 2;
    pub(crate) const NEWFAMILY: u8 = 1;
    pub(crate) const GETFAMILY: u8 = 3;
    pub(crate) const FAMILY_ID: u16 = 1;
    pub(crate) const FAMILY_NAME: u16 = 2;
    pub(crate) const FAMILY_VERSION: u16 = 3;
    pub(crate) const HDRSIZE: u16 = 4;
    pub(crate) const MAXATTR: u16 = 5;
    pub(crate) const OPS: u16 = 6;
    pub(crate) const OP_ID: u16 = 1;
    pub(crate) const OP_FLAGS: u16 = 2;
}

/// Flags of a service (`IP_VS_SVC_F_*`).
pub(crate) mod flag {
    pub(crate) const PERSISTENT: u32 = 1;
    pub(crate) const HASHED: u32 = 2;
    pub(crate) const ONE_PACKET: u32 = 4;
    /// The lowest of three that schedulers give a meaning to.
    pub(crate) const SCHED_SHIFT: u32 = 3;
    pub(crate) const SCHED_MASK: u32 = 7;
}

/// Tunnels, and the checksums of their headers (`IP_VS_CONN_F_TUNNEL_TYPE_*`, `IP_VS_TUNNEL_ENCAP_FLAG_*`).
pub(crate) mod tun {
    pub(crate) const IPIP: u8 = 0;
    pub(crate) const GUE: u8 = 1;
    pub(crate) const GRE: u8 = 2;
    pub(crate) const NO_CSUM: u16 = 0;
    pub(crate) const CSUM: u16 = 1;
    pub(crate) const REM_CSUM: u16 = 2;
}

/// Roles of a sync daemon (`IP_VS_STATE_*`).
pub(crate) mod state {
    pub(crate) const MASTER: u32 = 1;
    pub(crate) const BACKUP: u32 = 2;
}

/// Address families.
pub(crate) mod af {
    pub(crate) const INET: u16 = 2;
    pub(crate) const INET6: u16 = 10;
}

/// Longest names with their end (`IP_VS_SCHEDNAME_MAXLEN` and its like).
pub(crate) const NAME_LEN: usize = 16;

/// Flags of a netlink message (`NLM_F_*`).
pub(crate) mod nlm {
    pub(crate) const REQUEST: u16 = 1;
    pub(crate) const MULTI: u16 = 2;
    pub(crate) const ACK: u16 = 4;
    pub(crate) const ECHO: u16 = 8;
    pub(crate) const DUMP: u16 = 0x300;
    pub(crate) const CAPPED: u16 = 0x100;
    pub(crate) const ACK_TLVS: u16 = 0x200;
}

/// Types of netlink messages below those of families (`NLMSG_*`).
pub(crate) mod nlmsg {
    pub(crate) const ERROR: u16 = 2;
    pub(crate) const DONE: u16 = 3;
    pub(crate) const MIN_TYPE: u16 = 16;
}

/// Attributes of an acknowledgement (`NLMSGERR_ATTR_*`).
pub(crate) mod tlv {
    pub(crate) const MSG: u16 = 1;
    pub(crate) const OFFS: u16 = 2;
    pub(crate) const POLICY: u16 = 4;
}

/// The errors that the kernel answers with (`asm-generic/errno.h`).
pub mod errno {
    pub const EPERM: i32 = 1;
    pub const ENOENT: i32 = 2;
    pub const ESRCH: i32 = 3;
    pub const EFAULT: i32 = 14;
    pub const EBUSY: i32 = 16;
    pub const EEXIST: i32 = 17;
    pub const EINVAL: i32 = 22;
    pub const ENOSPC: i32 = 28;
    pub const ERANGE: i32 = 34;
    pub const ENOPROTOOPT: i32 = 92;
    pub const EOPNOTSUPP: i32 = 95;
    pub const EAFNOSUPPORT: i32 = 97;
}
