//! The programs that are started for a director that may be somebody else's by now: scripts that the configuration file names, as it names
//! them, and a successor from where the director cannot write.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use lvs_config::Source;
use lvs_health::spec::{Script, programs};

use super::order::{Bounds, Order};

/// Scripts that were permitted so far, and how others are judged.
#[derive(Debug)]
pub(super) struct Permit {
    config: Option<Source>,
    written: Vec<PathBuf>,
    scripts: Vec<Script>,
}

impl Permit {
    pub(super) fn new(bounds: &Bounds) -> Self {
        let real = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        let written = bounds.written.iter().map(real).collect();
        Self { config: bounds.config.clone(), written, scripts: Vec::new() }
    }

    /// # Errors
    /// Why it is not started.
    pub(super) fn admit(&mut self, order: &Order) -> Result<(), String> {
        match order {
            Order::Script(script) => self.admit_script(script),
            Order::Look(binary) | Order::Successor(binary) => self.admit_binary(binary),
        }
    }

    /// One that is not known is looked for in the file as it is now: the director has read it again.
    fn admit_script(&mut self, script: &Script) -> Result<(), String> {
        if self.scripts.contains(script) {
            return Ok(());
        }
        if let Some(config) = &self.config {
            let read = config.load().map_err(|error| error.to_string())?;
            for program in programs(&read.declared.health) {
                if !self.scripts.contains(program.script) {
                    self.scripts.push(program.script.clone());
                }
            }
        }
        if self.scripts.contains(script) {
            Ok(())
        } else {
            Err("the configuration file, as it is now, does not name it: reload it".to_owned())
        }
    }

    fn admit_binary(&self, binary: &OsStr) -> Result<(), String> {
        // What cannot be found is not run either, and the reason for that is better told by the attempt.
        let Ok(real) = Path::new(binary).canonicalize() else { return Ok(()) };
        match self.written.iter().find(|folder| real.starts_with(folder)) {
            Some(folder) => Err(format!(
                "it lies where the director writes ({}): put it elsewhere, or start with --no-sandbox",
                folder.display()
            )),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(command: &[&str], user: Option<&str>) -> Order {
        let mut script = Script::new(command.iter().map(|word| (*word).to_owned()).collect());
        script.user = user.map(str::to_owned);
        Order::Script(script)
    }

    fn file(command: &str) -> String {
        format!(
            "[[service]]\naddress = \"10.0.0.1:80\"\n[[service.server]]\naddress = \"10.1.0.1:80\"\n\
             forward = \"masq\"\ncheck = {{ type = \"script\", {command} }}\n"
        )
    }

    #[test]
    fn a_script_is_the_files_own() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("a.toml");
        std::fs::write(&config, file("command = [\"/bin/true\", \"x\"], user = \"nobody\"")).unwrap();
        let bounds = Bounds { config: Some(Source::new(&config)), args: Vec::new(), written: Vec::new() };
        let mut permit = Permit::new(&bounds);
        assert_eq!(permit.admit(&order(&["/bin/true", "x"], Some("nobody"))), Ok(()));
        for other in [
            order(&["/bin/true", "x"], Some("root")),
            order(&["/bin/true", "x"], None),
            order(&["/bin/true"], Some("nobody")),
            order(&["/bin/sh", "-c", "id"], None),
        ] {
            assert!(permit.admit(&other).unwrap_err().contains("reload"), "{other:?}");
        }
        std::fs::write(&config, file("command = \"/bin/false\"")).unwrap();
        assert_eq!(permit.admit(&order(&["/bin/false"], None)), Ok(()), "the file was changed");
        assert_eq!(permit.admit(&order(&["/bin/true", "x"], Some("nobody"))), Ok(()), "it was named once");
        let none = Bounds { config: None, args: Vec::new(), written: Vec::new() };
        assert!(Permit::new(&none).admit(&order(&["/bin/true"], None)).is_err());
    }

    #[test]
    fn a_binary_is_not_the_directors_own_work() {
        let dir = tempfile::tempdir().unwrap();
        let written = dir.path().join("run");
        std::fs::create_dir(&written).unwrap();
        for name in ["run/tunvs", "tunvs"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        std::os::unix::fs::symlink(written.join("tunvs"), dir.path().join("link")).unwrap();
        let bounds = Bounds { config: None, args: Vec::new(), written: vec![written] };
        let mut permit = Permit::new(&bounds);
        let mut admits = |name: &str| permit.admit(&Order::Look(dir.path().join(name).into())).is_ok();
        assert_eq!(
            ["tunvs", "nothing", "run/tunvs", "link", "run/../run/tunvs"].map(&mut admits),
            [true, true, false, false, false]
        );
    }
}
