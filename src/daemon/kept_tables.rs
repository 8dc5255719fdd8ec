//! The tables of a director as data, for one that comes after it: as they were, and as its configuration had declared them.

use serde::{Deserialize, Serialize};

use lvs::director::{Command, Tables};
use lvs_config::Declared;
use lvs_control::Snapshot;

pub(super) const VERSION: u32 = 1;

/// Tables of a director when they last changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptTables {
    version: u32,
    /// Contents of the configuration file.
    pub(super) declared: Snapshot,
    /// Tables as they were.
    pub(super) there: Snapshot,
}

impl KeptTables {
    pub(super) fn new(declared: Declared, there: Snapshot) -> Self {
        let declared = Snapshot { tables: declared.tables(), sysctls: declared.sysctls };
        Self { version: VERSION, declared, there }
    }

    /// Whether the configuration said the same.
    pub(super) fn is_declared(&self, declared: &Declared) -> bool {
        self.declared.tables == declared.tables() && self.declared.sysctls == declared.sysctls
    }

    /// Commands that make the tables be as they were, and follow the configuration where that says something else by now.
    pub(super) fn commands(&self, declared: &Declared) -> Vec<Command> {
        let Self { declared: said, there, .. } = self;
        let base = Declared {
            timeouts: said.tables.timeouts,
            sysctls: said.sysctls.clone(),
            services: said.tables.services.clone(),
            daemons: said.tables.daemons.clone().unwrap_or_default(),
            ..Declared::default()
        };
        let target = declared.merged(&base, &there.tables.services);
        let set = |(name, value): (&String, &String)| Command::SetSysctl {
            name: name.clone(),
            value: value.clone(),
        };
        let mut commands: Vec<Command> = there.sysctls.iter().map(set).collect();
        commands.extend(there.tables.timeouts.map(Command::SetTimeouts));
        let daemons = target.daemons.or_else(|| there.tables.daemons.clone());
        commands.push(Command::Replace(Tables { daemons, ..target }));
        commands.extend(declared.sysctl_changes(&base));
        commands
    }
}
