//! Numbers for Prometheus, and a line for each connection.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::declared::Exporters;

/// Numbers for Prometheus.
#[derive(Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Metrics {
    listen: Option<SocketAddr>,
    series: Option<usize>,
}

/// A line for each connection.
#[derive(Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FlowLog {
    file: Option<PathBuf>,
    begins: Option<bool>,
    rate: Option<NonZeroU32>,
}

impl From<(Metrics, FlowLog)> for Exporters {
    fn from((Metrics { listen, series }, FlowLog { file, begins, rate }): (Metrics, FlowLog)) -> Self {
        Self {
            metrics: listen,
            metrics_series: series,
            flow_log: file,
            flow_begins: begins,
            flow_rate: rate.map(NonZeroU32::get),
        }
    }
}

impl From<&Exporters> for (Metrics, FlowLog) {
    fn from(exporters: &Exporters) -> Self {
        let Exporters { metrics, metrics_series, flow_log, flow_begins, flow_rate } = exporters.clone();
        let rate = flow_rate.and_then(NonZeroU32::new);
        (
            Metrics { listen: metrics, series: metrics_series },
            FlowLog { file: flow_log, begins: flow_begins, rate },
        )
    }
}
