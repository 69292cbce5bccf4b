//! `neon-sms-relay healthcheck`: for images without a shell and curl.

use crate::config::ServerSettings;
use anyhow::{Context, anyhow, bail};
use sms_providers::NetworkCause;
use sms_providers::client::http_client;
use std::process::ExitCode;
use std::time::Duration;

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let server = ServerSettings::from_vars(super::vars()?)?;
    let address = server.host.resolve_for_client(server.port).context("HOST has no address here")?;
    super::runtime()?.block_on(async {
        let client = http_client().map_err(anyhow::Error::from_boxed)?;
        let url = format!("http://{address}/livez");
        let asked = client.get(url).timeout(Duration::from_secs(2)).send().await;
        let reply =
            asked.map_err(|error| anyhow!("no server answers at {address}: {}", NetworkCause::of(&error)))?;
        if !reply.status().is_success() {
            bail!("the server answers {}", reply.status());
        }
        Ok(ExitCode::SUCCESS)
    })
}
