//! Lists of clients that services take, as packets ask them. Made by whoever reads the files, and replaced whole.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use foldhash::fast::FixedState;
use parking_lot::RwLock;

use crate::service::{AccessList, ServiceKey};

/// The lists of all services that have any.
#[derive(Debug, Default)]
pub(in crate::director) struct AccessLists {
    is_any: AtomicBool,
    lists: RwLock<HashMap<ServiceKey, Arc<AccessList>, FixedState>>,
}

impl AccessLists {
    /// Whether a service takes no new connections of a client.
    pub(in crate::director) fn deny(&self, service: &ServiceKey, client: IpAddr) -> bool {
        self.is_any.load(Relaxed) && self.lists.read().get(service).is_some_and(|list| !list.allows(client))
    }

    /// Replaces all of them.
    pub(in crate::director) fn replace(
        &self,
        lists: impl IntoIterator<Item = (ServiceKey, Arc<AccessList>)>,
    ) {
        let lists: HashMap<_, _, FixedState> = lists.into_iter().collect();
        let is_any = !lists.is_empty();
        let before = std::mem::replace(&mut *self.lists.write(), lists);
        self.is_any.store(is_any, Relaxed);
        // Large ones are not taken down under the lock.
        drop(before);
    }
}
