//! Hosts on the same links that answer for virtual addresses of this director: told when one turns up, and forgotten a while after it
//! was heard last. Of several that have one address the last one counts: their number is nobody's to choose.
//!
//! Called by the task that listens to neighbours, and when the host follows the tables: an answer may come before the address is here.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;

use lvs::Time;
use lvs_control::status::Rival;
use lvs_host::Claim;

/// So long somebody counts after he was heard: neighbours ask for an address again within minutes.
const REMEMBERED: Duration = Duration::from_secs(600);

#[derive(Debug, Default)]
pub(super) struct Rivals(Mutex<BTreeMap<IpAddr, Heard>>);

#[derive(Debug)]
struct Heard {
    claim: Claim,
    at: Time,
    is_told: bool,
}

impl Rivals {
    /// Takes in what was heard of a virtual address.
    pub(super) fn note(&self, claim: Claim, now: Time) {
        let mut all = self.0.lock();
        let is_told = all.get(&claim.addr).is_some_and(|heard| heard.is_told && heard.counts(now));
        all.insert(claim.addr, Heard { claim, at: now, is_told });
    }

    /// Logs those that nobody was told of. `is_claimed`: addresses that the host answers for because of this director.
    pub(super) fn tell(&self, is_claimed: impl Fn(IpAddr) -> bool, now: Time) {
        for (address, heard) in self.0.lock().iter_mut() {
            if is_claimed(*address) && heard.counts(now) && !std::mem::replace(&mut heard.is_told, true) {
                let Rival { dev, link, .. } = shown(&heard.claim);
                tracing::warn!(%address, dev, link, "another host answers for a virtual address of this director: clients of that link reach either");
            }
        }
    }

    /// Lists those that were heard not long ago.
    pub(super) fn report(&self, is_claimed: impl Fn(IpAddr) -> bool, now: Time) -> Vec<Rival> {
        let mut all = self.0.lock();
        all.retain(|_, heard| heard.counts(now));
        all.values().filter(|heard| is_claimed(heard.claim.addr)).map(|heard| shown(&heard.claim)).collect()
    }
}

impl Heard {
    fn counts(&self, now: Time) -> bool {
        now.since(self.at) < REMEMBERED
    }
}

fn shown(claim: &Claim) -> Rival {
    Rival { address: claim.addr, dev: claim.dev.clone(), link: claim.link.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pnet_base::MacAddr;

    #[test]
    fn the_last_rival_of_a_claimed_address_is_reported_until_it_was_not_heard_for_long() {
        let rivals = Rivals::default();
        let addr = IpAddr::from([10, 0, 0, 1]);
        let claim = |last| Claim { addr, dev: "eth1".to_owned(), link: MacAddr(2, 0, 0, 0, 0, last) };
        let links = |is_claimed: bool, at| -> Vec<String> {
            let all = rivals.report(|_| is_claimed, Time::from_secs(at));
            all.into_iter().map(|rival| rival.link).collect()
        };
        rivals.note(claim(7), Time::ZERO);
        assert!(links(false, 1).is_empty());
        assert_eq!(links(true, 1), ["02:00:00:00:00:07"]);
        rivals.note(claim(8), Time::from_secs(500));
        assert_eq!(links(true, 1099), ["02:00:00:00:00:08"]);
        assert!(links(true, 1100).is_empty());
    }

    #[test]
    fn one_is_told_once_however_many_names_it_has() {
        let rivals = Rivals::default();
        let told = || rivals.0.lock().values().filter(|heard| heard.is_told).count();
        let claim = |last| Claim {
            addr: [10, 0, 0, 1].into(),
            dev: String::new(),
            link: MacAddr(2, 0, 0, 0, 0, last),
        };
        rivals.note(claim(1), Time::ZERO);
        rivals.tell(|_| false, Time::ZERO);
        assert_eq!(told(), 0, "the address is not here yet");
        rivals.tell(|_| true, Time::ZERO);
        rivals.note(claim(2), Time::from_secs(1));
        assert_eq!(told(), 1);
        rivals.note(claim(2), Time::from_secs(700));
        assert_eq!(told(), 0, "it was away for long");
    }
}
