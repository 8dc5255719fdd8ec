//! Places of emulated sockets: the thread and the number that each was last seen at. Pure.

use std::collections::HashMap;

/// Pairs of a thread and a number that are remembered at most.
const MOST: usize = 4096;

/// Last places of sockets; each is compared before it is believed.
#[derive(Debug, Default)]
pub(super) struct Places(HashMap<(i32, u32), u64>);

impl Places {
    pub(super) fn note(&mut self, thread: i32, fd: u32, socket: u64) {
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert((thread, fd), socket);
    }

    pub(super) fn last(&self, thread: i32, fd: u32) -> Option<u64> {
        self.0.get(&(thread, fd)).copied()
    }
}
