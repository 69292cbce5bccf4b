//! What the commands say, also where nobody reads it.
//!
//! `println!` panics as soon as the reader has gone (`| head -1`) or the disk is full. Here the first is no
//! failure: who has read enough has read enough. The command goes on, and its exit code is about its work.

use std::fmt::Display;
use std::io::{self, ErrorKind, Stdout, Write};

/// Where a command writes its result to.
pub(super) struct Output<W> {
    to: W,
    is_read: bool,
}

impl Output<Stdout> {
    /// The standard output.
    pub fn stdout() -> Self {
        Self::to(io::stdout())
    }
}

impl<W: Write> Output<W> {
    fn to(to: W) -> Self {
        Self { to, is_read: true }
    }

    /// Writes `text` and a line break; nothing once the reader has gone.
    ///
    /// # Errors
    /// If it cannot be written though somebody may wait for it: a full disk.
    pub fn line(&mut self, text: impl Display) -> anyhow::Result<()> {
        if !self.is_read {
            return Ok(());
        }
        let written = writeln!(self.to, "{text}").and_then(|()| self.to.flush());
        self.take(written)
    }

    /// Takes note of what came of writing to this output by other means.
    ///
    /// # Errors
    /// As of [`line`](Self::line).
    pub fn take(&mut self, written: io::Result<()>) -> anyhow::Result<()> {
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_read = false;
                Ok(())
            }
            written => Ok(written.map_err(Unwritable)?),
        }
    }

    /// Whether anybody may still read what is written.
    pub fn is_read(&self) -> bool {
        self.is_read
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot write to the standard output")]
struct Unwritable(#[source] io::Error);

/// Writes a line for people beside the result. There is nobody to tell if that fails.
pub(super) fn complain(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many lines, and fails then.
    struct Failing(usize, ErrorKind);

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(self.1.into());
            }
            self.0 -= bytes.iter().filter(|byte| **byte == b'\n').count();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_who_has_gone_is_no_failure_and_a_full_disk_is_one() {
        let mut gone = Output::to(Failing(1, ErrorKind::BrokenPipe));
        gone.line("read").unwrap();
        assert!(gone.is_read());
        gone.line("not read").unwrap();
        assert!(!gone.is_read());
        gone.line("not written").unwrap();

        let full = Output::to(Failing(0, ErrorKind::StorageFull)).line("lost").unwrap_err();
        assert!(format!("{full:#}").starts_with("cannot write to the standard output: "), "{full:#}");
    }
}
