//! Listings of queueing disciplines and filters of interfaces, by rtnetlink.

use futures::TryStreamExt;
use netlink_packet_route::tc::TcMessage;
use rtnetlink::{Error, Handle};

use super::clsact;
use super::view::View;

/// Adds to a view, which has the interfaces, where filters see packets enter, and our own filters.
///
/// # Errors
/// The kernel lists neither.
pub(super) async fn view(handle: &Handle, view: &mut View) -> Result<(), Error> {
    let mut qdiscs = handle.qdisc().get().execute();
    while let Some(listed) = qdiscs.try_next().await? {
        let link = view.links.iter().find(|link| link.index.cast_signed() == listed.header.index);
        if let Some(link) = link.filter(|_| clsact::sees_entering(&listed)) {
            view.clsact.insert(link.name.clone());
        }
    }
    for link in view.links.iter().filter(|link| view.clsact.contains(&link.name)) {
        let filters = handle.traffic_filter(link.index.cast_signed()).get().ingress().execute();
        let listed: Vec<TcMessage> = filters.try_collect().await?;
        view.filters.extend(listed.iter().filter_map(|listed| clsact::our_filter(listed, &link.name)));
    }
    Ok(())
}

/// Whether an interface has filters, in or out.
///
/// # Errors
/// The kernel lists none.
pub(super) async fn has_any(handle: &Handle, index: u32) -> Result<bool, Error> {
    let index = index.cast_signed();
    let ingress: Vec<TcMessage> =
        handle.traffic_filter(index).get().ingress().execute().try_collect().await?;
    let leaving: Vec<TcMessage> = handle.traffic_filter(index).get().egress().execute().try_collect().await?;
    Ok(!ingress.is_empty() || !leaving.is_empty())
}
