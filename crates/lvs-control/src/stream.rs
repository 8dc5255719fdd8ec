//! Answers that come in parts: what can be asked for, and what the parts are.

use std::sync::Arc;

use futures::stream::{self, BoxStream, StreamExt};
use serde::{Deserialize, Serialize};

use crate::capture::{CaptureRequest, Captured, Taps};
use crate::events::Events;
use lvs::Time;
use lvs::director::{ConnDetail, ConnEntry, ConnFilter, Director, StateCount, TablePart};
use lvs_events::{Event, Record};

/// A request that is answered in parts, until the last or until the client hangs up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamRequest {
    /// The last `past` events; with `follow`, all that come after them too.
    Events { past: usize, follow: bool },
    /// The connections that the kernel would list, as the classic listings show them.
    Entries,
    /// The connections that the filter takes.
    Connections(ConnFilter),
    /// How many of them there are by state; the counts of all parts are added up.
    States(ConnFilter),
    /// Packets before and after the director, from now on.
    Capture(CaptureRequest),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Event(Record),
    Entries(Vec<ConnEntry>),
    Connections(Vec<ConnDetail>),
    States(Vec<StateCount>),
    /// The first batch is empty: from then on nothing is missed.
    Packets(Vec<Captured>),
    /// No more captures can be open at once.
    TooMany,
}

impl StreamRequest {
    /// Whether all of it is there already, and only has to be listed.
    pub(crate) const fn is_listing(&self) -> bool {
        match self {
            Self::Entries | Self::Connections(_) | Self::States(_) => true,
            Self::Events { .. } | Self::Capture(_) => false,
        }
    }
}

/// The parts of an answer.
pub type Parts = BoxStream<'static, Part>;

/// Events as parts. The last one is that the director stops.
pub fn events(events: &Events, past: usize, follow: bool) -> Parts {
    let mut subscription = events.subscribe(past);
    if !follow {
        let past: Vec<Part> = subscription.past().map(Part::Event).collect();
        return stream::iter(past).boxed();
    }
    let parts = stream::unfold(Some(subscription), |subscription| async {
        let mut subscription = subscription?;
        let record = subscription.next().await?;
        let next = (record.event != Event::Stopping).then_some(subscription);
        Some((Part::Event(record), next))
    });
    parts.boxed()
}

/// Connections that the kernel would list, as parts. Between two of them nothing is held.
pub fn entries(director: Arc<Director>, now: impl Fn() -> Time + Send + 'static) -> Parts {
    by_turns(move |start| director.entries_from(start, now())).map(Part::Entries).boxed()
}

/// Connections as parts. Between two of them nothing is held, however long the client takes.
pub fn connections(
    director: Arc<Director>,
    filter: ConnFilter,
    now: impl Fn() -> Time + Send + 'static,
) -> Parts {
    let found = by_turns(move |start| director.connections_from(start, &filter, now()));
    found.map(Part::Connections).boxed()
}

/// How many connections are in which state, as parts.
pub fn states(director: Arc<Director>, filter: ConnFilter) -> Parts {
    by_turns(move |start| director.states_from(start, &filter)).map(Part::States).boxed()
}

/// Searches one part of the table after the other; nothing where nothing is found.
fn by_turns<T: Send + 'static>(
    look: impl Fn(u32) -> TablePart<T> + Send + 'static,
) -> BoxStream<'static, Vec<T>> {
    let parts = stream::unfold(Some(0), move |start| {
        let part = start.map(&look);
        async move {
            let TablePart { rows, next } = part?;
            // Other tasks have their turn even where nothing is found for long.
            tokio::task::yield_now().await;
            Some((rows, next))
        }
    });
    parts.filter(|found| std::future::ready(!found.is_empty())).boxed()
}

/// Packets in one part at most.
const BATCH: usize = 64;

/// Captured packets as parts.
pub fn packets(taps: &Arc<Taps>, request: &CaptureRequest) -> Parts {
    let Some(reader) = taps.open(request.clone()) else {
        return stream::iter([Part::TooMany]).boxed();
    };
    let begun = stream::iter([Part::Packets(Vec::new())]);
    let parts = stream::unfold(reader, |mut reader| async {
        let packets = reader.next(BATCH).await?;
        Some((Part::Packets(packets), reader))
    });
    begun.chain(parts).boxed()
}
