//! Signs of trouble in the traffic itself.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::placed::Placed;
use super::seconds::Seconds;
use crate::error::Mistake;
use lvs_health::spec;

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Passive {
    interval: Option<Seconds>,
    min_connections: Option<u32>,
    unanswered: Option<u8>,
    refused: Option<u8>,
    fall: Option<u32>,
    hold_down: Option<Seconds>,
}

impl TryFrom<Placed<Passive>> for spec::Passive {
    type Error = Mistake;

    fn try_from(given: Placed<Passive>) -> Result<Self, Mistake> {
        let usual = Self::default();
        let passive = Self {
            interval: given.interval.map_or(usual.interval, Duration::from),
            min_connections: given.min_connections.unwrap_or(usual.min_connections),
            unanswered: given.unanswered.unwrap_or(usual.unanswered),
            refused: given.refused.unwrap_or(usual.refused),
            fall: given.fall.unwrap_or(usual.fall),
            hold_down: given.hold_down.map_or(usual.hold_down, Duration::from),
        };
        if passive.interval.is_zero()
            || passive.fall == 0
            || passive.unanswered > 100
            || passive.refused > 100
        {
            return Err(
                given.wrong("interval and fall must be above 0, unanswered and refused 0 to 100 percent")
            );
        }
        Ok(passive)
    }
}

impl From<spec::Passive> for Passive {
    fn from(passive: spec::Passive) -> Self {
        Self {
            interval: Some(Seconds(passive.interval)),
            min_connections: Some(passive.min_connections),
            unanswered: Some(passive.unanswered),
            refused: Some(passive.refused),
            fall: Some(passive.fall),
            hold_down: Some(Seconds(passive.hold_down)),
        }
    }
}
