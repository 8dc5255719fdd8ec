//! The file as a whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Value;

use super::director::DirectorOptions;
use super::exporters::{FlowLog, Metrics};
use super::placed::{Placed, is_default};
use super::service::Service;
use super::sync::{Sync, Timeouts};
use crate::declared::Declared;
use crate::error::Mistake;

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct File {
    #[serde(skip_serializing)]
    pub(crate) director: DirectorOptions,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) metrics: Metrics,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) flow_log: FlowLog,
    pub(crate) timeouts: Option<Placed<Timeouts>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) sysctl: BTreeMap<String, Placed<Value>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) sync: Vec<Placed<Sync>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) service: Vec<Placed<Service>>,
}

/// The text of a setting that is written as a number, a boolean or a text.
pub(crate) fn setting(value: &Placed<Value>) -> Result<String, Mistake> {
    match &**value {
        Value::Integer(number) => Ok(number.to_string()),
        Value::Boolean(on) => Ok(u8::from(*on).to_string()),
        Value::String(text) => Ok(text.clone()),
        _ => Err(value.wrong("a setting is a number, or text such as \"3 50\"")),
    }
}

fn written(setting: &str) -> Placed<Value> {
    let number = setting.parse::<i64>().ok().filter(|number| number.to_string() == setting);
    number.map_or_else(|| Value::from(setting), Value::from).into()
}

impl From<&Declared> for File {
    fn from(declared: &Declared) -> Self {
        let (metrics, flow_log) = (&declared.exporters).into();
        let service = declared.services.iter().map(|service| {
            let health = declared.health.iter().find(|health| health.service == service.spec.key);
            Service::from((service, health, declared.sources(&service.spec.key))).into()
        });
        Self {
            director: DirectorOptions::default(),
            metrics,
            flow_log,
            timeouts: declared.timeouts.map(|timeouts| Timeouts::from(timeouts).into()),
            sysctl: declared.sysctls.iter().map(|(name, value)| (name.clone(), written(value))).collect(),
            sync: declared.daemons.iter().map(|daemon| Sync::from(daemon).into()).collect(),
            service: service.collect(),
        }
    }
}
