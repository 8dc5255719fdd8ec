//! Servers as a source tells of them, before anybody looks whether they may be taken.

use std::net::IpAddr;
use std::sync::Arc;

use crate::kubernetes::Cluster;

/// A server that a source tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub addr: IpAddr,
    pub port: Option<u16>,
    pub weight: Option<i32>,
    pub stage: Stage,
}

impl Found {
    /// A server that serves.
    pub const fn at(addr: IpAddr, port: Option<u16>) -> Self {
        Self { addr, port, weight: None, stage: Stage::Serving }
    }
}

/// State of a server, the better the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Not ready: it keeps its connections and gets no new ones (weight 0).
    Unready,
    /// Ending: it is drained.
    Draining,
    Serving,
}

/// All that a feed says.
#[derive(Clone, Debug)]
pub enum Content {
    Servers(Vec<Found>),
    Cluster(Arc<Cluster>),
}

/// News of a feed.
#[derive(Clone, Debug)]
pub struct Said {
    /// None: what it said last still counts.
    pub content: Option<Content>,
    pub trouble: Option<Trouble>,
}

impl From<Result<Content, Trouble>> for Said {
    fn from(said: Result<Content, Trouble>) -> Self {
        match said {
            Ok(content) => Self { content: Some(content), trouble: None },
            Err(trouble) => Self { content: None, trouble: Some(trouble) },
        }
    }
}

/// Reason why a feed says nothing. What it said before goes on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("{0}")]
    Failed(String),
    /// A name is known to have no address, which counts when it lasts.
    #[error("{0}")]
    Empty(String),
}
