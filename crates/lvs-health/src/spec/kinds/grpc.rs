//! A question of the health service of gRPC.

use serde::{Deserialize, Serialize};

use super::http::Tls;
use super::kind::Kind;
use lvs::service::Endpoint;

/// `grpc.health.v1.Health/Check`; it must answer SERVING.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GrpcCheck {
    /// Empty asks for the server as a whole.
    pub service: String,
    /// The `:authority` sent; None is the address connected to.
    pub authority: Option<String>,
    pub tls: Option<Tls>,
}

impl Kind for GrpcCheck {
    fn asked(&self, at: Endpoint) -> String {
        if self.service.is_empty() { at.to_string() } else { format!("{at} {}", self.service) }
    }
}
