//! The kernel's neighbours: all that it knows when asked, and every change afterwards.

use futures::channel::mpsc::UnboundedReceiver;
use futures::{StreamExt, TryStreamExt};
use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage, NeighbourState as Nud,
};
use rtnetlink::sys::SocketAddr;
use rtnetlink::{Handle, MulticastGroup};

use super::error::HostError;
use super::error::netlink_error;
use lvs::neighbour::{LinkAddr, Neighbour, NeighbourState};

#[derive(Debug)]
pub struct NeighbourWatch {
    handle: Handle,
    messages: UnboundedReceiver<(NetlinkMessage<RouteNetlinkMessage>, SocketAddr)>,
}

/// A message about neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Change(Neighbour),
    /// Changes came faster than they were read: to be read anew.
    Missed,
    /// No more messages will come.
    End,
}

impl NeighbourWatch {
    /// Begins to listen; to be called inside a tokio runtime.
    ///
    /// # Errors
    /// The kernel gives no such socket.
    pub fn start() -> Result<Self, HostError> {
        let (connection, handle, messages) = rtnetlink::new_multicast_connection(&[MulticastGroup::Neigh])
            .map_err(|source| HostError::Netlink { doing: "watch the neighbours", source })?;
        tokio::spawn(connection);
        Ok(Self { handle, messages })
    }

    /// All neighbours of this moment.
    ///
    /// # Errors
    /// The neighbours cannot be read.
    pub async fn all(&self) -> Result<Vec<Neighbour>, HostError> {
        listed(&self.handle).await
    }

    /// Waits for a change.
    pub async fn next(&mut self) -> Heard {
        while let Some((message, _)) = self.messages.next().await {
            match &message.payload {
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewNeighbour(message)) => {
                    if let Some(neighbour) = said(message) {
                        return Heard::Change(neighbour);
                    }
                }
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelNeighbour(message)) => {
                    if let Some(neighbour) = said(message) {
                        return Heard::Change(Neighbour { reach: None, ..neighbour });
                    }
                }
                NetlinkPayload::Overrun(_) => return Heard::Missed,
                _ => {}
            }
        }
        Heard::End
    }
}

/// All neighbours that the kernel knows at this moment.
pub(super) async fn listed(handle: &Handle) -> Result<Vec<Neighbour>, HostError> {
    let listed: Vec<NeighbourMessage> = handle
        .neighbours()
        .get()
        .execute()
        .try_collect()
        .await
        .map_err(|error| netlink_error("list neighbours", error))?;
    Ok(listed.iter().filter_map(said).collect())
}

/// Reads a message; None for proxies and the forwarding tables of bridges.
fn said(message: &NeighbourMessage) -> Option<Neighbour> {
    if message.header.flags.contains(NeighbourFlags::Proxy) {
        return None;
    }
    let addr = message.attributes.iter().find_map(|attribute| match attribute {
        NeighbourAttribute::Destination(NeighbourAddress::Inet(addr)) => Some((*addr).into()),
        NeighbourAttribute::Destination(NeighbourAddress::Inet6(addr)) => Some((*addr).into()),
        _ => None,
    })?;
    let link = message.attributes.iter().find_map(|attribute| match attribute {
        NeighbourAttribute::LinkLayerAddress(link) => LinkAddr::try_from(link.as_slice()).ok(),
        _ => None,
    });
    let reach = match (message.header.state, link) {
        (Nud::Failed, _) => NeighbourState::Failed,
        (Nud::Stale, Some(link)) => NeighbourState::Stale(link),
        (Nud::Reachable | Nud::Delay | Nud::Probe | Nud::Permanent | Nud::Noarp, Some(link)) => {
            NeighbourState::Known(link)
        }
        _ => NeighbourState::Sought,
    };
    Some(Neighbour { interface: message.header.ifindex, addr, reach: Some(reach) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: LinkAddr = [2, 0, 0, 0, 0, 1];

    fn message(state: Nud, link: &[u8]) -> NeighbourMessage {
        let mut message = NeighbourMessage::default();
        message.header.ifindex = 7;
        message.header.state = state;
        let addr = NeighbourAddress::Inet("192.168.1.191".parse().unwrap());
        message.attributes.push(NeighbourAttribute::Destination(addr));
        if !link.is_empty() {
            message.attributes.push(NeighbourAttribute::LinkLayerAddress(link.to_vec()));
        }
        message
    }

    #[test]
    fn states_are_told_apart() {
        let rows = [
            (Nud::Reachable, LINK.as_slice(), NeighbourState::Known(LINK)),
            (Nud::Delay, &LINK, NeighbourState::Known(LINK)),
            (Nud::Probe, &LINK, NeighbourState::Known(LINK)),
            (Nud::Permanent, &LINK, NeighbourState::Known(LINK)),
            (Nud::Noarp, &LINK, NeighbourState::Known(LINK)),
            (Nud::Stale, &LINK, NeighbourState::Stale(LINK)),
            (Nud::Incomplete, &[], NeighbourState::Sought),
            (Nud::None, &[], NeighbourState::Sought),
            (Nud::Failed, &[], NeighbourState::Failed),
            (Nud::Failed, &LINK, NeighbourState::Failed),
            // InfiniBand.
            (Nud::Reachable, &[0; 20], NeighbourState::Sought),
        ];
        for (state, link, expected) in rows {
            let heard = said(&message(state, link)).map(|said| (said.interface, said.reach));
            assert_eq!(heard, Some((7, Some(expected))), "{state:?} {link:?}");
        }
    }

    #[test]
    fn proxies_and_bridges_are_no_neighbours() {
        let mut proxy = message(Nud::Permanent, &LINK);
        proxy.header.flags = NeighbourFlags::Proxy;
        assert_eq!(said(&proxy), None);
        let mut bridge = message(Nud::Permanent, &LINK);
        bridge.attributes.remove(0);
        assert_eq!(said(&bridge), None);
    }
}
