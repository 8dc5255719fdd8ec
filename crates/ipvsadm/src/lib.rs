//! The classic tool: ipvsadm 1.31 as Debian builds it, to the byte, with its two scripts.
//!
//! Owns its grammar, its rules, its texts and its listings. Never decides what the tables accept: commands and
//! questions go to a [`Backend`]. The grammar is popt's, not clap's: clap can neither
//! take the first option as the command nor word popt's complaints.
#![forbid(unsafe_code)]

mod address;
mod backend;
mod convert;
mod fail;
mod line;
mod line_command;
mod matrix;
mod messages;
mod names;
mod numbers;
mod options;
mod own_options;
mod parse;
mod popt;
pub mod proc;
mod render;
mod sched_flags;
mod scripts;
mod session;
mod sort;
pub mod suggest;
pub mod tables;
#[cfg(test)]
mod tests;
mod words;

use std::io::{self, Read};

pub use backend::{Applied, Backend, ConnParts, Moment, Source};
pub use line_command::{LineCommand, read_command};
pub use names::{Names, NoNames, SystemNames};
pub use render::{EngineShape, FlowShape, lossless_server, lossless_service, protocol_name};
pub use session::Session;

/// One of the three programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Ipvsadm,
    Save,
    Restore,
}

impl Tool {
    /// By the last part of the name that it was called by.
    pub fn named(program: &[u8]) -> Option<Self> {
        match program.rsplit(|byte| *byte == b'/').next()? {
            b"ipvsadm" => Some(Self::Ipvsadm),
            b"ipvsadm-save" => Some(Self::Save),
            b"ipvsadm-restore" => Some(Self::Restore),
            _ => None,
        }
    }

    /// Runs a command line, the program's name first, and gives the exit status.
    ///
    /// # Errors
    /// Nobody takes the output.
    pub fn run<B: Backend>(
        self,
        words: &[Vec<u8>],
        session: &mut Session<'_, B>,
        input: &mut dyn Read,
    ) -> io::Result<u8> {
        match self {
            Self::Ipvsadm => session.run(words, input),
            Self::Save => scripts::save(words, session),
            Self::Restore => scripts::restore(session, input),
        }
    }
}
