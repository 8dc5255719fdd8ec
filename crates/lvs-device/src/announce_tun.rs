//! An interface that nobody reads: the kernel takes it, and all routes by it, away when the last process that holds it ends, however
//! that ends. What is announced by such routes is announced by a director that lives.

use std::io;
use std::os::fd::OwnedFd;

use super::open::{self, DeviceError};

/// An interface that exists as long as this does.
#[derive(Debug)]
pub struct AnnounceTun {
    fd: OwnedFd,
}

impl AnnounceTun {
    /// Makes a new interface, still down.
    ///
    /// # Errors
    /// No driver or no permission, or the name is taken.
    pub fn open(name: &str) -> Result<Self, DeviceError> {
        Ok(Self { fd: open::bare(name)? })
    }

    /// Goes on with one of another process.
    pub const fn adopt(fd: OwnedFd) -> Self {
        Self { fd }
    }

    /// Another descriptor of the same, for [`Self::adopt`].
    ///
    /// # Errors
    /// The system refuses one.
    pub fn hand_over(&self) -> io::Result<OwnedFd> {
        self.fd.try_clone()
    }
}
