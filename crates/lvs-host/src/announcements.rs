//! Virtual addresses that routing daemons are to announce: a route each, in a table that no rule asks and daemons read. Pure.
//!
//! The routes go by an interface that ends with the director's process, so that a director that was killed announces nothing.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::change::{Change, Link, Route, RouteKind, Step};
use super::context::PlanContext;

/// Packets never take this way.
const MTU: u32 = 1500;

/// The interface, and a route for each address.
pub(super) fn steps(context: &PlanContext<'_>, announced: &BTreeSet<IpAddr>) -> Vec<Step> {
    let dev = &context.tuns.fleet;
    let link = Link { dev: dev.clone(), mtu: MTU, tx_queue_len: context.options.tx_queue_len };
    let route = |addr: &IpAddr| {
        let kind = RouteKind::Via(dev.clone());
        Step::withdrawn(Route::new(context.options.announce_table, (*addr).into(), kind))
    };
    std::iter::once(Step::link(link)).chain(announced.iter().map(route)).collect()
}

/// Withdraws all announcements among these steps.
pub(super) fn withdrawals<'a>(steps: impl Iterator<Item = &'a Step>, dev: &str) -> Vec<Change> {
    let is_announcement = |step: &&Step| match &step.apply {
        Change::AddRoute(Route { kind: RouteKind::Via(by), .. }) => by == dev,
        _ => false,
    };
    steps.filter(is_announcement).filter_map(|step| step.undo.clone()).collect()
}
