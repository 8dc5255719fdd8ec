//! The `tunvs` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    tunvs::cli::main(std::env::args_os().collect())
}
