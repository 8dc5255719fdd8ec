//! Steps that a start would take, for those who ask before it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use lvs::director::Captures;

use super::super::change::Step;
use super::super::error::HostError;
use super::super::kernel::Netlink;
use super::super::options::{HostOptions, TunNames};
use super::super::plan;
use super::super::stop::StopFlag;
use super::{Engine, Plumbing};

impl Plumbing {
    /// The steps that starting with these options and captures would take.
    ///
    /// # Errors
    /// The host cannot be read, or has no room for the rules.
    pub async fn dry_run(
        options: HostOptions,
        tuns: TunNames,
        captures: &Captures,
        mark_tuns: &BTreeMap<u32, String>,
        announced: Option<BTreeSet<IpAddr>>,
    ) -> Result<Vec<Step>, HostError> {
        let options = HostOptions { journal: None, ..options };
        let engine = Engine::new(Netlink::connect()?, options, tuns, None, StopFlag::default()).await?;
        let mut engine = Engine { announced, ..engine };
        let mut steps = plan::devices(&engine.options, &engine.tuns);
        for family in plan::families(&engine.options, captures) {
            let (layout, base) = engine.base(family)?;
            engine.layouts.insert(family, layout);
            steps.extend(base);
        }
        steps.extend(engine.follow(captures, mark_tuns));
        Ok(steps)
    }
}
