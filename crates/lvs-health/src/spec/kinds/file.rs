//! A number that others write into a file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use lvs::service::Endpoint;

/// A number in a file, as keepalived's `FILE_CHECK` reads it. No file, or none in it, is 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FileCheck {
    pub path: PathBuf,
    /// The factor of the number before it is added to the server's weight. 0: any number but 0 is a failure.
    pub weight: i32,
    /// The other sign; with a weight of 0: the number 0 is a failure.
    pub reverse: bool,
}

impl Kind for FileCheck {
    fn asks_a_port(&self) -> bool {
        false
    }

    fn asked(&self, _: Endpoint) -> String {
        self.path.display().to_string()
    }
}
