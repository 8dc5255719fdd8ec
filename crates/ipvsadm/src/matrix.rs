//! The options that go with an action, and with a kind of tunnel.

use strum::VariantArray;

use super::fail::Fail;
use super::options::{Action, Opt, OptSet};
use super::own_options::and_own;
use lvs::service::TunnelKind;

/// Options that are to be there, that may be, and that exclude one another. All others are refused.
struct Row {
    needs: OptSet,
    may: OptSet,
    at_most_one: OptSet,
}

const NONE: OptSet = OptSet::of(&[]);
const SERVICE: OptSet = OptSet::of(&[Opt::Service]);
const SERVER: OptSet = OptSet::of(&[Opt::Service, Opt::Server]);

const TUNNEL: &[Opt] = &[Opt::TunType, Opt::TunPort, Opt::TunNocsum, Opt::TunCsum, Opt::TunRemcsum];

/// Options that only a tunnel understands.
pub(super) const TUNNEL_ONLY: OptSet = OptSet::of(TUNNEL);

const SERVICE_OPTIONS: OptSet = and_own(OptSet::of(&[
    Opt::Scheduler,
    Opt::Persistent,
    Opt::Netmask,
    Opt::OnePacket,
    Opt::Engine,
    Opt::SchedFlags,
]));

const SERVER_OPTIONS: OptSet = OptSet::of(&[
    Opt::Forwarding,
    Opt::Weight,
    Opt::UpperThreshold,
    Opt::LowerThreshold,
    Opt::TunType,
    Opt::TunPort,
    Opt::TunNocsum,
    Opt::TunCsum,
    Opt::TunRemcsum,
]);

const DAEMON_OPTIONS: OptSet = OptSet::of(&[
    Opt::McastInterface,
    Opt::SyncId,
    Opt::McastGroup,
    Opt::McastPort,
    Opt::McastTtl,
    Opt::SyncMaxlen,
]);

const LIST_OPTIONS: OptSet = OptSet::of(&[
    Opt::Numeric,
    Opt::Stats,
    Opt::Rate,
    Opt::Thresholds,
    Opt::PersistentConn,
    Opt::NoSort,
    Opt::SyncId,
    Opt::Exact,
    Opt::TunInfo,
    Opt::Json,
]);

const LISTED: OptSet = OptSet::of(&[Opt::Connection, Opt::Service, Opt::Timeout, Opt::Daemon]);

const CHECKSUMS: OptSet = OptSet::of(&[Opt::TunNocsum, Opt::TunCsum, Opt::TunRemcsum]);

const fn row(action: Action) -> Row {
    match action {
        Action::AddService | Action::EditService => {
            Row { needs: SERVICE, may: SERVICE_OPTIONS, at_most_one: NONE }
        }
        Action::DeleteService => Row { needs: SERVICE, may: NONE, at_most_one: NONE },
        Action::List => Row { needs: NONE, may: LIST_OPTIONS, at_most_one: LISTED },
        Action::AddServer | Action::EditServer => {
            Row { needs: SERVER, may: SERVER_OPTIONS, at_most_one: NONE }
        }
        Action::DeleteServer => Row { needs: SERVER, may: NONE, at_most_one: NONE },
        Action::StartDaemon => Row { needs: NONE, may: DAEMON_OPTIONS, at_most_one: NONE },
        Action::StopDaemon => Row { needs: NONE, may: OptSet::of(&[Opt::SyncId]), at_most_one: NONE },
        Action::Save => Row { needs: NONE, may: OptSet::of(&[Opt::Numeric]), at_most_one: NONE },
        Action::Zero => Row { needs: NONE, may: SERVICE, at_most_one: NONE },
        Action::Flush | Action::SetTimeouts | Action::Restore => {
            Row { needs: NONE, may: NONE, at_most_one: NONE }
        }
    }
}

const fn tunnel_row(kind: TunnelKind) -> Row {
    match kind {
        TunnelKind::Ipip => Row { needs: NONE, may: NONE, at_most_one: NONE },
        TunnelKind::Gue => Row { needs: OptSet::of(&[Opt::TunPort]), may: NONE, at_most_one: CHECKSUMS },
        TunnelKind::Gre => {
            Row { needs: NONE, may: NONE, at_most_one: OptSet::of(&[Opt::TunNocsum, Opt::TunCsum]) }
        }
    }
}

/// # Errors
/// The first option, in their order, that is missing, or too much, or excluded by an earlier one.
pub(super) fn check(action: Action, options: OptSet) -> Result<(), Fail> {
    check_row(&row(action), Opt::VARIANTS, options, &format!("'{}' command", action.name()))
}

/// As [`check`], for the options of a tunnel.
///
/// # Errors
/// As [`check`].
pub(super) fn check_tunnel(kind: TunnelKind, options: OptSet) -> Result<(), Fail> {
    let name = tunnel_name(kind);
    check_row(&tunnel_row(kind), &TUNNEL[1..], options, &format!("'{name}' tunnel type"))
}

pub(super) const fn tunnel_name(kind: TunnelKind) -> &'static str {
    match kind {
        TunnelKind::Ipip => "ipip",
        TunnelKind::Gue => "gue",
        TunnelKind::Gre => "gre",
    }
}

fn check_row(row: &Row, order: &[Opt], options: OptSet, whose: &str) -> Result<(), Fail> {
    let mut earlier: Option<Opt> = None;
    for option in order {
        let name = option.name();
        if !options.has(*option) {
            if row.needs.has(*option) {
                return Err(Fail::usage(format!("You need to supply the '{name}' option for the {whose}")));
            }
        } else if row.at_most_one.has(*option) {
            if let Some(earlier) = earlier {
                let earlier = earlier.name();
                return Err(Fail::usage(format!(
                    "The option '{name}' conflicts with the '{earlier}' option in the {whose}"
                )));
            }
            earlier = Some(*option);
        } else if !row.may.has(*option) && !row.needs.has(*option) {
            return Err(Fail::usage(format!("Illegal '{name}' option with the {whose}")));
        }
    }
    Ok(())
}
