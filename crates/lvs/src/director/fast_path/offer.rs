//! Connections that are to go by the fast path, and when.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::state::{Flows, Member, Offered};
use crate::conn::{Entry, State, View};
use crate::director::Director;
use crate::director::path::facts::Segment;
use crate::fast_path::{Flow, FlowKey, FlowRefused, FlowTable, Tells, Towards};
use crate::service::{Endpoint, Protocol};
use crate::time::Time;
use crate::xmit::Rewrite;
use lvs_wire::{TcpFlags, protocol};

/// A connection is busy whose packets come closer together.
const APART: Duration = Duration::from_millis(250);

/// Connections that wait to be taken in at most. Others are offered again with their next packets.
const MOST_OFFERS: usize = 4096;

/// Flows wait so long at most for what is before them in queues that are never empty. Ends of TCP put in order what comes late.
const WAITS: Duration = Duration::from_secs(1);
const WAITS_OF_TCP: Duration = Duration::from_millis(100);

/// No packet is longer.
const LONGEST: u32 = 65_535;

/// The four ends that packets of a connection have, and what they become.
struct Both {
    keys: [FlowKey; 2],
    flows: [Flow; 2],
}

impl Director {
    /// Offers the connection of a packet, before the packet moves its deadline.
    pub(in crate::director) fn offer(&self, conn: &Entry<'_>, segment: &Segment, now: Time) {
        let fast_path = &self.fast_path;
        if !fast_path.is_open.load(Relaxed)
            || conn.in_packets < self.settings.fast_path_after
            || now.since(conn.touched_at()) > APART
            || segment.protocol == Protocol::Sctp
            || !conn.is_plain()
            || !self.conns.note_offered(conn)
        {
            return;
        }
        self.put_down(conn, false);
    }

    /// Offers a connection after a packet that found it in the state `before`, while there is room for some that are not known to be
    /// busy: with its SYN, else with the answer to that, or where the host tracks connections when that has seen the whole handshake.
    /// Not while there is a backup that is told of packets one by one.
    pub(in crate::director) fn offer_early(
        &self,
        conn: &Entry<'_>,
        segment: &Segment,
        before: State,
        direction: View,
    ) {
        let fast_path = &self.fast_path;
        if !fast_path.takes_early.load(Relaxed)
            || segment.protocol != Protocol::Tcp
            || !fast_path.is_open.load(Relaxed)
            || self.defence.drops_entries.load(Relaxed)
            || self.sync.is_master.load(Relaxed)
        {
            return;
        }
        let is_tracked = fast_path.is_tracked.load(Relaxed);
        let is_time = match (direction, segment.flags.has(TcpFlags::SYN)) {
            (View::Output, true) => !is_tracked && conn.is_plain_soon(),
            (_, true) => conn.is_plain_soon() && self.comes_with_its_syn(conn, segment),
            (_, false) => is_tracked && conn.state != before && conn.is_plain(),
        };
        if is_time && self.conns.note_offered(conn) {
            self.put_down(conn, true);
            fast_path.has_early.store(true, Relaxed);
        }
    }

    /// Whether the answer to this SYN may go by the fast path. Not where a port stands for the client, and the director is to see it.
    fn comes_with_its_syn(&self, conn: &Entry<'_>, segment: &Segment) -> bool {
        let fast_path = &self.fast_path;
        let suits = segment.flags.0 & TcpFlags::KIND == TcpFlags::SYN && conn.local().is_none();
        if suits && !fast_path.note_unanswered() {
            return false;
        }
        let is_tracked = fast_path.table.get().is_some_and(|table| table.is_host_tracking());
        fast_path.is_tracked.store(is_tracked, Relaxed);
        suits && !is_tracked
    }

    fn put_down(&self, conn: &Entry<'_>, is_early: bool) {
        let mut offers = self.fast_path.offers.lock();
        if offers.len() < MOST_OFFERS {
            offers.push(Offered { id: conn.id, is_early, is_late: false });
            self.fast_path.has_offers.store(true, Relaxed);
        } else {
            self.conns.note_withdrawn(conn);
        }
    }

    /// Takes connections in that may not wait, and back those that are over. Where somebody else is at the table they wait
    /// all the same, and their packets go by the director.
    pub(in crate::director) fn take_early(&self, now: Time) {
        let fast_path = &self.fast_path;
        if !fast_path.has_early.load(Relaxed) {
            return;
        }
        let Some(table) = fast_path.table.get() else { return };
        let Some(mut flows) = fast_path.flows.try_lock() else {
            let mut offers = fast_path.offers.lock();
            let newer = offers.iter_mut().rev().take_while(|offered| !offered.is_late);
            newer.for_each(|offered| offered.is_late = true);
            return;
        };
        fast_path.has_early.store(false, Relaxed);
        if fast_path.has_over.load(Relaxed) {
            self.take_over_back(&mut flows, &**table);
        }
        self.take_in(&mut flows, &**table, now);
    }

    /// Whether [`Self::take_offers`] has something to do.
    pub fn has_offers(&self) -> bool {
        self.fast_path.has_offers.load(Relaxed)
    }

    /// Puts connections that were offered into the table.
    pub fn take_offers(&self, now: Time) {
        let Some(table) = self.fast_path.table.get() else { return };
        self.take_in(&mut self.fast_path.flows.lock(), &**table, now);
    }

    fn take_in(&self, flows: &mut Flows, table: &dyn FlowTable, now: Time) {
        self.fast_path.has_offers.store(false, Relaxed);
        let offers = std::mem::take(&mut *self.fast_path.offers.lock());
        if !offers.is_empty() {
            self.fast_path.has_flows.store(true, Relaxed);
        }
        for offered in offers {
            if let Err(why) = self.take_one_in(flows, table, offered, now) {
                let counters = &self.fast_path.counters;
                let counter = if why == Some(FlowRefused::Full) { &counters.full } else { &counters.refused };
                counter.fetch_add(1, Relaxed);
                flows.refused.push(offered.id);
            }
        }
        self.fast_path.note_room(flows);
    }

    fn take_one_in(
        &self,
        flows: &mut Flows,
        table: &dyn FlowTable,
        offered: Offered,
        now: Time,
    ) -> Result<(), Option<FlowRefused>> {
        let (id, is_open) = (offered.id, flows.suspended == 0);
        let taken = self.conns.get(id).and_then(|conn| {
            let server = conn.server().cloned()?;
            let both = self.both_ways(&conn, offered).filter(|_| is_open)?;
            let member = Member {
                number: conn.number(),
                server,
                keys: both.keys,
                merged: [(0, 0); 2],
                seen_at: now,
                is_young: offered.is_early,
                tells_ends: both.flows[0].tells.is_some_and(|tells| tells.ends),
            };
            Some((member, both.flows))
        });
        let (member, entries) = taken.ok_or(None)?;
        // An earlier connection of the same ends is taken back by the next merge.
        if member.keys.iter().any(|key| flows.by_key.contains_key(key)) {
            return Err(None);
        }
        table.install(&member.keys, &entries).map_err(Some)?;
        self.fast_path.counters.installed.fetch_add(1, Relaxed);
        for (key, towards) in member.keys.iter().zip(Towards::BOTH) {
            flows.by_key.insert(*key, (id, towards));
        }
        flows.young += usize::from(member.is_young);
        if offered.waits() {
            self.fast_path.has_come_late.store(true, Relaxed);
        }
        let tells_ends = member.tells_ends;
        flows.by_conn.insert(id, member);
        // A packet that ends the connection may have come meanwhile, when there was no flow to close.
        if !self.conns.get(id).is_some_and(|conn| conn.stays_plain(tells_ends)) {
            self.take_back(flows, table, id);
        }
        Ok(())
    }

    /// Flows of a connection that was offered so. None where its packets do not all come by a link, or an end is on this host.
    fn both_ways(&self, conn: &Entry<'_>, offered: Offered) -> Option<Both> {
        let (client, real) = (conn.client(), conn.real());
        let is_elsewhere = |end: Endpoint| !end.addr.is_loopback() && !self.routes.ends_here(end.addr);
        let is_soon = conn.is_plain_soon();
        if !conn.is_plain() && !is_soon || !is_elsewhere(client) || !is_elsewhere(real) {
            return None;
        }
        let number = conn.protocol();
        let keys = [
            FlowKey { protocol: number, from: client, to: conn.virt() },
            FlowKey { protocol: number, from: real, to: conn.return_end() },
        ];
        // Where a port stands for the client it is noted how the client's stream ends; messages to backups say after how many
        // packets the state is what it is.
        let ends = conn.local().is_none() && !self.sync.is_master.load(Relaxed);
        let tells = Tells { conn: conn.id.bits(), first: is_soon, ends };
        let tells = Some(tells).filter(|tells| number == protocol::TCP && (tells.first || tells.ends));
        let most = if number == protocol::TCP { WAITS_OF_TCP } else { WAITS };
        let waits = offered.waits().then_some(most);
        let flow = |towards, rewrite: Rewrite, key: &FlowKey, to: Endpoint| Flow {
            towards,
            source: rewrite.source.unwrap_or(key.from),
            destination: rewrite.destination.unwrap_or(key.to),
            longest: self.routes.mtu_to(to.addr).min(LONGEST),
            only_whole: towards == Towards::Server && conn.local().is_some(),
            tells,
            waits,
        };
        let flows = [
            flow(Towards::Server, Rewrite::masqueraded(conn), &keys[0], real),
            flow(Towards::Client, Rewrite::to_client(conn), &keys[1], client),
        ];
        let is_one_family = keys.iter().all(|key| {
            key.from.addr.is_ipv4() == client.addr.is_ipv4() && key.to.addr.is_ipv4() == client.addr.is_ipv4()
        });
        is_one_family.then_some(Both { keys, flows })
    }
}
