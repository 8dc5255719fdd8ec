//! Ends of connections whose time is up. Called by the timers of the director.

use super::{ConnTable, EXTENSION, Entry};
use crate::time::Time;

impl ConnTable {
    /// Ends what is due, looking at no more than `budget` connections; shows to `extended` what goes on for what it
    /// controls. What the fast path has is put off until that was asked. True when there may be more.
    pub fn expire_due(&self, now: Time, budget: usize, mut extended: impl FnMut(&mut Entry<'_>)) -> bool {
        for _ in 0..budget {
            let Some((slot, tick)) = self.expiry.lock().pop(now) else { return false };
            let Some(mut entry) = self.entry(slot).filter(|entry| entry.queued == tick) else { continue };
            if entry.expires_at() <= now && self.put_off(&mut entry, now) {
                continue;
            }
            if entry.expires_at() > now || entry.controlled > 0 {
                if entry.expires_at() <= now {
                    entry.set_timeout(EXTENSION);
                    entry.touch(now);
                    extended(&mut entry);
                }
                entry.queued = self.expiry.lock().push(slot, entry.expires_at());
                self.note_changed(&entry);
            } else {
                self.end(entry, now);
            }
        }
        true
    }

    /// When [`Self::expire_due`] may next have something to do.
    pub fn next_deadline(&self) -> Option<Time> {
        self.expiry.lock().next_deadline()
    }
}
