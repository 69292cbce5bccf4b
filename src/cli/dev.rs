//! Placeholder.
pub(super) fn run() -> anyhow::Result<std::process::ExitCode> {
    anyhow::bail!("not yet")
}
