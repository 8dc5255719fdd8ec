//! SIGHUP: the configuration is read again, and what it declares differently is changed.

use std::path::Path;

use super::service::Live;
use crate::config::{Config, Declared};
use crate::control::OnError;

/// Applies what changed in the file since `declared`. A wrong file changes nothing. What commands changed in the
/// meantime and the file does not name stays.
pub(super) async fn reload(live: &Live, path: Option<&Path>, declared: &mut Declared) {
    let Some(path) = path else {
        tracing::warn!("nothing to reload: the director was started without --config");
        return;
    };
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(error) => {
            tracing::error!(%error, "the configuration is wrong, so nothing was changed");
            return;
        }
    };
    let commands = config.declared.changes_from(declared);
    let applied = live.change(&commands, OnError::Continue).await;
    let mut refused = 0;
    for (command, result) in commands.iter().zip(&applied.results) {
        if let Err(error) = result {
            refused += 1;
            tracing::warn!(%error, ?command, "a change of the configuration was refused");
        }
    }
    *declared = config.declared;
    tracing::info!(config = %path.display(), changes = commands.len() - refused, refused, "configuration reloaded");
}
