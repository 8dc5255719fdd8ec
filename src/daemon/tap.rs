//! Shows packets to the open taps of `tunvs capture`; called by the packet loop only where there is one.

use super::clock::unix_nanos;
use super::datapath::Path;
use lvs::director::{Side, Verdict};
use lvs_wire::{Outbox, PacketBuf};

/// A packet after the decision, in the place of what it was before.
pub(super) fn show(path: &Path, before: &[u8], verdict: Verdict, packet: &PacketBuf, outbox: &Outbox) {
    let side = || match path.side {
        Side::Client => "client".to_owned(),
        Side::Server => "server".to_owned(),
        Side::Mark(mark) => format!("mark {mark}"),
    };
    let name = match verdict {
        Verdict::Drop(reason) => format!("drop: {}", reason.name()),
        Verdict::Route(neighbour) => format!("route to {neighbour}"),
        other => other.name().to_owned(),
    };
    path.taps.see((unix_nanos(), side, &name), before, || {
        let rest = outbox.iter().map(PacketBuf::bytes);
        match verdict {
            Verdict::Forward | Verdict::Pass | Verdict::Route(_) => {
                std::iter::once(packet.bytes()).chain(rest).collect()
            }
            Verdict::Split | Verdict::Hold | Verdict::Reply | Verdict::Drop(_) => rest.collect(),
        }
    });
}
