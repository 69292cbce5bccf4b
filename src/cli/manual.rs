//! `neon-sms-relay completions|man`: what the parser knows, for shells and for people.

use super::output::Output;
use anyhow::Context;
use clap::Command;
use clap_complete::Shell;
use std::path::Path;
use std::process::ExitCode;

const NAME: &str = "neon-sms-relay";

pub(super) fn completions(shell: Shell, mut command: Command) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, NAME, &mut script);
    Output::stdout().line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn pages(folder: Option<&Path>, command: Command) -> anyhow::Result<ExitCode> {
    match folder {
        Some(folder) => clap_mangen::generate_to(command, folder)
            .with_context(|| format!("the pages cannot be written to {}", folder.display()))?,
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            Output::stdout().line(String::from_utf8_lossy(&page).trim_end())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
