//! A check as the director knows it, from the keys of the file and back.

use super::{Check, refuse_foreign};
use crate::error::Mistake;
use crate::schema::placed::{Placed, unusual};
use crate::schema::seconds::Seconds;
use lvs_health::spec::{self, Schedule, Target};

impl TryFrom<Check> for spec::Check {
    type Error = Mistake;

    fn try_from(given: Check) -> Result<Self, Mistake> {
        refuse_foreign(&given)?;
        Ok(Self {
            kind: given.kind()?,
            schedule: given.schedule()?,
            alpha: given.alpha,
            log_all_failures: given.log_all_failures,
            target: Target {
                connect_ip: given.address,
                connect_port: given.port,
                bind_ip: given.bind_address,
                bind_port: given.bind_port,
                bind_interface: given.interface,
                fwmark: given.fwmark,
                via_server: None,
            },
        })
    }
}

impl From<&spec::Check> for Check {
    fn from(check: &spec::Check) -> Self {
        let spec::Check { kind, target, schedule, alpha, log_all_failures } = check;
        let usual = Schedule::default();
        let seconds = |time, usual| unusual(time, usual).map(Seconds);
        let common = Self {
            kind: kind.check_type().into(),
            interval: seconds(schedule.interval, usual.interval).map(Placed::from),
            jitter: unusual(schedule.jitter, usual.jitter).map(Placed::from),
            timeout: seconds(schedule.timeout, usual.timeout).map(Placed::from),
            retry: unusual(schedule.retry, usual.retry),
            delay_before_retry: seconds(schedule.delay_before_retry, usual.delay_before_retry),
            rise: unusual(schedule.rise, usual.rise).map(Placed::from),
            fall: unusual(schedule.fall, usual.fall).map(Placed::from),
            warmup: schedule.warmup.map(Seconds),
            alpha: *alpha,
            log_all_failures: *log_all_failures,
            address: target.connect_ip,
            port: target.connect_port,
            bind_address: target.bind_ip,
            bind_port: target.bind_port,
            interface: target.bind_interface.clone(),
            fwmark: target.fwmark,
            via_server: target.via_server.map(|_| true.into()),
            ..Self::default()
        };
        common.of_kind(kind)
    }
}

impl Check {
    fn schedule(&self) -> Result<Schedule, Mistake> {
        let usual = Schedule::default();
        let time = |given: &Option<Placed<Seconds>>, usual, what: &str| match given {
            Some(given) if given.0.is_zero() => Err(given.wrong(format!("{what} must be above 0"))),
            Some(given) => Ok(given.0),
            None => Ok(usual),
        };
        let count = |given: &Option<Placed<u32>>, usual, what: &str| match given {
            Some(given) if **given == 0 => Err(given.wrong(format!("{what} must be 1 or more"))),
            Some(given) => Ok(**given),
            None => Ok(usual),
        };
        if let Some(jitter) = self.jitter.as_ref().filter(|jitter| ***jitter > 100) {
            return Err(jitter.wrong("jitter is 0 to 100 percent"));
        }
        Ok(Schedule {
            interval: time(&self.interval, usual.interval, "interval")?,
            jitter: self.jitter.as_deref().copied().unwrap_or(usual.jitter),
            timeout: time(&self.timeout, usual.timeout, "timeout")?,
            retry: self.retry.unwrap_or(usual.retry),
            delay_before_retry: self.delay_before_retry.map_or(usual.delay_before_retry, |delay| delay.0),
            rise: count(&self.rise, usual.rise, "rise")?,
            fall: count(&self.fall, usual.fall, "fall")?,
            warmup: self.warmup.map(|warmup| warmup.0),
        })
    }
}
