//! The places of a keepalived.conf that name programs.

use std::collections::HashMap;

use super::parse::Statement;
use super::shared::command;
use crate::note::Place;
use lvs_health::spec::Program;

/// Command lines, of checks and of others, and where they stand.
#[derive(Debug, Default)]
pub(super) struct Scripts(HashMap<(bool, Vec<String>), Vec<Place>>);

impl Scripts {
    pub(super) fn find(statements: &[Statement]) -> Self {
        let mut scripts = Self::default();
        scripts.walk(statements);
        scripts
    }

    fn walk(&mut self, statements: &[Statement]) {
        for line in statements {
            let is_check = line.keyword() == "misc_path";
            if is_check || matches!(line.keyword(), "notify_up" | "notify_down" | "quorum_up" | "quorum_down")
            {
                let words = command(line).unwrap_or_default();
                self.0.entry((is_check, words)).or_default().push(line.place().clone());
            }
            self.walk(&line.block);
        }
    }

    pub(super) fn places(&self, program: &Program<'_>) -> Vec<Place> {
        self.0.get(&(program.is_check(), program.script.command.clone())).cloned().unwrap_or_default()
    }
}
