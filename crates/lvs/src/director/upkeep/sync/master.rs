//! The master's side: which packet makes which connections be told of.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::conn::{ConnId, Connection, Entry};
use crate::director::control::sysctl::Sysctl;
use crate::director::{Director, Time};
use crate::sync::{Policy, Record, Version};

impl Director {
    /// After a packet of the client: tells of its connection, and of those above it, if it is time.
    pub(in crate::director) fn synchronise(&self, entry: &mut Entry<'_>, now: Time) {
        if self.sync.is_master.load(Relaxed) {
            let (packets, policy) = (entry.in_packets, self.sync_policy());
            self.tell(entry, packets, &policy, now);
        }
    }

    /// The same after some packets that came since the connection had `before`. One message stands for all turns among them.
    pub(in crate::director) fn synchronise_grown(&self, entry: &mut Entry<'_>, before: u32, now: Time) {
        if self.sync.is_master.load(Relaxed) {
            let policy = self.sync_policy();
            let packets = policy.last_turn(before, entry.in_packets);
            self.tell(entry, packets, &policy, now);
        }
    }

    /// The same for a packet that has no connection of its own, but may have a template.
    pub(in crate::director) fn synchronise_one_packet(&self, template: Option<ConnId>, now: Time) {
        let Some(mut template) = template.and_then(|id| self.conns.get(id)) else { return };
        let policy = self.sync_policy();
        if !self.sync.is_master.load(Relaxed) {
            template.in_packets = template.in_packets.wrapping_add(1);
        } else if policy.version == Version::V1 {
            self.tell_above(Some(template), &policy, now);
        }
    }

    /// A template goes on for the sake of the connections under it.
    pub(in crate::director) fn synchronise_extended(&self, entry: &mut Entry<'_>, now: Time) {
        if self.sync.is_master.load(Relaxed) {
            let policy = self.sync_policy();
            self.tell(entry, policy.threshold, &policy, now);
        }
    }

    fn tell(&self, entry: &mut Entry<'_>, packets: u32, policy: &Policy, now: Time) {
        let is_told = self.tell_one(entry, packets, policy, now);
        if is_told || policy.version == Version::V1 {
            self.tell_above(self.conns.above(entry), policy, now);
        }
    }

    fn tell_above<'a>(&'a self, mut next: Option<Entry<'a>>, policy: &Policy, now: Time) {
        while let Some(mut above) = next {
            let packets = if above.is_template() {
                above.in_packets = above.in_packets.wrapping_add(1);
                above.in_packets
            } else {
                policy.threshold
            };
            let is_told = self.tell_one(&mut above, packets, policy, now);
            let goes_on = is_told || policy.version == Version::V1;
            next = if goes_on { self.conns.above(&above) } else { None };
        }
    }

    /// True when a record of it is on its way.
    fn tell_one(&self, entry: &mut Entry<'_>, packets: u32, policy: &Policy, now: Time) -> bool {
        // A local end is this director's alone: nobody else could go on with it. Nor can messages say what a cookie has shifted.
        let has_no_place = policy.version == Version::V0 && entry.client().addr.is_ipv6()
            || entry.local().is_some()
            || entry.syn_proxy().is_some()
            || entry.is_beside_services();
        let is_persistent = policy.templates_only && self.is_under_template(entry);
        if has_no_place || !policy.wants(entry, packets, is_persistent, now) {
            return false;
        }
        let record = Record::of(entry);
        let longest = usize::try_from(self.sysctls.value(Sysctl::SyncQlenMax)).unwrap_or(0);
        let mut master = self.sync.master.lock();
        let Some((_, master)) = master.as_mut() else { return false };
        if !master.add(entry.id.spread(), &record, policy.version, longest, now) {
            self.sync.counters.lost_messages.fetch_add(1, Relaxed);
        }
        self.sync.counters.sent_records.fetch_add(1, Relaxed);
        self.sync.has_full.store(master.has_full(), Relaxed);
        true
    }

    fn is_under_template(&self, conn: &Connection) -> bool {
        let mut next = self.conns.above(conn);
        while let Some(above) = next {
            if above.is_template() {
                return true;
            }
            next = self.conns.above(&above);
        }
        false
    }

    pub(in crate::director) fn sync_policy(&self) -> Policy {
        let number = |sysctl| u32::try_from(self.sysctls.value(sysctl)).unwrap_or(0);
        Policy {
            version: if self.sysctls.is_on(Sysctl::SyncVersion) { Version::V1 } else { Version::V0 },
            threshold: number(Sysctl::SyncThreshold),
            period: number(Sysctl::SyncPeriod),
            refresh: Duration::from_secs(number(Sysctl::SyncRefreshPeriod).into()),
            retries: number(Sysctl::SyncRetries) as u8,
            templates_only: self.sysctls.is_on(Sysctl::SyncPersistMode),
        }
    }
}
