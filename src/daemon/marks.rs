//! A TUN for each firewall mark that has a service: a packet that comes out of a TUN carries no mark, so the device
//! has to say it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::DaemonError;
use super::clock::Clock;
use super::datapath::{Ended, Path, Worker};
use crate::device::{self, Tun};
use crate::lvs::director::{Director, Side};

#[derive(Debug)]
pub(super) struct MarkTuns {
    prefix: String,
    options: device::Options,
    report: mpsc::UnboundedSender<Ended>,
    open: BTreeMap<u32, Vec<Worker>>,
}

impl MarkTuns {
    pub(super) const fn new(
        prefix: String,
        options: device::Options,
        report: mpsc::UnboundedSender<Ended>,
    ) -> Self {
        Self { prefix, options, report, open: BTreeMap::new() }
    }

    /// Opens what is missing; those of marks that nobody wants any more are left for [`Self::close_others`].
    pub(super) fn open(
        &mut self,
        marks: &BTreeSet<u32>,
        director: &Arc<Director>,
        clock: Clock,
    ) -> Result<(), DaemonError> {
        for mark in marks {
            if self.open.contains_key(mark) {
                continue;
            }
            let name = self.name(*mark);
            let tun = Tun::open(&name, self.options)?;
            tracing::info!(device = name, mark, "device up");
            let path = Path { director: Arc::clone(director), clock, side: Side::Mark(*mark) };
            let (queues, _) = tun.into_parts();
            let workers = queues
                .into_iter()
                .enumerate()
                .map(|(number, queue)| {
                    Worker::start(format!("{name}/{number}"), queue, path.clone(), self.report.clone())
                })
                .collect::<Result<Vec<Worker>, _>>()
                .map_err(DaemonError::start("a packet thread"))?;
            self.open.insert(*mark, workers);
        }
        Ok(())
    }

    /// Closes the devices of all other marks, after the host sends nothing there any more.
    pub(super) fn close_others(&mut self, marks: &BTreeSet<u32>) {
        self.open.retain(|mark, _| marks.contains(mark));
    }

    /// The device of each mark.
    pub(super) fn names(&self) -> BTreeMap<u32, String> {
        self.open.keys().map(|mark| (*mark, self.name(*mark))).collect()
    }

    fn name(&self, mark: u32) -> String {
        format!("{}-m{mark:x}", self.prefix)
    }
}
