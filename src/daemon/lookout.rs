//! Queues that are found empty while flows of the fast path wait for that: what came before is not to be overtaken.
//!
//! With several queues of an interface packets have gone when all of them say so; those that sleep are woken to look. Never decides which flows
//! wait; the core does.

use std::sync::Arc;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Release},
};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};

use lvs::director::{Director, Side};
use lvs::fast_path::Moment;
use lvs_device::lost;

/// Queues look so often when connections have come in that wait, and so many times before the pauses grow.
const PAUSE: Duration = Duration::from_millis(1);
const SOON: u32 = 10;
const LONGEST_PAUSE: Duration = Duration::from_millis(16);

/// So often they look: for a little more than a second, which is how long flows wait at most.
const LOOKS: u32 = 80;

/// A queue that has lost packets between so many looks in a row has more to do than it can. Flows come in as they are for so long then: they
/// would lose more packets than they overtake.
const FLOODED: u32 = 5;
const FLOODED_FOR: Duration = Duration::from_millis(20);

/// Moments at which the queues of an interface were last found empty; 0: not yet.
#[derive(Clone, Debug)]
pub(super) struct Emptied(Arc<[AtomicU64]>);

impl Emptied {
    pub(super) fn of(queues: usize) -> Self {
        Self((0..queues).map(|_| AtomicU64::new(0)).collect())
    }

    pub(super) fn lookout(&self, queue: usize) -> Lookout {
        Lookout { emptied: self.clone(), queue, empty_at: None }
    }
}

/// Watch over one of them.
#[derive(Clone, Debug)]
pub(super) struct Lookout {
    emptied: Emptied,
    queue: usize,
    /// When it was, until that is told.
    empty_at: Option<Moment>,
}

impl Lookout {
    /// Nothing waited. `at`: a moment before it was looked, if flows wait.
    pub(super) const fn found_empty(&mut self, at: Option<Moment>) {
        self.empty_at = at;
    }

    /// Up to when packets of the interface have gone on, if flows wait for that. To be called when all that was read has been
    /// written.
    pub(super) fn gone_before(&mut self) -> Option<Moment> {
        let (at, Emptied(all)) = (self.empty_at.take()?, &self.emptied);
        all.get(self.queue)?.store(at.0, Release);
        all.iter().map(|moment| Moment(moment.load(Acquire))).min()
    }
}

/// Interfaces that flows may wait for.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// Rung when some do.
    late: Notify,
    interfaces: Mutex<Vec<Interface>>,
}

#[derive(Clone, Debug)]
struct Interface {
    side: Side,
    name: String,
    /// One for each queue.
    ringers: Vec<mpsc::WeakSender<()>>,
}

impl Watched {
    /// Learns of the queues of an interface, in place of those that were served before.
    pub(super) fn add(&self, side: Side, name: &str, ringers: Vec<mpsc::WeakSender<()>>) {
        let mut interfaces = self.interfaces.lock();
        interfaces.retain(|interface| interface.name != name);
        interfaces.push(Interface { side, name: name.to_owned(), ringers });
    }

    /// Connections have come in that wait.
    pub(super) fn note_late(&self) {
        self.late.notify_one();
    }

    /// Has queues look while flows wait, and looks itself whether they lose packets.
    pub(super) async fn look(&self, director: &Director) {
        loop {
            self.late.notified().await;
            let mut losses = self.losses();
            let mut looks = 0;
            while looks < LOOKS {
                sleep(PAUSE).await;
                self.ring();
                self.note_flooded(&mut losses, director);
                let more = (PAUSE * looks.saturating_sub(SOON)).min(LONGEST_PAUSE);
                let is_anew = timeout(more, self.late.notified()).await.is_ok();
                looks = if is_anew { 0 } else { looks + 1 };
            }
        }
    }

    fn ring(&self) {
        let interfaces = self.interfaces.lock().clone();
        let ringers = interfaces.iter().flat_map(|interface| &interface.ringers);
        for ringer in ringers.filter_map(mpsc::WeakSender::upgrade) {
            // One that was rung already is going to look.
            let _ = ringer.try_send(());
        }
    }

    fn losses(&self) -> Vec<Losses> {
        let interfaces = self.interfaces.lock().clone();
        let now = |Interface { side, name, .. }: Interface| Losses { side, lost: lost(&name), looks: 0 };
        interfaces.into_iter().map(now).collect()
    }

    /// Lets flows come in that wait for a queue which loses packets.
    fn note_flooded(&self, losses: &mut Vec<Losses>, director: &Director) {
        let Some(now) = director.flows_wait_at() else { return };
        let before = std::mem::replace(losses, self.losses());
        for now_lost in losses {
            let earlier = before.iter().find(|losses| losses.side == now_lost.side);
            now_lost.looks = earlier.map_or(0, |earlier| now_lost.looks_since(earlier));
            if now_lost.looks >= FLOODED {
                director.note_gone(now_lost.side, now.after(FLOODED_FOR));
            }
        }
    }
}

/// Packets of an interface that found no room.
#[derive(Clone, Copy, Debug)]
struct Losses {
    side: Side,
    lost: Option<u64>,
    /// Looks in a row at which there were more of them.
    looks: u32,
}

impl Losses {
    fn looks_since(&self, earlier: &Self) -> u32 {
        if earlier.lost.is_some() && self.lost > earlier.lost { earlier.looks + 1 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_have_gone_when_all_queues_say_so() {
        let emptied = Emptied::of(2);
        let [mut one, mut other] = [0, 1].map(|queue| emptied.lookout(queue));
        assert_eq!(one.gone_before(), None, "nobody has looked");
        one.found_empty(Some(Moment(20)));
        assert_eq!(one.gone_before(), Some(Moment(0)), "the other has not looked yet");
        other.found_empty(Some(Moment(10)));
        assert_eq!(other.gone_before(), Some(Moment(10)));
        assert_eq!(other.gone_before(), None, "it was told");
        other.found_empty(None);
        assert_eq!(other.gone_before(), None, "no flow waited");
        other.found_empty(Some(Moment(30)));
        assert_eq!(other.gone_before(), Some(Moment(20)));
    }

    #[tokio::test]
    async fn queues_that_sleep_are_rung_while_flows_may_wait() {
        let (watched, director) = (Watched::default(), Director::new(lvs::director::Settings::default()));
        let [(one, mut bell), (other, mut other_bell)] = [(); 2].map(|()| mpsc::channel(1));
        watched.add(Side::Client, "no-such-device", vec![one.downgrade()]);
        watched.add(Side::Client, "no-such-device", vec![one.downgrade(), other.downgrade()]);
        watched.note_late();
        let rung = async {
            for _ in 0..3 {
                bell.recv().await.unwrap();
            }
            other_bell.recv().await.unwrap();
            drop((one, other));
            bell.recv().await
        };
        tokio::select! {
            () = watched.look(&director) => panic!("it goes on looking"),
            gone = timeout(Duration::from_secs(60), rung) => assert_eq!(gone, Ok(None), "whoever rings keeps no queue from ending"),
        }
    }

    #[test]
    fn a_queue_is_flooded_that_loses_packets_all_the_time() {
        let mut losses = Losses { side: Side::Client, lost: Some(7), looks: 0 };
        let mut looks = |lost| {
            let now = Losses { lost, ..losses };
            losses.looks = now.looks_since(&losses);
            losses.lost = lost;
            losses.looks
        };
        assert_eq!([8, 9, 10, 10, 11].map(|lost| looks(Some(lost))), [1, 2, 3, 0, 1]);
        assert_eq!([None, Some(12), Some(13)].map(looks), [0, 0, 1], "where it cannot be told it is not");
    }
}
