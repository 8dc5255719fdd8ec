//! Links by which packets enter this host that may be for the director. Pure.

use netlink_packet_route::link::LinkLayerType;

use super::view::{LinkState, View};
use lvs_wire::Framing;

/// A link by which packets enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IngressLink {
    pub index: u32,
    pub name: String,
    pub framing: Framing,
    /// The fast path's program is there as a filter.
    pub has_filter: bool,
}

/// Beginning of the packets of a link of that kind.
pub(super) const fn framing(kind: LinkLayerType) -> Option<Framing> {
    match kind {
        LinkLayerType::Ether => Some(Framing::Ethernet),
        LinkLayerType::None | LinkLayerType::Ppp | LinkLayerType::Rawip => Some(Framing::Bare),
        _ => None,
    }
}

/// Links that are up and belong to no other (a bridge, a bond, a VRF), without the director's own, which begin with this.
pub(super) fn ingress_links(view: &View, own: &str) -> Vec<IngressLink> {
    let ingress_link = |link: &LinkState| {
        let is_ingress = link.up && !link.loopback && !link.has_controller && !link.name.starts_with(own);
        let framing = link.framing.filter(|_| is_ingress)?;
        Some(IngressLink { index: link.index, name: link.name.clone(), framing, has_filter: false })
    };
    view.links.iter().filter_map(ingress_link).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_of_their_own_that_are_up_are_entrances() {
        let link = |name: &str| LinkState {
            index: 7,
            name: name.to_owned(),
            up: true,
            loopback: false,
            ether: None,
            mtu: 1500,
            longest: 0,
            framing: Some(Framing::Ethernet),
            has_controller: false,
        };
        let links = vec![
            link("eth0"),
            LinkState { framing: Some(Framing::Bare), ..link("wg0") },
            LinkState { framing: None, ..link("ib0") },
            LinkState { up: false, ..link("eth1") },
            LinkState { loopback: true, ..link("lo") },
            LinkState { has_controller: true, ..link("eth2") },
            link("tunvs-vip"),
        ];
        let found = ingress_links(&View { links, ..View::default() }, "tunvs-");
        let found: Vec<_> =
            found.iter().map(|ingress_link| (ingress_link.name.as_str(), ingress_link.framing)).collect();
        assert_eq!(found, [("eth0", Framing::Ethernet), ("wg0", Framing::Bare)]);
    }
}
