//! Notices when somebody changes how the host forwards: the kernel tells of `forwarding` and `rp_filter` by netconf
//! messages, which the packet crate does not read. That there is one is all that is to be known.

use std::io;

use futures::FutureExt;
use rtnetlink::sys::protocols::NETLINK_ROUTE;
use rtnetlink::sys::{AsyncSocket, AsyncSocketExt, TokioSocket};

use super::error::HostError;

/// `RTNLGRP_IPV4_NETCONF` and `RTNLGRP_IPV6_NETCONF`.
const GROUPS: [u32; 2] = [24, 25];

const ROOM: usize = 4096;

pub struct SettingsWatch {
    socket: TokioSocket,
    room: Vec<u8>,
}

impl SettingsWatch {
    /// Begins to watch; to be called inside a tokio runtime.
    ///
    /// # Errors
    /// The kernel gives no such socket.
    pub fn start() -> Result<Self, HostError> {
        let open = || {
            let mut socket = TokioSocket::new(NETLINK_ROUTE)?;
            socket.socket_mut().bind_auto()?;
            GROUPS.iter().try_for_each(|group| socket.socket_mut().add_membership(*group))?;
            Ok(socket)
        };
        let socket = open().map_err(|source| HostError::Netlink { doing: "watch settings", source })?;
        Ok(Self { socket, room: Vec::with_capacity(ROOM) })
    }

    /// Waits for changes, whoever made them. False when there will be none any more.
    pub async fn changed(&mut self) -> bool {
        let heard = self.hear().await;
        // One setting of the host is many of its links.
        while self.hear().now_or_never() == Some(true) {}
        heard
    }

    async fn hear(&mut self) -> bool {
        self.room.clear();
        match self.socket.recv(&mut self.room).await {
            Ok(()) => true,
            // Some were lost, which says that there were some.
            Err(error) => is_passing(&error),
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENOBUFS) || error.kind() == io::ErrorKind::Interrupted
}
