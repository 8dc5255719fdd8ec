//! Notices when the host changes under the director: links, addresses, routes, rules.

use futures::StreamExt;
use futures::channel::mpsc::UnboundedReceiver;
use netlink_packet_core::NetlinkMessage;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::route::{RouteProtocol, RouteType};
use rtnetlink::MulticastGroup;
use rtnetlink::sys::SocketAddr;

use super::change::OUR_PROTOCOL;
use super::error::HostError;
use super::messages::{self, table_of};

#[derive(Debug)]
pub struct Watch {
    messages: UnboundedReceiver<(NetlinkMessage<RouteNetlinkMessage>, SocketAddr)>,
    /// A change was heard that nobody has looked at.
    has_news: bool,
}

impl Watch {
    /// Begins to watch; to be called inside a tokio runtime.
    ///
    /// # Errors
    /// The kernel gives no such socket.
    pub fn start() -> Result<Self, HostError> {
        let groups = [
            MulticastGroup::Link,
            MulticastGroup::Ipv4Ifaddr,
            MulticastGroup::Ipv6Ifaddr,
            MulticastGroup::Ipv4Route,
            MulticastGroup::Ipv6Route,
            MulticastGroup::Ipv4Rule,
            MulticastGroup::Ipv6Rule,
        ];
        let (connection, _, messages) = rtnetlink::new_multicast_connection(&groups)
            .map_err(|source| HostError::Netlink { doing: "watch the host", source })?;
        tokio::spawn(connection);
        Ok(Self { messages, has_news: false })
    }

    /// Waits for a change that is not the director's own doing. False when there will be none any more.
    pub async fn changed(&mut self) -> bool {
        if std::mem::take(&mut self.has_news) {
            return true;
        }
        while let Some((message, _)) = self.messages.next().await {
            if let netlink_packet_core::NetlinkPayload::InnerMessage(message) = &message.payload
                && is_of_interest(message)
            {
                return true;
            }
        }
        false
    }

    /// Waits until something is taken away that the director made, or made itself. What else changes is kept for
    /// [`Self::changed`].
    pub async fn lost(&mut self) {
        while let Some((message, _)) = self.messages.next().await {
            if let netlink_packet_core::NetlinkPayload::InnerMessage(message) = &message.payload {
                self.has_news |= is_of_interest(message);
                if is_loss(message) {
                    return;
                }
            }
        }
    }

    /// Forgets what has come in so far: it was seen by reading the host anew.
    pub fn catch_up(&mut self) {
        while self.messages.try_recv().is_ok() {}
        self.has_news = false;
    }
}

fn is_of_interest(message: &RouteNetlinkMessage) -> bool {
    match message {
        RouteNetlinkMessage::DelRoute(_) if is_loss(message) => true,
        RouteNetlinkMessage::NewRoute(route) | RouteNetlinkMessage::DelRoute(route) => {
            route.header.protocol != RouteProtocol::from(OUR_PROTOCOL)
                && matches!(route.header.kind, RouteType::Unicast | RouteType::Local)
                && messages::is_host_table(table_of(route))
        }
        RouteNetlinkMessage::NewRule(rule) => messages::protocol_of(rule) != OUR_PROTOCOL,
        _ => true,
    }
}

/// Something with our protocol number is gone.
fn is_loss(message: &RouteNetlinkMessage) -> bool {
    match message {
        RouteNetlinkMessage::DelRoute(route) => route.header.protocol == RouteProtocol::from(OUR_PROTOCOL),
        RouteNetlinkMessage::DelRule(rule) => messages::protocol_of(rule) == OUR_PROTOCOL,
        _ => false,
    }
}
