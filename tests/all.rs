//! All tests of this folder as one program, since each program would compile and link the whole crate again.
//!
//! A file is a module here, so its name filters: `cargo test --test all simulation::`. The modules share a process:
//! none may change what belongs to all of it (environment, working directory, signals).

mod cli;
mod cli_beyond;
mod cli_corpus;
mod cli_input;
mod cli_many;
mod cli_recordings;
mod datapath_recordings;
mod docs;
mod fast_path;
mod fuzz_corpus;
mod hostile;
mod keepalived_corpus;
mod keepalived_shapes;
mod kernels;
mod layering;
mod lock_files;
mod properties;
mod simulation;
mod unanswered;
