//! Questions to a director among others: what it announces to routers, and how it retires.

use super::{Client, ClientError};
use crate::fleet::Vips;
use crate::protocol::{Request, Response};

impl Client {
    /// # Errors
    /// The director could not be asked.
    pub fn vips(&mut self) -> Result<Vips, ClientError> {
        match self.request(&Request::Vips)? {
            Response::Vips(vips) => Ok(*vips),
            _ => Err(self.mismatch()),
        }
    }

    /// Has the director withdraw all announcements and end when its traffic has gone, or after this many milliseconds.
    ///
    /// # Errors
    /// The director could not be asked.
    pub fn retire(&mut self, deadline_ms: u64) -> Result<Vips, ClientError> {
        match self.request(&Request::Retire { deadline_ms })? {
            Response::Vips(vips) => Ok(*vips),
            _ => Err(self.mismatch()),
        }
    }
}
