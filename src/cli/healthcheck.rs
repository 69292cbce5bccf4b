//! `neon-sms-relay healthcheck`: for images without a shell and curl.

use anyhow::{Context, bail};
use sms_providers::client::http_client;
use std::process::ExitCode;
use std::time::Duration;

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let port = super::vars()?.into_iter().rev().find_map(|(name, port)| (name == "PORT").then_some(port));
    let port: u16 = port.as_deref().map_or("8080", str::trim).parse().context("PORT is not a port")?;
    super::runtime()?.block_on(async {
        let client = http_client().map_err(anyhow::Error::from_boxed)?;
        let url = format!("http://127.0.0.1:{port}/livez");
        let reply =
            client.get(url).timeout(Duration::from_secs(2)).send().await.context("no server answers")?;
        if !reply.status().is_success() {
            bail!("the server answers {}", reply.status());
        }
        Ok(ExitCode::SUCCESS)
    })
}
