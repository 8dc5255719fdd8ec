//! The work that a TUN leaves undone for us: the ladder of `TUNSETOFFLOAD`.
//!
//! The more is asked for, the larger the packets that are read: with TSO one read is up to 64 KB of a stream. What
//! an older kernel does not know it answers with EINVAL, and the next rung is tried. The setting belongs to the
//! device, not to the descriptor, so the lowest rung (nothing) is set explicitly too.

use std::fmt;
use std::io;

use nix::errno::Errno;

/// Offloads that were agreed on, as `TUN_F_*` bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Features(u32);

const CHECKSUM: u32 = libc::TUN_F_CSUM;
const TSO: u32 = CHECKSUM | libc::TUN_F_TSO4 | libc::TUN_F_TSO6;
const ECN: u32 = TSO | libc::TUN_F_TSO_ECN;
const USO: u32 = ECN | libc::TUN_F_USO4 | libc::TUN_F_USO6;

const LADDER: [Features; 5] = [Features(USO), Features(ECN), Features(TSO), Features(CHECKSUM), Features(0)];

impl Features {
    pub const NONE: Self = Self(0);

    /// Agreement that another process has come to.
    pub const fn agreed(bits: u32) -> Self {
        Self(bits)
    }

    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Packets longer than the MTU may come.
    pub const fn super_packets(self) -> bool {
        self.0 & libc::TUN_F_TSO4 != 0
    }

    const fn uses_uso(self) -> bool {
        self.0 & libc::TUN_F_USO4 != 0
    }

    /// Climbs down until `set` (the ioctl) agrees.
    pub(super) fn negotiate(
        wanted: bool,
        release: KernelRelease,
        mut set: impl FnMut(u32) -> Result<(), Errno>,
    ) -> io::Result<Self> {
        for rung in LADDER {
            if rung != Self::NONE && !wanted || rung.uses_uso() && release.corrupts_uso() {
                continue;
            }
            match set(rung.0) {
                Ok(()) => return Ok(rung),
                Err(Errno::EINVAL) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Err(Errno::EINVAL.into())
    }
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            USO => "checksum, tso, ecn, uso",
            ECN => "checksum, tso, ecn",
            TSO => "checksum, tso",
            CHECKSUM => "checksum",
            _ => "none",
        };
        f.write_str(name)
    }
}

/// Version of the running kernel; zeros when unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KernelRelease(u32, u32, u32);

impl KernelRelease {
    pub(super) fn running() -> Self {
        std::fs::read_to_string("/proc/sys/kernel/osrelease")
            .map_or_else(|_| Self::default(), |text| Self::parse(&text))
    }

    /// Reads "6.18.44-generic" and the like.
    pub(super) fn parse(text: &str) -> Self {
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        Self(next(), next(), next())
    }

    /// Whether these offloads forward UDP super-packets with a damaged last segment.
    pub(super) fn corrupts_uso(self) -> bool {
        (Self(7, 0, 0)..=Self(7, 1, 4)).contains(&self)
    }
}
