//! An ICMP echo.

use super::kind::Kind;
use lvs::service::Endpoint;

#[derive(Debug)]
pub(super) struct PingCheck;

impl Kind for PingCheck {
    fn asks_a_port(&self) -> bool {
        false
    }

    fn asked(&self, at: Endpoint) -> String {
        at.addr.to_string()
    }
}
