//! Numbers of nftables, by the names that they have in `linux/netfilter/nf_tables.h`. Used by `untracked` and `forwarders`.

pub(super) mod message {
    pub(crate) const NEW_TABLE: u16 = libc::NFT_MSG_NEWTABLE as u16;
    pub(crate) const NEW_CHAIN: u16 = libc::NFT_MSG_NEWCHAIN as u16;
    pub(crate) const GET_CHAIN: u16 = libc::NFT_MSG_GETCHAIN as u16;
    pub(crate) const NEW_RULE: u16 = libc::NFT_MSG_NEWRULE as u16;
    pub(crate) const GET_RULE: u16 = libc::NFT_MSG_GETRULE as u16;
    pub(crate) const NEW_SET: u16 = libc::NFT_MSG_NEWSET as u16;
    pub(crate) const NEW_ELEMENT: u16 = libc::NFT_MSG_NEWSETELEM as u16;
    pub(crate) const DELETE_ELEMENT: u16 = libc::NFT_MSG_DELSETELEM as u16;
}

/// Attributes of tables (`NFTA_TABLE_*`), and the flag of one that goes with its socket.
pub(super) mod table {
    pub(crate) const NAME: u16 = 1;
    pub(crate) const FLAGS: u16 = 2;
    pub(crate) const OWNER: u32 = 2;
}

/// `NFTA_CHAIN_*`.
pub(super) mod chain {
    pub(crate) const TABLE: u16 = 1;
    pub(crate) const NAME: u16 = 3;
    pub(crate) const HOOK: u16 = 4;
    pub(crate) const TYPE: u16 = 7;
}

/// `NFTA_HOOK_*`, and the hooks of IP.
pub(super) mod hook {
    pub(crate) const NUMBER: u16 = 1;
    pub(crate) const PRIORITY: u16 = 2;
    pub(crate) const PREROUTING: u32 = libc::NF_INET_PRE_ROUTING as u32;
    pub(crate) const FORWARD: u32 = libc::NF_INET_FORWARD as u32;
    pub(crate) const OUTPUT: u32 = libc::NF_INET_LOCAL_OUT as u32;
    /// In front of connection tracking.
    pub(crate) const RAW: i32 = libc::NF_IP_PRI_RAW;
}

/// `NFTA_RULE_*`.
pub(super) mod rule {
    pub(crate) const TABLE: u16 = 1;
    pub(crate) const CHAIN: u16 = 2;
    pub(crate) const EXPRESSIONS: u16 = 4;
}

/// `NFTA_SET_*`.
pub(super) mod set {
    pub(crate) const TABLE: u16 = 1;
    pub(crate) const NAME: u16 = 2;
    pub(crate) const FLAGS: u16 = 3;
    pub(crate) const KEY_TYPE: u16 = 4;
    pub(crate) const KEY_LEN: u16 = 5;
    pub(crate) const ID: u16 = 10;
}

/// `NFTA_SET_ELEM_LIST_*`, and of one of them `NFTA_SET_ELEM_KEY`.
pub(super) mod elements {
    pub(crate) const TABLE: u16 = 1;
    pub(crate) const SET: u16 = 2;
    pub(crate) const ELEMENTS: u16 = 3;
    pub(crate) const KEY: u16 = 1;
}

/// One of a list (`NFTA_LIST_ELEM`).
pub(super) const LIST_ELEMENT: u16 = 1;

/// `NFTA_DATA_*`.
pub(super) mod data {
    pub(crate) const VALUE: u16 = 1;
    pub(crate) const VERDICT: u16 = 2;
}

/// `NFTA_VERDICT_*`.
pub(super) mod verdict {
    pub(crate) const CODE: u16 = 1;
    pub(crate) const CHAIN: u16 = 2;
    pub(crate) const ACCEPT: u32 = 1;
}

/// `NFTA_EXPR_*`.
pub(super) mod expression {
    pub(crate) const NAME: u16 = 1;
    pub(crate) const DATA: u16 = 2;
}

/// Registers: the first of sixteen bytes, and the first of four, which lies over it.
pub(super) mod register {
    pub(crate) const WHOLE: u32 = libc::NFT_REG_1 as u32;
    pub(crate) const FIRST: u32 = libc::NFT_REG32_00 as u32;
}

/// `NFTA_META_*`, and keys of it.
pub(super) mod meta {
    pub(crate) const REGISTER: u16 = 1;
    pub(crate) const KEY: u16 = 2;
    pub(crate) const IIFNAME: u32 = libc::NFT_META_IIFNAME as u32;
    pub(crate) const OIFNAME: u32 = libc::NFT_META_OIFNAME as u32;
    pub(crate) const NFPROTO: u32 = libc::NFT_META_NFPROTO as u32;
    pub(crate) const L4PROTO: u32 = libc::NFT_META_L4PROTO as u32;
}

/// `NFTA_CMP_*`, and ways to compare.
pub(super) mod cmp {
    pub(crate) const REGISTER: u16 = 1;
    pub(crate) const OPERATION: u16 = 2;
    pub(crate) const DATA: u16 = 3;
    pub(crate) const EQUAL: u32 = libc::NFT_CMP_EQ as u32;
    pub(crate) const OTHER: u32 = libc::NFT_CMP_NEQ as u32;
}

/// `NFTA_PAYLOAD_*`, and headers that it counts from.
pub(super) mod payload {
    pub(crate) const REGISTER: u16 = 1;
    pub(crate) const BASE: u16 = 2;
    pub(crate) const OFFSET: u16 = 3;
    pub(crate) const LEN: u16 = 4;
    pub(crate) const NETWORK: u32 = libc::NFT_PAYLOAD_NETWORK_HEADER as u32;
    pub(crate) const TRANSPORT: u32 = libc::NFT_PAYLOAD_TRANSPORT_HEADER as u32;
}

/// `NFTA_LOOKUP_*`.
pub(super) mod lookup {
    pub(crate) const SET: u16 = 1;
    pub(crate) const REGISTER: u16 = 2;
}

/// `NFTA_FIB_*`: the type of the source's address.
pub(super) mod fib {
    pub(crate) const REGISTER: u16 = 1;
    pub(crate) const RESULT: u16 = 2;
    pub(crate) const FLAGS: u16 = 3;
    pub(crate) const ADDRESS_TYPE: u32 = 3;
    pub(crate) const SOURCE: u32 = 1;
    /// `RTN_LOCAL`.
    pub(crate) const LOCAL: u32 = libc::RTN_LOCAL as u32;
}

/// `NFTA_IMMEDIATE_DATA`.
pub(super) const IMMEDIATE_DATA: u16 = 2;

/// `NFTA_NAT_TYPE`, and the type that rewrites sources.
pub(super) mod nat {
    pub(crate) const TYPE: u16 = 1;
    pub(crate) const SOURCE: u32 = 0;
}

/// `NFTA_TARGET_NAME`, of an extension of iptables.
pub(super) const TARGET_NAME: u16 = 1;
