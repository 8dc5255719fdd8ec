//! Facts about a kind of check, apart from the asking.

use lvs::service::Endpoint;

/// A kind of check, as all that do not ask see it.
pub(super) trait Kind {
    /// Port that is asked when neither the target nor the server has one.
    fn usual_port(&self) -> Option<u16> {
        None
    }

    /// Whether the port makes a difference to what is asked.
    fn asks_a_port(&self) -> bool {
        true
    }

    /// Names what is asked at that end, for people.
    fn asked(&self, at: Endpoint) -> String {
        at.to_string()
    }
}
