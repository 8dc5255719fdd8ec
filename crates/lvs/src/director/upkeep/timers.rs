//! Regular work: expiry, rates, removed servers, defences. Driven by the daemon's clock.

use std::time::Duration;

use super::defence;
use crate::director::Director;
use crate::director::control::sysctl::Sysctl;
use crate::time::Time;

/// Interval of the rate estimator (`ip_vs_est.c`).
const ESTIMATE_EVERY: Duration = Duration::from_secs(2);

/// Interval of looking at removed servers (`IP_VS_DEST_TRASH_PERIOD` / 2).
const EMPTY_TRASH_EVERY: Duration = Duration::from_secs(60);

/// Connections looked at in one call of [`Director::handle_timeout`].
const EXPIRE_BUDGET: usize = 20_000;

impl Director {
    /// When [`Self::handle_timeout`] wants to be called next.
    pub fn poll_timeout(&self) -> Option<Time> {
        let upkeep = *self.upkeep.lock();
        let regular = upkeep.estimate_at.min(upkeep.empty_trash_at).min(upkeep.defend_at);
        Some(self.conns.next_deadline().map_or(regular, |deadline| deadline.min(regular)))
    }

    /// Expires what is due at `now`, in bounded work: true when there is more to do at once.
    pub fn handle_timeout(&self, now: Time) -> bool {
        let are_rates_due = now >= self.upkeep.lock().estimate_at;
        self.merge_if_due(now, are_rates_due);
        let mut upkeep = self.upkeep.lock();
        if now >= upkeep.estimate_at {
            if self.sysctls.is_on(Sysctl::RunEstimation) {
                self.services.write().tick();
            }
            upkeep.estimate_at = now + ESTIMATE_EVERY;
        }
        if now >= upkeep.empty_trash_at {
            self.services.write().empty_trash(now);
            self.conns.ports().forget_idle(now);
            self.routes.forget_learned(now);
            upkeep.empty_trash_at = now + EMPTY_TRASH_EVERY;
        }
        let defends = now >= upkeep.defend_at;
        if defends {
            upkeep.defend_at = now + defence::EVERY;
        }
        drop(upkeep);
        if defends {
            self.update_defence();
            self.drop_entries(now);
        }
        self.conns.expire_due(now, EXPIRE_BUDGET, |entry| self.synchronise_extended(entry, now))
    }
}
