//! Messages of a master: one in the making and a queue for each port.

use std::collections::VecDeque;
use std::time::Duration;

use super::encode::{Message, Version, len_of};
use super::record::Record;
use crate::time::Time;

/// How long a record may wait for others (`IPVS_SYNC_FLUSH_TIME`).
const FLUSH_AFTER: Duration = Duration::from_secs(2);

/// A message to be sent to the group at that port, counted from the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub port: usize,
    pub message: Vec<u8>,
}

#[derive(Debug)]
pub struct Master {
    sync_id: u8,
    max_len: usize,
    ports: Vec<Port>,
}

#[derive(Debug, Default)]
struct Port {
    filling: Option<Filling>,
    queue: VecDeque<Vec<u8>>,
}

/// Message in the making.
#[derive(Debug)]
struct Filling {
    message: Message,
    /// When its first record came.
    since: Time,
}

impl Master {
    /// `ports`: a power of two.
    pub fn new(sync_id: u8, max_len: usize, ports: usize) -> Self {
        Self { sync_id, max_len, ports: (0..ports.max(1)).map(|_| Port::default()).collect() }
    }

    pub const fn port_count(&self) -> usize {
        self.ports.len()
    }

    /// Puts a record into the message of a port; `spread` chooses the port. A message that is full goes to the
    /// queue. False when the queue holds `longest` messages already, and one was lost.
    pub fn add(
        &mut self,
        spread: usize,
        record: &Record,
        version: Version,
        longest: usize,
        now: Time,
    ) -> bool {
        let number = spread & (self.ports.len() - 1);
        let port = &mut self.ports[number];
        if let Some(filling) = &mut port.filling
            && filling.message.add(version, record)
        {
            return true;
        }
        let full = port.filling.take();
        let mut message = Message::new(version, self.sync_id, self.max_len, len_of(version, record));
        message.add(version, record);
        port.filling = Some(Filling { message, since: now });
        let Some(full) = full else { return true };
        let has_room = port.queue.len() < longest;
        if has_room {
            port.queue.push_back(full.message.finish());
        }
        has_room
    }

    /// Whether a message is full.
    pub fn has_full(&self) -> bool {
        self.ports.iter().any(|port| !port.queue.is_empty())
    }

    /// Takes what is to be sent: full messages, and those whose first record has waited long enough.
    pub fn take(&mut self, now: Time) -> Vec<Outgoing> {
        let mut out = Vec::new();
        for (number, port) in self.ports.iter_mut().enumerate() {
            let send = |message| Outgoing { port: number, message };
            out.extend(port.queue.drain(..).map(send));
            let is_due = |filling: &mut Filling| now.since(filling.since) >= FLUSH_AFTER;
            if let Some(filling) = port.filling.take_if(is_due) {
                out.push(send(filling.message.finish()));
            }
        }
        out
    }
}
