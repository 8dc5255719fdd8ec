//! The queueing discipline clsact and the fast path's filter in it, as rtnetlink messages: for kernels without TCX. Pure
//! translation, no socket.

use std::os::fd::{AsRawFd, OwnedFd};

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::tc::{
    TcAttribute, TcBpfFlags, TcFilterBpfOption, TcHandle, TcHeader, TcMessage, TcOption,
};

use super::change::Filter;

/// Preference of our filter: behind those to which the kernel gives one itself.
pub(super) const FILTER_PREF: u16 = 65_151;

/// Number of our filter among those of its preference.
const HANDLE: TcHandle = TcHandle { major: 0, minor: 1 };
const KIND: &str = "clsact";
const NAME: &str = "tunvs";
/// `ETH_P_ALL`.
const ALL: u16 = 3;

const INGRESS: TcHandle = TcHandle { major: u16::MAX, minor: TcHandle::MIN_INGRESS };

fn qdisc(index: u32) -> TcMessage {
    let handle = TcHandle { major: u16::MAX, minor: 0 };
    let header =
        TcHeader { index: index.cast_signed(), handle, parent: TcHandle::CLSACT, ..TcHeader::default() };
    let mut message = TcMessage::default();
    message.header = header;
    message.attributes.push(TcAttribute::Kind(KIND.to_owned()));
    message
}

pub(super) fn add(index: u32) -> RouteNetlinkMessage {
    RouteNetlinkMessage::NewQueueDiscipline(qdisc(index))
}

pub(super) fn delete(index: u32) -> RouteNetlinkMessage {
    RouteNetlinkMessage::DelQueueDiscipline(qdisc(index))
}

fn filter(index: u32) -> TcMessage {
    let info = u32::from(FILTER_PREF) << 16 | u32::from(ALL.to_be());
    let header =
        TcHeader { index: index.cast_signed(), handle: HANDLE, parent: INGRESS, info, ..TcHeader::default() };
    let mut message = TcMessage::default();
    message.header = header;
    message.attributes.push(TcAttribute::Kind("bpf".to_owned()));
    message
}

pub(super) fn add_filter(index: u32, program: &OwnedFd) -> RouteNetlinkMessage {
    let mut message = filter(index);
    let options = [
        TcFilterBpfOption::ProgFd(program.as_raw_fd().cast_unsigned()),
        TcFilterBpfOption::ProgName(NAME.to_owned()),
        TcFilterBpfOption::Flags(TcBpfFlags::DirectAction),
    ];
    message.attributes.push(TcAttribute::Options(options.into_iter().map(TcOption::Bpf).collect()));
    RouteNetlinkMessage::NewTrafficFilter(message)
}

pub(super) fn delete_filter(index: u32) -> RouteNetlinkMessage {
    RouteNetlinkMessage::DelTrafficFilter(filter(index))
}

/// Whether a listed queueing discipline has filters for packets that enter.
pub(super) fn sees_entering(listed: &TcMessage) -> bool {
    listed
        .attributes
        .iter()
        .any(|attribute| matches!(attribute, TcAttribute::Kind(kind) if kind == KIND || kind == "ingress"))
}

/// Our filter, of a listing of an interface's.
pub(super) fn our_filter(listed: &TcMessage, dev: &str) -> Option<Filter> {
    let is_ours = listed.header.info >> 16 == u32::from(FILTER_PREF) && listed.header.handle == HANDLE;
    let options = listed.attributes.iter().find_map(|attribute| match attribute {
        TcAttribute::Options(options) => Some(options),
        _ => None,
    })?;
    let program = options.iter().find_map(|option| match option {
        TcOption::Bpf(TcFilterBpfOption::ProgId(number)) => Some(*number),
        _ => None,
    })?;
    is_ours.then(|| Filter { dev: dev.to_owned(), program })
}
