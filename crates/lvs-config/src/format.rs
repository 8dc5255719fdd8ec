//! In which language a file is written, and reading it.

use std::path::{Path, PathBuf};

use super::declared::{Config, Declared};
use super::error::ConfigError;
use super::{keepalived, unfit};
use ipvsadm::SystemNames;
use ipvsadm::tables::read as rules;

/// A file, and how it is to be read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Source {
    pub path: PathBuf,
    /// None: as it looks.
    pub format: Option<Format>,
    /// Decides the `@` conditions of a keepalived.conf, as `keepalived -i` does.
    pub instance: Option<String>,
}

impl Source {
    /// A file that is read as it looks.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), format: None, instance: None }
    }

    /// # Errors
    /// The file cannot be read, or something in it is wrong.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: self.path.clone(), source };
        let bytes = std::fs::read(&self.path).map_err(unreadable)?;
        match self.format.unwrap_or_else(|| Format::of(&self.path, &bytes)) {
            Format::Toml => {
                let text = std::str::from_utf8(&bytes).map_err(std::io::Error::other).map_err(unreadable)?;
                let mut config = Config::parse(text, &self.path)?;
                config.notes =
                    unfit::notes(&config.declared, |program| unfit::first_place(text, &self.path, program));
                Ok(config)
            }
            Format::Ipvsadm => rules(&bytes, &self.path),
            Format::Keepalived => {
                let (declared, notes) = keepalived::load(&self.path, self.instance.as_deref())?;
                Ok(Config { declared, notes, ..Config::default() })
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Format {
    Toml,
    /// keepalived.conf.
    Keepalived,
    /// Lines as `ipvsadm -S` and `tunvs save` print them.
    Ipvsadm,
}

impl Format {
    /// By the name, if it says so, or by the first line that says anything.
    pub fn of(path: &Path, text: &[u8]) -> Self {
        if path.extension().is_some_and(|extension| extension == "toml") {
            return Self::Toml;
        }
        let text = String::from_utf8_lossy(text);
        let mut lines =
            text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let first = lines.next().unwrap_or_default();
        let word = first.split([' ', '\t']).next().unwrap_or_default();
        if word.starts_with('-') || word.ends_with("ipvsadm") {
            return Self::Ipvsadm;
        }
        let key = first.split('=').next().unwrap_or_default().trim_end();
        let is_key = first.contains('=')
            && key.chars().all(|letter| letter.is_alphanumeric() || "-_.\"".contains(letter));
        if first.starts_with('[') || is_key || first.is_empty() { Self::Toml } else { Self::Keepalived }
    }
}

fn rules(bytes: &[u8], path: &Path) -> Result<Config, ConfigError> {
    let tables = rules::tables(bytes, &SystemNames::default()).map_err(|error| ConfigError::Wrong {
        path: path.to_owned(),
        line: error.number,
        column: 1,
        what: error.reason,
    })?;
    let (timeouts, services, daemons) = (tables.timeouts, tables.services, tables.daemons);
    let declared =
        Declared { timeouts, services, daemons: daemons.unwrap_or_default(), ..Declared::default() };
    Ok(Config { declared, ..Config::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_looks_like() {
        for (name, text, format) in [
            ("a.toml", "-A", Format::Toml),
            ("a", "# x\n\n[director]\n", Format::Toml),
            ("a", "[[service]]\n", Format::Toml),
            ("a.conf", "service = []\n", Format::Toml),
            ("a", "-A -t 10.0.0.1:80 -s rr\n", Format::Ipvsadm),
            ("a", "ipvsadm -A -t 10.0.0.1:80\n", Format::Ipvsadm),
            ("a", "# tunvs save: all services, timeouts and sync daemons\n--set 1 2 3\n", Format::Ipvsadm),
            ("a.conf", "! Configuration File\nglobal_defs {\n", Format::Keepalived),
            ("a", "virtual_server 10.0.0.1 80 {\n", Format::Keepalived),
            ("a", "$VIP=10.0.0.1\n", Format::Keepalived),
            ("a", "\n@x virtual_server 10.0.0.1 80\n", Format::Keepalived),
            ("a", "", Format::Toml),
        ] {
            assert_eq!(Format::of(Path::new(name), text.as_bytes()), format, "{text}");
        }
    }
}
