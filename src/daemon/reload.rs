//! SIGHUP: the configuration is read again, and what it declares differently is changed.

use super::service::Live;
use crate::config::note::{Note, NoteKind};
use crate::config::{Declared, Source};
use crate::control::OnError;
use crate::events::Event;

/// Applies what changed in the file since `declared`. A wrong file changes nothing. What commands changed in the
/// meantime and the file does not name stays.
pub(super) async fn reload(live: &Live, source: Option<&Source>, declared: &mut Declared) {
    let Some(source) = source else {
        tracing::warn!("nothing to reload: the director was started without --config");
        return;
    };
    let config = match source.load() {
        Ok(config) => config,
        Err(error) => {
            tracing::error!(%error, "the configuration is wrong, so nothing was changed");
            let (file, reason) = (source.path.display().to_string(), error.to_string());
            live.events.publish(Event::ReloadFailed { file, reason });
            return;
        }
    };
    tell(&config.notes);
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
        file: source.path.display().to_string(),
        changes: (commands.len() - refused) as u64,
        refused: refused as u64,
    });
    tracing::info!(config = %source.path.display(), changes = commands.len() - refused, refused, "configuration reloaded");
}

/// Says in the log what a file says that is not done.
pub fn tell(notes: &[Note]) {
    for note in notes {
        match note.kind {
            NoteKind::Skipped => tracing::info!(place = %note.place, "skipped: {}", note.what),
            NoteKind::Mistake => tracing::warn!(place = %note.place, "{}", note.what),
        }
    }
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
            reload(&live, Some(&Source::new(file.path())), &mut declared).await;
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
        let typed =
            crate::config::Config::parse(TWO, std::path::Path::new("typed")).unwrap().declared.commands();
        live.change(&typed, OnError::Stop).await;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), ONE).unwrap();
        let mut declared = Declared::default();
        reload(&live, Some(&Source::new(file.path())), &mut declared).await;
        assert_eq!(services(&live), ["TCP 10.0.0.1:80", "TCP 10.0.0.2:80"]);

        live.change(&[Command::Flush], OnError::Stop).await;
        std::fs::write(file.path(), "").unwrap();
        reload(&live, Some(&Source::new(file.path())), &mut declared).await;
        assert_eq!((services(&live), declared), (Vec::new(), Declared::default()));
        reload(&live, None, &mut Declared::default()).await;
    }
}
