//! The director's own options.

use std::fmt::Display;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::nets::masquerade_net;
use crate::ports::port_range;
use crate::queues::Queues;
use crate::tables::table;
use lvs::director::Kernel;
use lvs::service::SynDefence;

/// Options of the director; None where the file is silent. They hold until the director ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "struct Director")]
pub struct DirectorOptions {
    pub socket: Option<PathBuf>,
    pub vip_nets: Vec<IpNet>,
    pub rs_nets: Vec<IpNet>,
    pub laddr_nets: Vec<IpNet>,
    #[serde(deserialize_with = "masquerade_nets")]
    pub masquerade_nets: Vec<IpNet>,
    #[serde(deserialize_with = "laddr_ports")]
    pub laddr_ports: Option<RangeInclusive<u16>>,
    pub hairpin: Option<bool>,
    pub mss_clamp: Option<bool>,
    pub syn_defence: Option<SynDefence>,
    #[serde(deserialize_with = "syn_rate")]
    pub syn_rate: Option<u32>,
    pub claim_vips: Option<bool>,
    pub tun_prefix: Option<String>,
    pub queues: Option<Queues>,
    pub offload: Option<bool>,
    pub tunnel_offload: Option<bool>,
    pub fast_path: Option<bool>,
    #[serde(deserialize_with = "fast_path_conns")]
    pub fast_path_conns: Option<u32>,
    pub fast_path_hook: Option<FastPathHook>,
    pub sandbox: Option<bool>,
    #[serde(deserialize_with = "conn_table_size")]
    pub conn_table_size: Option<u32>,
    #[serde(deserialize_with = "max_conns")]
    pub max_conns: Option<usize>,
    #[serde(deserialize_with = "ftp_ports")]
    pub ftp_ports: Option<[u16; 8]>,
    pub proc_dir: Option<PathBuf>,
    /// SCTP services are in the files of `proc_dir`.
    pub proc_sctp: Option<bool>,
    #[serde(deserialize_with = "kernel")]
    pub kernel: Option<Kernel>,
    #[serde(deserialize_with = "drop_alarm")]
    pub drop_alarm: Option<u64>,
    pub sync_channel: Option<bool>,
    pub sync_peers: Vec<IpNet>,
    pub sync_secret: Option<PathBuf>,
    pub announce: Option<bool>,
    #[serde(deserialize_with = "announce_table")]
    pub announce_table: Option<u32>,
    pub track_file: Option<PathBuf>,
    pub log: Option<String>,
    pub log_format: Option<LogFormat>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// Place of the fast path's program at the entrance of links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FastPathHook {
    /// TCX, or clsact where the kernel has none.
    #[default]
    Auto,
    Tcx,
    Clsact,
}

/// Reads a value and what it means.
fn parsed<'de, D, T, U, E>(
    deserializer: D,
    parse: impl FnOnce(T) -> Result<U, E>,
) -> Result<Option<U>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
    E: Display,
{
    parse(T::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

fn masquerade_nets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    // A newtype, and not a transparent one: so the complaint stands at the one subnet.
    #[derive(Deserialize)]
    struct Outer(#[serde(deserialize_with = "net")] Option<IpNet>);
    fn net<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IpNet>, D::Error> {
        parsed(deserializer, |text: String| masquerade_net(&text))
    }
    Ok(Vec::<Outer>::deserialize(deserializer)?.into_iter().filter_map(|Outer(net)| net).collect())
}

fn laddr_ports<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RangeInclusive<u16>>, D::Error> {
    parsed(deserializer, |text: String| port_range(&text))
}

fn announce_table<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    parsed(deserializer, |number: u32| table(number))
}

fn conn_table_size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    parsed(deserializer, |size: u32| {
        if size.is_power_of_two() { Ok(size) } else { Err("conn_table_size must be a power of two") }
    })
}

fn max_conns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    NonZeroUsize::deserialize(deserializer).map(|conns| Some(conns.get()))
}

fn syn_rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    NonZeroU32::deserialize(deserializer).map(|rate| Some(rate.get()))
}

/// More than the kernel could be asked for are of no use.
fn fast_path_conns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    parsed(deserializer, |conns: u32| match conns {
        1..=4_194_304 => Ok(conns),
        _ => Err("fast_path_conns must be 1 to 4194304"),
    })
}

/// As many as the kernel's module takes.
fn ftp_ports<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<[u16; 8]>, D::Error> {
    parsed(deserializer, |given: Vec<u16>| {
        let mut ports = [0; 8];
        if given.len() > ports.len() || given.contains(&0) {
            return Err("ftp_ports must be at most 8 ports, each 1 to 65535");
        }
        ports[..given.len()].copy_from_slice(&given);
        Ok(ports)
    })
}

fn kernel<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Kernel>, D::Error> {
    parsed(deserializer, |name: String| name.parse::<Kernel>())
}

fn drop_alarm<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    NonZeroU64::deserialize(deserializer).map(|drops| Some(drops.get()))
}
