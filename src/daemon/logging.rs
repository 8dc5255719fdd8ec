//! The log: lines go to standard error, as text or JSON.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::Subscriber;

pub use lvs_config::LogFormat;

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error(
        "{filter:?} is no log filter: use error, warn, info, debug, trace, or one like \"info,tunvs::control=debug\""
    )]
    Filter { filter: String, source: tracing_subscriber::filter::ParseError },
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
    let parsed = EnvFilter::builder()
        .parse(text)
        .map_err(|source| LogError::Filter { filter: text.to_owned(), source })?;
    let builder = Subscriber::builder().with_env_filter(parsed).with_writer(io::stderr);
    match format {
        LogFormat::Text => {
            let subscriber = builder.with_ansi(io::stderr().is_terminal()).with_target(false).finish();
            tracing::subscriber::set_global_default(subscriber)?;
        }
        LogFormat::Json => {
            let subscriber = builder.json().flatten_event(true).finish();
            tracing::subscriber::set_global_default(subscriber)?;
        }
    }
    Ok(())
}
