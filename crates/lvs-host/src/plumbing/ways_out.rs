//! Routing of what leaves this host, as it was at the last look.

use std::sync::Arc;

use super::super::change::{Action, Change, Route, RouteKind, Rule, TABLE_LOCAL};
use super::super::kernel::Kernel;
use super::super::messages;
use super::Engine;
use lvs::neighbour::HostRouting;
use lvs::route::RouteTable;
use lvs::service::Family;

impl<K: Kernel> Engine<K> {
    /// Routes, links and whether there is more than routes to go by.
    pub(super) fn ways_out(&self) -> HostRouting {
        let has_policy = |family| self.view.rules_of(family).any(is_policy);
        let links = self.view.links.iter().filter(|link| link.up);
        HostRouting {
            routes: Arc::new(self.routes()),
            links: links.filter_map(|link| Some((link.index, link.ether?))).collect(),
            has_policy: [has_policy(Family::V4), has_policy(Family::V6)],
        }
    }

    fn routes(&self) -> RouteTable {
        let tuns = [self.tuns.vip.as_str(), &self.tuns.rs, &self.tuns.fleet];
        let routes = self.view.routes_beside(&tuns).copied();
        let claimed = self.ledger.steps().filter_map(|step| match &step.apply {
            Change::AddRoute(Route { table: TABLE_LOCAL, dst, kind: RouteKind::Local(_), .. }) => Some(*dst),
            Change::AddAddress(address) if tuns.contains(&address.dev.as_str()) => {
                Some(address.net.addr().into())
            }
            _ => None,
        });
        RouteTable::new(routes.collect()).with_claimed(claimed)
    }
}

/// Whether it leaves a choice of table that depends on more than the destination.
fn is_policy(rule: &Rule) -> bool {
    let is_usual = rule.is_unconditional()
        && matches!(rule.action, Action::Lookup(table) if messages::is_host_table(table));
    !rule.is_ours() && !is_usual
}
