//! Announcements that wait for their turn: they leave at a pace that links and switches take, and nobody waits for them.
//!
//! Owns what is still to be announced. An address that is taken back before its turn is never announced.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::announce::Sockets;
use super::change::Proxy;

/// So many leave at once,
const BURST: usize = 16;

/// and the next ones after this time: some 3,000 a second.
const PACE: Duration = Duration::from_millis(5);

#[derive(Clone, Debug, Default)]
pub(super) struct Announcer(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    waiting: Waiting,
    sockets: Sockets,
    is_telling: bool,
}

/// Addresses, and the links on which they are to be announced.
#[derive(Debug, Default)]
struct Waiting(BTreeMap<IpAddr, BTreeSet<String>>);

impl Waiting {
    fn add(&mut self, Proxy { addr, dev }: Proxy) {
        self.0.entry(addr).or_default().insert(dev);
    }

    fn remove(&mut self, addr: IpAddr) {
        self.0.remove(&addr);
    }

    /// Takes out the links of one address.
    fn next(&mut self) -> Option<impl Iterator<Item = Proxy>> {
        let (addr, devs) = self.0.pop_first()?;
        Some(devs.into_iter().map(move |dev| Proxy { addr, dev }))
    }
}

impl Announcer {
    /// Announces an address when it has its turn. Inside a tokio runtime.
    pub(super) fn announce(&self, proxy: Proxy) {
        let mut state = self.0.lock();
        state.waiting.add(proxy);
        if !state.is_telling {
            state.is_telling = true;
            tokio::spawn(tell(Arc::clone(&self.0)));
        }
    }

    /// Announces it no more: this host is about not to have it.
    pub(super) fn withdraw(&self, addr: IpAddr) {
        self.0.lock().waiting.remove(addr);
    }
}

async fn tell(state: Arc<Mutex<State>>) {
    let mut has_failed = false;
    let mut announce = |sockets: &mut Sockets, proxy: &Proxy| {
        if let Err(error) = sockets.announce(proxy) {
            // What one link refuses it refuses for all addresses.
            if !std::mem::replace(&mut has_failed, true) {
                tracing::warn!(%error, addr = %proxy.addr, dev = proxy.dev, "address not announced");
            }
        }
    };
    while state.lock().tell_some(&mut announce) {
        tokio::time::sleep(PACE).await;
    }
}

impl State {
    /// Announces those whose turn it is. False: there are no more. What is taken back meanwhile waits for the lock.
    fn tell_some(&mut self, mut announce: impl FnMut(&mut Sockets, &Proxy)) -> bool {
        for _ in 0..BURST {
            let Some(links) = self.waiting.next() else {
                self.is_telling = false;
                return false;
            };
            links.for_each(|proxy| announce(&mut self.sockets, &proxy));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(last: u8, dev: &str) -> Proxy {
        Proxy { addr: [10, 0, 0, last].into(), dev: dev.to_owned() }
    }

    #[test]
    fn addresses_leave_in_bursts_once_a_link_and_never_after_they_were_taken_back() {
        let mut state = State { is_telling: true, ..State::default() };
        for last in 0..40 {
            state.waiting.add(proxy(last, "eth0"));
            state.waiting.add(proxy(last, "eth0"));
        }
        state.waiting.add(proxy(3, "eth1"));
        let mut told = Vec::new();
        assert!(state.tell_some(|_, proxy| told.push(proxy.clone())));
        assert_eq!(told.len(), BURST + 1);
        assert!(told.contains(&proxy(3, "eth1")));
        (20..40).for_each(|last| state.waiting.remove([10, 0, 0, last].into()));
        assert!(!state.tell_some(|_, proxy| told.push(proxy.clone())));
        assert_eq!(told.len(), 21);
        assert!(!state.is_telling);
    }
}
