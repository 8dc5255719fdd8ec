//! A connection that can be opened.

use super::kind::Kind;

#[derive(Debug)]
pub(super) struct TcpCheck;

impl Kind for TcpCheck {}
