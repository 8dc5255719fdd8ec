//! Opening `/dev/net/tun` and making an interface of it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::thread;
use std::time::Duration;

use lvs_sys::tun_driver as ioctl;
use nix::errno::Errno;

use super::offload::{Features, KernelRelease};

/// The longest interface name (`IFNAMSIZ` less the terminating zero).
pub const MAX_NAME: usize = ioctl::MAX_NAME;

const DRIVER: &str = "/dev/net/tun";

/// A process that was killed lets go of its queues a moment later.
const BUSY_TRIES: u32 = 50;
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// How to open a TUN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Read super-packets and partial checksums where the kernel can.
    pub offload: bool,
    /// Write super-packets into tunnels whole where the kernel can.
    pub tunnel_offload: bool,
    pub queues: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { offload: true, tunnel_offload: true, queues: 1 }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    #[error(
        "{DRIVER} does not exist: load the kernel module `tun`, or give the container the device \
         (docker run --device {DRIVER})"
    )]
    NoDriver,
    #[error("{DRIVER} cannot be opened: be root, or have the container's device rules allow it")]
    DriverDenied,
    #[error("creating the interface {name} needs CAP_NET_ADMIN: be root, or add the capability")]
    NoCapability { name: String },
    #[error(
        "an interface called {name} exists already: remove it, or choose other names with --tun-prefix (a director that was killed \
         leaves it to the next one that has its run-time directory)"
    )]
    NameTaken { name: String },
    #[error("{name:?} cannot be the name of an interface: use 1 to {MAX_NAME} letters, digits, - and _")]
    BadName { name: String },
    #[error("the interface {name} cannot have {queues} queues: use 1 to 256")]
    Queues { name: String, queues: usize },
    #[error("cannot set up the interface {name}: {step}")]
    Setup { name: String, step: &'static str, source: io::Error },
    #[error("cannot open {DRIVER}")]
    Driver(#[source] io::Error),
}

/// Whether the interface is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Must not be there, or belongs to somebody else.
    New,
    /// May be there, and is ours.
    Left,
}

/// An interface. It lives as long as a descriptor of it is open, or longer if it is to.
#[derive(Debug)]
pub(super) struct Opened {
    /// A descriptor for each.
    pub(super) queues: Vec<OwnedFd>,
    pub(super) features: Features,
}

/// Opens all queues of an interface.
pub(super) fn open(name: &str, options: Options, found: Found) -> Result<Opened, DeviceError> {
    check(name, options)?;
    let mut flags = libc::IFF_TUN | libc::IFF_NO_PI | libc::IFF_VNET_HDR;
    if options.queues > 1 {
        flags |= libc::IFF_MULTI_QUEUE;
    }
    let mut queues = Vec::with_capacity(options.queues);
    // The first one must create the interface, not join somebody else's; the others join it.
    let first = match found {
        Found::New => attach(name, flags | libc::IFF_TUN_EXCL)?,
        Found::Left => attach_left(name, flags)?,
    };
    ioctl::little_endian(&first).map_err(|errno| setup(name, "TUNSETVNETLE", errno.into()))?;
    let features =
        Features::negotiate(options.offload, KernelRelease::running(), |bits| ioctl::offload(&first, bits))
            .map_err(|source| setup(name, "TUNSETOFFLOAD", source))?;
    queues.push(OwnedFd::from(first));
    for _ in 1..options.queues {
        let queue = attach(name, flags)?;
        ioctl::little_endian(&queue).map_err(|errno| setup(name, "TUNSETVNETLE", errno.into()))?;
        queues.push(OwnedFd::from(queue));
    }
    Ok(Opened { queues, features })
}

/// A new interface without super-packets.
pub(super) fn bare(name: &str) -> Result<OwnedFd, DeviceError> {
    check_name(name)?;
    Ok(attach(name, libc::IFF_TUN | libc::IFF_NO_PI | libc::IFF_TUN_EXCL)?.into())
}

/// Tells what is wrong with a wish for an interface, whatever the host.
///
/// # Errors
/// No interface can have that name, or so many queues.
pub fn check(name: &str, options: Options) -> Result<(), DeviceError> {
    check_name(name)?;
    if !(1..=256).contains(&options.queues) {
        return Err(DeviceError::Queues { name: name.to_owned(), queues: options.queues });
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), DeviceError> {
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(valid) || name == "." || name == ".." {
        return Err(DeviceError::BadName { name: name.to_owned() });
    }
    Ok(())
}

/// Abilities of the driver, asked without making an interface (`TUNGETFEATURES`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Driver {
    pub vnet_hdr: bool,
    pub multi_queue: bool,
}

/// Opens the driver, asks it and closes it again.
///
/// # Errors
/// The driver is not there, or not for us.
pub fn driver() -> Result<Driver, DeviceError> {
    let file = open_driver()?;
    let flags = ioctl::features(&file).map_err(|errno| DeviceError::Driver(errno.into()))?;
    let has = |flag: libc::c_int| flags & flag.cast_unsigned() != 0;
    Ok(Driver { vnet_hdr: has(libc::IFF_VNET_HDR), multi_queue: has(libc::IFF_MULTI_QUEUE) })
}

const ATTACH: &str = "TUNSETIFF";

fn open_driver() -> Result<File, DeviceError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(DRIVER)
        .map_err(|source| match source.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ENOENT | Errno::ENODEV | Errno::ENXIO) => DeviceError::NoDriver,
            Some(Errno::EACCES | Errno::EPERM) => DeviceError::DriverDenied,
            _ => DeviceError::Driver(source),
        })
}

fn attach(name: &str, flags: i32) -> Result<File, DeviceError> {
    let file = open_driver()?;
    match ioctl::attach(&file, name, flags) {
        Ok(()) => Ok(file),
        Err(Errno::EPERM) => Err(DeviceError::NoCapability { name: name.to_owned() }),
        Err(Errno::EBUSY | Errno::EEXIST) => Err(DeviceError::NameTaken { name: name.to_owned() }),
        Err(errno) => Err(setup(name, ATTACH, errno.into())),
    }
}

/// Joins an interface that a process left. One that was made for another number of queues is made anew.
fn attach_left(name: &str, flags: i32) -> Result<File, DeviceError> {
    let mut attached = attach(name, flags);
    for _ in 0..BUSY_TRIES {
        match attached {
            Err(DeviceError::NameTaken { .. }) => {
                thread::sleep(BUSY_PAUSE);
                attached = attach(name, flags);
            }
            Err(DeviceError::Setup { step: ATTACH, .. }) => {
                let other = attach(name, flags ^ libc::IFF_MULTI_QUEUE)?;
                keep(&other, false).map_err(|source| setup(name, "TUNSETPERSIST", source))?;
                drop(other);
                return attach(name, flags | libc::IFF_TUN_EXCL);
            }
            Ok(_) | Err(_) => return attached,
        }
    }
    attached
}

/// Whether the interface outlives its last descriptor.
pub(super) fn keep(fd: &impl AsRawFd, is_lasting: bool) -> io::Result<()> {
    Ok(ioctl::persist(fd, is_lasting)?)
}

fn setup(name: &str, step: &'static str, source: io::Error) -> DeviceError {
    DeviceError::Setup { name: name.to_owned(), step, source }
}

/// Switches super-packets and partial checksums off; the kernel then does that work before we read.
pub(super) fn switch_off(fd: &impl AsRawFd) -> io::Result<()> {
    Ok(ioctl::offload(fd, 0)?)
}
