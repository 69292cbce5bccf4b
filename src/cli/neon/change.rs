//! A change of the branch's configuration: shown, confirmed, written, read back.

use crate::app::branch::writing::write;
use crate::cli::output::{Output, complain};
use crate::config::NeonApiSettings;
use crate::neon::api::{Document, NeonApi};
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// A change that is not made yet.
pub(super) struct Change<'a, D> {
    pub api: &'a NeonApi,
    pub branch: &'a NeonApiSettings,
    /// As it was read.
    pub before: D,
    /// As it is to be.
    pub wanted: D,
    /// What to say about it, sentence by sentence.
    pub notes: Vec<String>,
    /// Whether it is confirmed already.
    pub yes: bool,
}

impl<D: Document> Change<'_, D> {
    /// Shows it, and makes it if it is confirmed.
    pub async fn make(self) -> anyhow::Result<ExitCode> {
        let Self { api, branch, before, wanted, notes, yes } = self;
        let mut out = Output::stdout();
        let changes = before.differs_from(&wanted);
        out.line(compared(&before, &wanted, &changes))?;
        for note in notes {
            out.line(note)?;
        }
        if changes.is_empty() {
            out.line("Nothing changes, and nothing was written.")?;
            return Ok(ExitCode::SUCCESS);
        }
        let whose = format!("branch {} of project {}", branch.branch_id, branch.project_id);
        if !yes {
            if !io::stdin().is_terminal() {
                complain("neon-sms-relay: there is no terminal to ask on, so nothing was written; add --yes");
                return Ok(ExitCode::from(2));
            }
            if !is_wanted(&whose)? {
                out.line("Nothing was written.")?;
                return Ok(ExitCode::FAILURE);
            }
        }
        write(api, &before, &wanted).await?;
        out.line(format_args!("Written to {whose}, and read back: it holds."))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn is_wanted(whose: &str) -> io::Result<bool> {
    let mut stderr = io::stderr();
    write!(stderr, "Write this to {whose}? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str())
}

/// The fields, one a line.
pub(in crate::cli) fn table<D: Document>(document: &D) -> String {
    let lines = document.rows().into_iter().map(|(name, value)| line(name, &value));
    lines.collect::<Vec<_>>().join("\n")
}

fn compared<D: Document>(before: &D, wanted: &D, changes: &[&str]) -> String {
    let rows = before.rows().into_iter().zip(wanted.rows());
    let lines = rows.map(|((name, old), (_, new))| match changes.contains(&name) {
        true if old == new => line(name, &format!("{old} → the same, but for what is not shown")),
        true => line(name, &format!("{old} → {new}")),
        false => line(name, &old),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn line(name: &str, value: &str) -> String {
    format!("  {name:<16} {value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for yes in ["y\n", "Yes\n", " y "] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["\n", "", "n\n", "yep\n", "ye\n"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
