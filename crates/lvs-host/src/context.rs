//! Devices, tables and the host as it is: what every plan needs to know.

use super::change::Proxy;
use super::options::{HostOptions, TunNames};
use super::view::View;

/// No super-packet is too long for a TUN; what is too long for a link the director finds out itself.
pub(super) const TUN_MTU: u32 = 65_535;

/// The routing tables of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tables {
    pub(super) vip: u32,
    pub(super) rs: u32,
}

/// Devices and tables: what every plan needs to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlanContext<'a> {
    pub(super) options: &'a HostOptions,
    pub(super) tuns: &'a TunNames,
    pub(super) tables: Tables,
    pub(super) view: &'a View,
    /// Proxy neighbours that were there before the director.
    pub(super) foreign_proxies: &'a [Proxy],
}

impl<'a> PlanContext<'a> {
    /// The host's interfaces but the TUNs, and what new ones begin with.
    pub(super) fn others(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let tuns = self.tuns;
        let links = self.view.links.iter().map(|link| link.name.as_str());
        links.filter(|name| *name != tuns.vip && *name != tuns.rs).chain(["default"])
    }
}
