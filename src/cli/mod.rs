//! The command line, and what it means. One module per tool.
//!
//! Owns the command line of `tunvs` ([`args`]) and the choice of the tool by the name the program was called
//! under. Prints results and errors; everything else is done by the modules it calls. Called by `main`.

pub mod args;
pub mod backend;
mod capture;
mod changes;
mod check;
mod classic;
mod connections;
mod convert;
mod doctor;
#[cfg(test)]
mod document;
mod drain;
mod ends;
mod error;
mod events;
mod explain;
mod fleet;
mod generate;
mod health;
mod real_server;
mod run;
mod status;
mod stop;
mod sync;
mod sysctl;
mod tables;
#[cfg(feature = "top")]
mod top;
mod units;
mod upgrade;
mod version;

use std::error::Error;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::daemon;
#[cfg(feature = "demo")]
use crate::demo;
use crate::starter;
use error::CliError;

/// Does what the command line says.
pub fn main(args: Vec<OsString>) -> ExitCode {
    if let Some(status) = classic::main(&args) {
        return status;
    }
    let parsed = match args::Args::try_parse_from(args) {
        Ok(parsed) => parsed,
        Err(error) => return complain(&error),
    };
    let out = &mut std::io::stdout();
    let outcome = match parsed.command {
        args::Command::Run(given) => return run(*given),
        args::Command::RealServer(given) => real_server::run(*given, out),
        args::Command::Cleanup { socket } => run::cleanup(&socket, out),
        args::Command::Check(given) => check::run(&given, out).map_err(CliError::from),
        args::Command::Convert(given) => convert::run(&given, out).map_err(CliError::from),
        args::Command::Reload(given) => changes::reload(&given, out).map_err(CliError::from),
        args::Command::Upgrade(given) => upgrade::run(&given, out).map_err(CliError::from),
        args::Command::Stop(given) => stop::run(&given).map_err(CliError::from),
        args::Command::Attend { director } => return attend(director),
        args::Command::StartPrograms => starter::run_process().map_err(CliError::Write),
        args::Command::StateFormats => upgrade::formats(out).map_err(CliError::from),
        args::Command::Diff(given) => return diff(&given),
        args::Command::Doctor(given) => return doctor(&given),
        args::Command::Exec { socket, words } => return exec(&socket, &words),
        args::Command::Proc { file, socket } => tables::proc(&file, &socket, out).map_err(CliError::from),
        args::Command::Counters { socket } => tables::counters(&socket, out).map_err(CliError::from),
        args::Command::Events(given) => events::run(&given, out).map_err(CliError::from),
        args::Command::Status(given) => status::run(&given, out).map_err(CliError::from),
        args::Command::Sync(given) => sync::run(&given, out).map_err(CliError::from),
        #[cfg(feature = "top")]
        args::Command::Top(given) => top::run(&given, out).map_err(CliError::from),
        args::Command::Connections(given) => connections::run(given, out).map_err(CliError::from),
        args::Command::Health(given) => health::run(&given, out).map_err(CliError::from),
        args::Command::Drain(given) => drain::drain(&given, out).map_err(CliError::from),
        args::Command::Undrain(given) => drain::undrain(&given).map_err(CliError::from),
        args::Command::Explain(given) => explain::run(&given, out).map_err(CliError::from),
        args::Command::Capture(given) => capture::run(&given, out).map_err(CliError::from),
        args::Command::Save { socket } => tables::save(&socket, out).map_err(CliError::from),
        args::Command::Restore(given) => tables::restore(&given, out).map_err(CliError::from),
        args::Command::Sysctl { name, value, socket } => {
            sysctl::run(name, value, &socket, out).map_err(CliError::from)
        }
        args::Command::Generate { share } => generate::run(&share).map_err(CliError::from),
        args::Command::Vips(given) => fleet::vips(&given, out).map_err(CliError::from),
        args::Command::Retire(given) => fleet::retire(&given, out).map_err(CliError::from),
        #[cfg(feature = "demo")]
        args::Command::Demo { keep } => demo::run(&demo::Options { keep }).map_err(CliError::from),
    };
    outcome.map_or_else(|error| failure(&error), |()| ExitCode::SUCCESS)
}

fn failure(error: &dyn Error) -> ExitCode {
    report(error);
    ExitCode::FAILURE
}

/// Becomes what passes signals on to the director, for the process that was started first.
fn attend(director: i32) -> ExitCode {
    match daemon::attend(director) {
        Ok(code) => upgrade::exit_code(code),
        Err(error) => failure(&error),
    }
}

/// As the director ends; if this process was to take over from another one, that is told what keeps it from that.
fn run(given: args::RunArgs) -> ExitCode {
    match run::run(given, &mut std::io::stdout()) {
        Ok(code) => upgrade::exit_code(code),
        Err(error) => {
            daemon::refuse_predecessor(&sentence(&error));
            failure(&error)
        }
    }
}

/// As diff(1): 0 if there is no difference, 1 if there is one, 2 for trouble.
fn diff(given: &args::DiffArgs) -> ExitCode {
    match changes::diff(given, &mut std::io::stdout()) {
        Ok(differs) => ExitCode::from(u8::from(differs)),
        Err(error) => {
            report(&error);
            ExitCode::from(2)
        }
    }
}

fn exec(socket: &args::SocketArgs, words: &[OsString]) -> ExitCode {
    let socket = lvs_control::socket_path(socket.socket.as_deref());
    let status = crate::exec::run(&socket, words, &|error| report(error));
    ExitCode::from(u8::try_from(status).unwrap_or(u8::MAX))
}

/// 0 if nothing is wrong, 1 if something is, 2 for trouble.
fn doctor(given: &args::DoctorArgs) -> ExitCode {
    match doctor::run(given, &mut std::io::stdout()) {
        Ok(is_well) => ExitCode::from(u8::from(!is_well)),
        Err(error) => {
            report(&error);
            ExitCode::from(2)
        }
    }
}

/// Help and version as clap prints them, mistakes in one line.
fn complain(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
    }
    let text = error.to_string();
    let paragraph = text.split("\n\n").next().unwrap_or(&text);
    let words: Vec<&str> =
        paragraph.strip_prefix("error: ").unwrap_or(paragraph).split_whitespace().collect();
    let _ = writeln!(std::io::stderr(), "tunvs: {}; see `tunvs --help`", words.join(" "));
    ExitCode::from(2)
}

/// An error and what caused it, in one line.
fn report(error: &dyn Error) {
    let _ = writeln!(std::io::stderr(), "tunvs: {}", sentence(error));
}

fn sentence(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    line
}
