//! Connections that are to go by the fast path, and when.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::state::{Flows, Member};
use crate::conn::{Connection, Entry};
use crate::director::Director;
use crate::director::path::facts::Segment;
use crate::fast_path::{Flow, FlowKey, FlowRefused, FlowTable, Towards};
use crate::service::{Endpoint, Protocol};
use crate::time::Time;
use crate::xmit::Rewrite;

/// A connection is busy whose packets come closer together.
const APART: Duration = Duration::from_millis(250);

/// Connections that wait to be taken in at most. Others are offered again with their next packets.
const MOST_OFFERS: usize = 4096;

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
        let mut offers = fast_path.offers.lock();
        if offers.len() < MOST_OFFERS {
            offers.push(conn.id);
            fast_path.has_offers.store(true, Relaxed);
        } else {
            self.conns.note_withdrawn(conn);
        }
    }

    /// Whether [`Self::take_offers`] has something to do.
    pub fn has_offers(&self) -> bool {
        self.fast_path.has_offers.load(Relaxed)
    }

    /// Puts connections that were offered into the table.
    pub fn take_offers(&self, now: Time) {
        let Some(table) = self.fast_path.table.get() else { return };
        let mut flows = self.fast_path.flows.lock();
        self.fast_path.has_offers.store(false, Relaxed);
        let offers = std::mem::take(&mut *self.fast_path.offers.lock());
        if !offers.is_empty() {
            self.fast_path.has_flows.store(true, Relaxed);
        }
        for id in offers {
            let is_open = flows.suspended == 0;
            let taken = self.conns.get(id).and_then(|conn| {
                let server = conn.server().cloned()?;
                let both = self.both_ways(&conn).filter(|_| is_open)?;
                let merged = [(0, 0); 2];
                Some((
                    Member { number: conn.number(), server, keys: both.keys, merged, seen_at: now },
                    both.flows,
                ))
            });
            let done = match taken {
                Some((member, entries)) => put_in(&mut flows, &**table, &member, &entries).map(|()| member),
                None => Err(None),
            };
            match done {
                Ok(member) => {
                    self.fast_path.counters.installed.fetch_add(1, Relaxed);
                    for (key, towards) in member.keys.iter().zip(Towards::BOTH) {
                        flows.by_key.insert(*key, (id, towards));
                    }
                    flows.by_conn.insert(id, member);
                    // A packet that ends the connection may have come meanwhile, when there was no flow to close.
                    if !self.conns.get(id).is_some_and(|conn| conn.is_plain()) {
                        self.take_back(&mut flows, &**table, id);
                    }
                }
                Err(why) => {
                    let counters = &self.fast_path.counters;
                    let counter =
                        if why == Some(FlowRefused::Full) { &counters.full } else { &counters.refused };
                    counter.fetch_add(1, Relaxed);
                    flows.refused.push(id);
                }
            }
        }
    }

    /// Flows of a connection. None where its packets do not all come by a link, or an end is on this host.
    fn both_ways(&self, conn: &Connection) -> Option<Both> {
        let (client, real) = (conn.client(), conn.real());
        let is_elsewhere = |end: Endpoint| !end.addr.is_loopback() && !self.routes.ends_here(end.addr);
        if !conn.is_plain() || !is_elsewhere(client) || !is_elsewhere(real) {
            return None;
        }
        let protocol = conn.protocol();
        let keys = [
            FlowKey { protocol, from: client, to: conn.virt() },
            FlowKey { protocol, from: real, to: conn.return_end() },
        ];
        let flow = |towards, rewrite: Rewrite, key: &FlowKey, to: Endpoint| Flow {
            towards,
            source: rewrite.source.unwrap_or(key.from),
            destination: rewrite.destination.unwrap_or(key.to),
            longest: self.routes.mtu_to(to.addr).min(LONGEST),
            only_whole: towards == Towards::Server && conn.local().is_some(),
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

/// Puts both flows of a connection into the table, or none.
fn put_in(
    flows: &mut Flows,
    table: &dyn FlowTable,
    member: &Member,
    entries: &[Flow; 2],
) -> Result<(), Option<FlowRefused>> {
    // An earlier connection of the same ends is taken back by the next merge.
    if member.keys.iter().any(|key| flows.by_key.contains_key(key)) {
        return Err(None);
    }
    table.install(&member.keys[0], &entries[0]).map_err(Some)?;
    table.install(&member.keys[1], &entries[1]).map_err(|refused| {
        table.remove(&member.keys[0]);
        Some(refused)
    })
}
