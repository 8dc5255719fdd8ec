//! One run of ipvsadm: a command line, or a restore of many.
//!
//! In a restore, changes wait in a batch until something must be known or said; complaints and results come in
//! the order of the lines all the same.

use std::error::Error;
use std::io::{self, Read, Write};

use super::convert::{Listing, Task, convert};
use super::fail::{Fail, LISTING, REFUSED, USAGE};
use super::names::Names;
use super::options::Action;
use super::parse::parse;
use super::render::{self, Naming, Style};
use super::words::Lines;
use super::{messages, render::Columns};
use crate::backend::{Applied, Backend, one_by_one};
use lvs::director::{Command, Query, Reply};

/// Changes that go to the director at once.
const BATCH: usize = 20_000;

/// The surroundings of a run.
pub struct Session<'a, B> {
    pub backend: &'a mut B,
    pub names: &'a dyn Names,
    pub out: &'a mut dyn Write,
    pub err: &'a mut dyn Write,
    /// Say also what ipvsadm never says: what the host could not do for the tables. The director logs it anyway.
    pub warns: bool,
}

/// State of the program after a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// A restore goes on with the next line.
    Next(u8),
    /// The program ends.
    End(u8),
}

impl<B: Backend> Session<'_, B> {
    /// Runs a command line, the program's name first, and gives the exit status. Without options it lists the
    /// table. The input is what a restore reads.
    ///
    /// # Errors
    /// Nobody takes the output.
    pub fn run(&mut self, words: &[Vec<u8>], input: &mut dyn Read) -> io::Result<u8> {
        let program = words.first().map_or(b"ipvsadm".as_slice(), Vec::as_slice);
        if words.len() <= 1 {
            return self.list(&Listing::Table, PLAIN).map(After::status);
        }
        let (action, task) = match read(words, self.names) {
            Ok(read) => read,
            Err(fail) => return self.fail(&fail, program).map(After::status),
        };
        match task {
            Task::Change(command) => self.change(vec![(action, command)]).map(After::status),
            Task::List { what, style } => self.list(&what, style).map(After::status),
            Task::Restore => self.restore(program, input),
        }
    }

    /// Runs the command lines of the input, and gives the status of the last one.
    fn restore(&mut self, program: &[u8], input: &mut dyn Read) -> io::Result<u8> {
        let mut lines = Lines::new(input);
        let mut status = 0;
        let mut batch = Vec::new();
        while let Some(words) = lines.next_line(program) {
            if words.len() > 1 {
                match read(&words, self.names) {
                    Ok((action, Task::Change(command))) => batch.push((action, command)),
                    other => {
                        if let Some(ended) = self.flush(&mut batch, &mut status)? {
                            return Ok(ended);
                        }
                        let after = match other {
                            Ok((_, Task::List { what, style })) => self.list(&what, style)?,
                            Ok(_) => self.fail(&Fail::TryHelp, program)?,
                            Err(fail) => self.fail(&fail, program)?,
                        };
                        match after {
                            After::Next(next) => status = next,
                            After::End(status) => return Ok(status),
                        }
                    }
                }
            }
            if (batch.len() >= BATCH || lines.is_drained())
                && let Some(ended) = self.flush(&mut batch, &mut status)?
            {
                return Ok(ended);
            }
        }
        Ok(self.flush(&mut batch, &mut status)?.unwrap_or(status))
    }

    /// Some: the program ends with that status.
    fn flush(&mut self, batch: &mut Vec<(Action, Command)>, status: &mut u8) -> io::Result<Option<u8>> {
        if batch.is_empty() {
            return Ok(None);
        }
        match self.change(std::mem::take(batch))? {
            After::Next(last) => {
                *status = last;
                Ok(None)
            }
            After::End(status) => Ok(Some(status)),
        }
    }

    fn change(&mut self, changes: Vec<(Action, Command)>) -> io::Result<After> {
        let (actions, commands): (Vec<_>, Vec<_>) = changes.into_iter().unzip();
        let Applied { results, warnings } = match self.backend.apply(commands) {
            Ok(applied) => applied,
            Err(error) => return self.unreachable(&error),
        };
        let mut status = 0;
        for (action, result) in actions.into_iter().zip(results) {
            status = match result {
                Ok(()) => 0,
                Err(error) => {
                    writeln!(self.err, "{}", messages::refusal(action, &error))?;
                    REFUSED
                }
            };
        }
        if self.warns {
            for warning in warnings {
                writeln!(self.err, "{warning}")?;
            }
        }
        Ok(After::Next(status))
    }

    fn list(&mut self, what: &Listing, style: Style) -> io::Result<After> {
        let Some(query) = what.query() else { return self.list_connections(style) };
        if *what == Listing::Table && !style.json {
            match self.backend.query(Query::Info) {
                Ok(Ok(Reply::Info(info))) => render::heading(self.out, &info)?,
                Ok(_) => {}
                Err(error) => return self.unreachable(&error),
            }
        }
        let reply = match self.backend.query(query) {
            Ok(Ok(reply)) => reply,
            Ok(Err(error)) => {
                writeln!(self.err, "{}", messages::refusal(Action::List, &error))?;
                return Ok(After::End(LISTING));
            }
            Err(error) => return self.unreachable(&error),
        };
        self.show(what, reply, style)?;
        Ok(After::Next(0))
    }

    fn list_connections(&mut self, style: Style) -> io::Result<After> {
        let told = match self.backend.connections() {
            Ok(parts) => {
                let mut entries = one_by_one(parts).peekable();
                match entries.next_if(Result::is_err) {
                    Some(error) => error.map(drop),
                    None if style.json => render::json_connections(self.out, entries)?,
                    None => {
                        let with_engines = style.columns == Columns::PersistentConns;
                        let naming = Naming { numeric: style.numeric, names: self.names };
                        render::connections(self.out, entries, with_engines, naming)?
                    }
                }
            }
            Err(error) => Err(error),
        };
        match told {
            Ok(()) => Ok(After::Next(0)),
            Err(error) => self.unreachable(&error),
        }
    }

    fn show(&mut self, what: &Listing, reply: Reply, style: Style) -> io::Result<()> {
        if style.json {
            return render::json(self.out, reply, style.sorted);
        }
        let naming = Naming { numeric: style.numeric, names: self.names };
        match reply {
            Reply::Services(entries) => match what {
                Listing::Rules => render::rules(self.out, entries, naming),
                Listing::Service(_) => {
                    entries.into_iter().try_for_each(|entry| render::service(self.out, entry, style, naming))
                }
                _ => render::table(self.out, entries, style, naming),
            },
            Reply::Timeouts(timeouts) => render::timeouts(self.out, &timeouts),
            Reply::Daemons(daemons) => render::daemons(self.out, &daemons),
            Reply::Info(_) | Reply::Totals { .. } | Reply::Status(_) | Reply::Sysctls(_) => Ok(()),
        }
    }

    fn fail(&mut self, fail: &Fail, program: &[u8]) -> io::Result<After> {
        Ok(match fail {
            Fail::Exit { status, message } => {
                self.complain(message)?;
                After::End(*status)
            }
            Fail::Options(message) => {
                self.complain(message)?;
                After::Next(REFUSED)
            }
            Fail::TryHelp => {
                messages::try_help(self.err, program)?;
                After::End(REFUSED)
            }
            Fail::Help => {
                messages::help(self.out, program)?;
                After::End(0)
            }
            Fail::Version => {
                writeln!(self.out, "{}", messages::VERSION)?;
                After::End(0)
            }
        })
    }

    fn complain(&mut self, message: &[u8]) -> io::Result<()> {
        self.err.write_all(&[message, b"\n"].concat())
    }

    fn unreachable(&mut self, error: &B::Error) -> io::Result<After> {
        let mut text = format!("Can't initialize ipvs: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        writeln!(self.err, "{text}")?;
        Ok(After::End(USAGE))
    }
}

/// The listing of ipvsadm without options.
const PLAIN: Style =
    Style { columns: Columns::Forwarding, numeric: false, exact: false, sorted: true, json: false };

impl After {
    const fn status(self) -> u8 {
        match self {
            Self::Next(status) | Self::End(status) => status,
        }
    }
}

fn read(words: &[Vec<u8>], names: &dyn Names) -> Result<(Action, Task), Fail> {
    let line = parse(words, names)?;
    Ok((line.action, convert(&line)?))
}
