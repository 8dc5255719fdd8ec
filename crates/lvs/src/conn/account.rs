//! Traffic of one connection.

use crate::time::Time;

/// Traffic of a connection. A super-packet counts once, as everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub start: Time,
    /// When its last packet came.
    pub last: Time,
    pub in_packets: u64,
    /// Of the IP packets.
    pub in_bytes: u64,
    pub out_packets: u64,
    pub out_bytes: u64,
}

impl Account {
    pub const fn count_in(&mut self, bytes: u64, now: Time) {
        self.in_packets += 1;
        self.in_bytes += bytes;
        self.last = now;
    }

    /// Counts packets and bytes that came until `last`, of the client or of the server.
    pub fn grow(&mut self, is_in: bool, packets: u64, bytes: u64, last: Time) {
        if is_in {
            self.in_packets += packets;
            self.in_bytes += bytes;
        } else {
            self.out_packets += packets;
            self.out_bytes += bytes;
        }
        self.last = self.last.max(last);
    }

    pub const fn count_out(&mut self, bytes: u64, now: Time) {
        self.out_packets += 1;
        self.out_bytes += bytes;
        self.last = now;
    }
}
