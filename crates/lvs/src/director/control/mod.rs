//! Commands and queries: the one place where tables change, and what is told of them. Same job as `ip_vs_ctl.c`.

pub(in crate::director) mod apply;
pub(in crate::director) mod captures;
pub(in crate::director) mod census;
pub(in crate::director) mod command;
pub(in crate::director) mod copy;
pub(in crate::director) mod explain;
pub(in crate::director) mod export;
pub(in crate::director) mod import;
pub(in crate::director) mod keep;
pub(in crate::director) mod kernel;
pub(in crate::director) mod pin;
mod restored_servers;
pub(in crate::director) mod restoring;
pub(in crate::director) mod status;
pub(in crate::director) mod sysctl;
pub(in crate::director) mod table_status;
pub(in crate::director) mod take_over;
pub(in crate::director) mod wanted_ports;
