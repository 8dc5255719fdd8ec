//! Super-packets of tunnels, whole: a BPF program at the entrance of a TUN (TCX) that tells the kernel what it has.
//!
//! A virtio header can ask for TCP segmentation but not say that the TCP lies in a tunnel, and the kernel's offloads of
//! tunnels refuse a packet whose type does not say so. The program takes the outer headers off such a packet and puts
//! the same bytes on again by `bpf_skb_adjust_room`, which notes the type. It changes nothing else, and sees nothing but
//! packets of more than one segment whose outermost header is one of a tunnel: ours alone.
//! Where the kernel has no TCX (before 6.6) or the start no CAP_BPF, tunnels are cut packet by packet.

mod program;

use std::io;
use std::os::fd::OwnedFd;

use lvs_sys::bpf_program;

/// Programs that the kernel lets us load, once for all devices.
#[derive(Debug)]
pub struct TunnelOffload {
    program: OwnedFd,
}

/// A program at the entrance of a device, for as long as this lives.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) link: OwnedFd,
}

impl TunnelOffload {
    /// # Errors
    /// No CAP_BPF, or a kernel without BPF.
    pub fn load() -> io::Result<Self> {
        Ok(Self { program: bpf_program::load("tunvs_tunnels", &program::instructions())? })
    }

    /// Goes on with a program that another process has loaded.
    pub const fn adopt(program: OwnedFd) -> Self {
        Self { program }
    }

    /// Another descriptor of the program, for [`Self::adopt`].
    ///
    /// # Errors
    /// The system refuses one.
    pub fn program(&self) -> io::Result<OwnedFd> {
        self.program.try_clone()
    }

    /// # Errors
    /// A kernel without TCX, or the device is gone.
    pub(super) fn attach(&self, interface: u32) -> io::Result<Attached> {
        Ok(Attached { link: bpf_program::attach(&self.program, interface)? })
    }
}
