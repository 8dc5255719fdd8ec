//! Taking over what flows have carried: counters, deadlines, messages; and taking flows back that are not busy any more.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::state::{Flows, Member};
use crate::conn::{ConnId, Entry, State, TcpState};
use crate::director::Director;
use crate::fast_path::{Closed, FlowTable, FlowUse, Towards};
use crate::time::Time;

/// How often at least what flows have carried is merged.
const EVERY: Duration = Duration::from_secs(1);

/// A connection that was not seen for so long leaves its place to busier ones.
const IDLE: Duration = Duration::from_secs(3);

/// A connection that came early and of which no packet was seen for so long does so too.
const IDLE_YOUNG: Duration = Duration::from_secs(1);

/// Traffic of a direction of a connection since the last merge.
#[derive(Clone, Copy)]
struct Grown {
    towards: Towards,
    packets: u64,
    bytes: u64,
    seen_at: Time,
}

impl Director {
    /// Merges what flows have carried, if it is time, or somebody waits for it: rates, or the end of a connection.
    pub(in crate::director) fn merge_if_due(&self, now: Time, are_rates_due: bool) {
        self.follow_steps();
        if self.has_offers() {
            self.take_offers(now);
        }
        if self.fast_path.has_flows.load(Relaxed) {
            let is_due = are_rates_due || now >= self.fast_path.flows.lock().merged_at + EVERY;
            if is_due || self.conns.take_put_off() {
                self.merge_flows(now);
            }
        }
    }

    /// Merges what flows have carried, and takes back those that are not busy any more.
    pub(in crate::director) fn merge_flows(&self, now: Time) {
        self.read_flows(|flows, table| {
            flows.merged_at = now;
            // Others merge too, as often as they ask.
            if now >= flows.forgiven_at + EVERY {
                flows.forgiven_at = now;
                self.fast_path.unanswered.store(0, Relaxed);
            }
            self.let_refused_go(flows);
            let is_over = |(id, member): (&ConnId, &Member)| {
                let conn = self.conns.get(*id).filter(|conn| conn.number() == member.number);
                let is_busy =
                    conn.is_some_and(|conn| conn.stays_plain(member.tells_ends) && conn.expires_at() > now);
                let idle = if member.is_young { IDLE_YOUNG } else { IDLE };
                (!is_busy || member.seen_at + idle <= now).then_some(*id)
            };
            let over: Vec<ConnId> = flows.by_conn.iter().filter_map(is_over).collect();
            over.into_iter().for_each(|id| self.take_back(flows, table, id));
            let has_flows = !flows.by_conn.is_empty() || !flows.refused.is_empty() || self.has_offers();
            self.fast_path.has_flows.store(has_flows, Relaxed);
        });
    }

    /// Merges what flows have carried.
    pub(in crate::director) fn count_flows(&self) {
        self.read_flows(|_, _| {});
    }

    /// Merges what flows have carried, takes back those that are closed, and does what else is to be done.
    fn read_flows(&self, then: impl FnOnce(&mut Flows, &dyn FlowTable)) {
        self.follow_steps();
        if !self.fast_path.has_flows.load(Relaxed) {
            return;
        }
        let Some(table) = self.fast_path.table.get() else { return };
        let mut flows = self.fast_path.flows.lock();
        let mut closed = Vec::new();
        table.read(&mut |key, used| {
            let Some((id, towards)) = flows.by_key.get(&key).copied() else { return };
            if let Some(member) = flows.by_conn.get_mut(&id) {
                let was_young = member.is_young;
                self.merge(id, member, towards, used);
                closed.extend(used.closed.map(|why| (id, member.number, why)));
                flows.young -= usize::from(was_young && !member.is_young);
            }
        });
        for (id, number, why) in closed {
            if why == Closed::TooLong
                && let Some(mut conn) = self.conns.get(id).filter(|conn| conn.number() == number)
            {
                conn.set_too_long();
            }
            self.take_back(&mut flows, &**table, id);
        }
        self.take_over_back(&mut flows, &**table);
        then(&mut flows, &**table);
        self.fast_path.note_room(&flows);
    }

    /// Takes connections back that are over by what their flows have told.
    pub(super) fn take_over_back(&self, flows: &mut Flows, table: &dyn FlowTable) {
        self.fast_path.has_over.store(false, Relaxed);
        let over = std::mem::take(&mut *self.fast_path.over.lock());
        over.into_iter().for_each(|id| self.take_back(flows, table, id));
    }

    /// Takes a connection out of the table.
    pub(super) fn take_back(&self, flows: &mut Flows, table: &dyn FlowTable, id: ConnId) {
        let Some(mut member) = flows.by_conn.remove(&id) else { return };
        flows.young -= usize::from(member.is_young);
        for (key, towards) in member.keys.into_iter().zip(Towards::BOTH) {
            flows.by_key.remove(&key);
            if let Some(used) = table.remove(&key) {
                self.merge(id, &mut member, towards, used);
            }
        }
        self.withdraw(id, &member);
    }

    /// Takes all connections out of the table, and forgets those that were offered.
    pub(super) fn take_all_back(&self, flows: &mut Flows, table: &dyn FlowTable) {
        let (mut members, keys) = (std::mem::take(&mut flows.by_conn), std::mem::take(&mut flows.by_key));
        table.drain(&mut |key, used| {
            if let Some((id, towards)) = keys.get(&key).copied()
                && let Some(member) = members.get_mut(&id)
            {
                self.merge(id, member, towards, used);
            }
        });
        members.iter().for_each(|(id, member)| self.withdraw(*id, member));
        flows.young = 0;
        self.fast_path.over.lock().clear();
        self.fast_path.has_over.store(false, Relaxed);
        flows.refused.extend(self.fast_path.offers.lock().drain(..).map(|offered| offered.id));
        self.fast_path.has_offers.store(false, Relaxed);
        self.let_refused_go(flows);
        self.fast_path.has_flows.store(false, Relaxed);
    }

    fn let_refused_go(&self, flows: &mut Flows) {
        for id in flows.refused.drain(..) {
            if let Some(conn) = self.conns.get(id) {
                self.conns.note_withdrawn(&conn);
            }
        }
    }

    fn withdraw(&self, id: ConnId, member: &Member) {
        if let Some(conn) = self.conns.get(id).filter(|conn| conn.number() == member.number) {
            self.conns.note_withdrawn(&conn);
        }
    }

    /// Takes over what one direction has carried since the last time.
    fn merge(&self, id: ConnId, member: &mut Member, towards: Towards, used: FlowUse) {
        let merged = &mut member.merged[towards as usize];
        let (packets, bytes) = (used.packets.wrapping_sub(merged.0), used.bytes.wrapping_sub(merged.1));
        *merged = (used.packets, used.bytes);
        if packets == 0 {
            return;
        }
        // What a server says to a SYN is no sign of a client.
        member.is_young &= towards == Towards::Client;
        self.fast_path.counters.packets.fetch_add(packets, Relaxed);
        self.fast_path.counters.bytes.fetch_add(bytes, Relaxed);
        if member.server.is_available() {
            match towards {
                Towards::Client => member.server.counters().count_out(packets, bytes),
                Towards::Server => member.server.counters().count_in(packets, bytes),
            }
        }
        member.seen_at = member.seen_at.max(used.seen_at.unwrap_or(member.seen_at));
        let conn = self.conns.get(id).filter(|conn| conn.number() == member.number);
        if let Some(mut conn) = conn {
            self.grow(&mut conn, Grown { towards, packets, bytes, seen_at: member.seen_at });
        }
    }

    /// Has a connection be as if the packets had come by the director.
    fn grow(&self, conn: &mut Entry<'_>, Grown { towards, packets, bytes, seen_at }: Grown) {
        if let Some(account) = conn.account_mut() {
            account.grow(towards == Towards::Server, packets, bytes, seen_at);
        }
        if towards == Towards::Client {
            if conn.state == State::Udp {
                self.assure_template(conn);
            }
        } else {
            let before = conn.in_packets;
            conn.in_packets = before.wrapping_add(packets as u32);
            self.synchronise_grown(conn, before, seen_at);
        }
        // A state that was entered meanwhile has a later deadline of its own.
        if keeps_its_state(conn.state) && seen_at > conn.touched_at() {
            if let Some(timeout) = self.timeouts.of(conn.state) {
                conn.set_timeout(timeout);
            }
            self.conns.touch(conn, seen_at);
        }
    }
}

/// A plain packet moves the deadline, and nothing else.
const fn keeps_its_state(state: State) -> bool {
    use TcpState::{CloseWait, Established, FinWait, SynAck, SynRecv, TimeWait};
    matches!(state, State::Udp | State::Tcp(Established | FinWait | CloseWait | TimeWait | SynRecv | SynAck))
}
