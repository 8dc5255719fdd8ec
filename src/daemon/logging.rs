//! The log: lines go to standard error, as text or JSON.

use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{fmt, registry};

pub use lvs_config::LogFormat;

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error(
        "{filter:?} is no log filter: use error, warn, info, debug, trace, or one like \"info,tunvs::control=debug\""
    )]
    Filter { filter: String, source: ParseError },
    #[error("logging is set up already")]
    Twice(#[from] tracing::subscriber::SetGlobalDefaultError),
}

/// Sets up logging for the process. Without a filter, RUST_LOG decides, and "info" without that.
///
/// # Errors
/// The filter makes no sense.
pub fn start(filter: Option<&str>, format: LogFormat) -> Result<(), LogError> {
    let from_environment = std::env::var("RUST_LOG").ok().filter(|text| !text.is_empty());
    let text = filter.or(from_environment.as_deref()).unwrap_or("info");
    let targets: Targets =
        text.parse().map_err(|source| LogError::Filter { filter: text.to_owned(), source })?;
    let layer = fmt::layer().with_writer(io::stderr);
    match format {
        LogFormat::Text => {
            let layer = layer.with_ansi(io::stderr().is_terminal()).with_target(false);
            begin(registry().with(layer).with(targets))
        }
        LogFormat::Json => begin(registry().with(layer.json().flatten_event(true)).with(targets)),
    }
}

fn begin(subscriber: impl Subscriber + Send + Sync) -> Result<(), LogError> {
    Ok(tracing::subscriber::set_global_default(subscriber)?)
}
