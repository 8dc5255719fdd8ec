//! All tables as command lines: written with nothing lost, read back, compared.

mod difference;
mod lines;
pub mod read;
#[cfg(test)]
mod tests;

pub use difference::write as write_difference;
pub use lines::write;
