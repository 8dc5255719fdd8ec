//! SIGHUP: the configuration is read again, and what it declares differently is changed.

use std::path::Path;

use super::service::Live;
use crate::config::{Config, Declared};
use crate::control::OnError;
use crate::events::Event;

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
            let (file, reason) = (path.display().to_string(), error.to_string());
            live.events.publish(Event::ReloadFailed { file, reason });
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
    live.events.publish(Event::Reloaded {
        file: path.display().to_string(),
        changes: (commands.len() - refused) as u64,
        refused: refused as u64,
    });
    tracing::info!(config = %path.display(), changes = commands.len() - refused, refused, "configuration reloaded");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::daemon::clock::Clock;
    use crate::lvs::director::{Command, Director, Query, Reply, Settings};

    const ONE: &str = "[[service]]\naddress = \"10.0.0.1:80\"\n";
    const TWO: &str = "[[service]]\naddress = \"10.0.0.2:80\"\n";

    fn services(live: &Live) -> Vec<String> {
        let Ok(Reply::Services(services)) = live.director.query(&Query::Services, live.clock.now()) else {
            panic!()
        };
        let mut keys: Vec<String> = services.iter().map(|service| service.spec.key.to_string()).collect();
        keys.sort();
        keys
    }

    #[tokio::test]
    async fn a_reload_follows_the_file_and_a_wrong_file_changes_nothing() {
        let live = Live::new(Arc::new(Director::new(Settings::default())), Clock::start(), Arc::default());
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut declared = Declared::default();
        let mut reload_with = async |text: &str| {
            std::fs::write(file.path(), text).unwrap();
            reload(&live, Some(file.path()), &mut declared).await;
            services(&live)
        };
        assert_eq!(reload_with(ONE).await, ["TCP 10.0.0.1:80"]);
        assert_eq!(reload_with(&format!("{ONE}{ONE}")).await, ["TCP 10.0.0.1:80"]);
        assert_eq!(reload_with("[[service]]\naddress = 7\n").await, ["TCP 10.0.0.1:80"]);
        assert_eq!(reload_with(TWO).await, ["TCP 10.0.0.2:80"]);
        assert_eq!(reload_with("").await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn what_the_file_never_named_stays() {
        let live = Live::new(Arc::new(Director::new(Settings::default())), Clock::start(), Arc::default());
        let typed = Config::parse(TWO, Path::new("typed")).unwrap().declared.commands();
        live.change(&typed, OnError::Stop).await;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), ONE).unwrap();
        let mut declared = Declared::default();
        reload(&live, Some(file.path()), &mut declared).await;
        assert_eq!(services(&live), ["TCP 10.0.0.1:80", "TCP 10.0.0.2:80"]);

        live.change(&[Command::Flush], OnError::Stop).await;
        std::fs::write(file.path(), "").unwrap();
        reload(&live, Some(file.path()), &mut declared).await;
        assert_eq!((services(&live), declared), (Vec::new(), Declared::default()));
        reload(&live, None, &mut Declared::default()).await;
    }
}
