//! `neon-sms-relay dev`: relay, emulator of Neon Auth and SMS inbox in one process, without an account.

use super::serve::stop_signal;
use crate::app::{App, Parts};
use crate::config::{Settings, is_loopback};
use crate::dev::{DevOptions, DevServer, ENDPOINT_ID, InboxProvider};
use crate::domain::SystemClock;
use crate::telemetry::metrics::Metrics;
use anyhow::Context;
use sms_providers::client::http_client;
use std::collections::HashMap;
use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Neon's defaults.
const OTP_EXPIRES_IN: Duration = Duration::from_secs(300);
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// What a developer may want to see the effect of; everything else is the emulator's.
const TAKEN_OVER: [&str; 9] = [
    "APP_NAME",
    "BEFORE_CREATE",
    "LOG_FORMAT",
    "RUST_LOG",
    "SMS_TEMPLATE",
    "SMS_WEB_OTP_DOMAIN",
    "STORE_URL",
    "STORE_TTL_HOURS",
    "WORKERS",
];

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let vars: HashMap<_, _> = super::vars()?.into_iter().collect();
    let relay = listen(&vars, "PORT", 8080)?;
    let neon = listen(&vars, "DEV_PORT", 8025)?;
    let (relay_url, neon_url) = (url_of(&relay)?, url_of(&neon)?);
    let settings = settings(&vars, &neon_url)?;
    let metrics = Metrics::default();
    let _log = super::start_logging(&settings, &metrics)?;
    super::runtime()?.block_on(async {
        let clock = Arc::new(SystemClock);
        let inbox = InboxProvider::new(clock.clone());
        let providers: Option<Vec<Arc<dyn sms_providers::SmsProvider>>> = Some(vec![Arc::new(inbox.clone())]);
        let parts = Parts { providers, listener: Some(relay), metrics, ..Parts::default() };
        let app = App::build(&settings, parts)?;
        let dev = DevServer::start(DevOptions {
            listener: neon,
            webhook_url: relay_url.join("webhooks/neon-auth")?,
            clock,
            tasks: app.tasks().clone(),
            http: http_client().map_err(anyhow::Error::from_boxed)?,
            inbox,
            otp_expires_in: OTP_EXPIRES_IN,
            timeout: WEBHOOK_TIMEOUT,
        })?;
        let welcome = welcome(&relay_url, &dev, settings.forward.routing.targets.default.as_ref());
        // Whoever does not see it is served all the same.
        let _ = writeln!(std::io::stdout(), "{welcome}");
        let stop = async {
            stop_signal().await;
            dev.stop().await;
        };
        app.run_until(stop).await?;
        Ok(ExitCode::SUCCESS)
    })
}

fn settings(vars: &HashMap<String, String>, neon_url: &Url) -> anyhow::Result<Settings> {
    let fixed = [
        ("HOST", "127.0.0.1"),
        ("METRICS_PORT", "0"),
        ("NEON_ENDPOINT_IDS", ENDPOINT_ID),
        // Stands in for the inbox, which has no name outside of this command.
        ("SMS_PROVIDER", "log"),
        ("ALLOW_LOG_PROVIDER", "1"),
    ];
    let mut chosen: HashMap<_, _> =
        [("STORE_URL", "memory:"), ("RUST_LOG", "warn,neon_sms_relay=info")].into();
    chosen.extend(TAKEN_OVER.into_iter().filter_map(|name| Some((name, vars.get(name)?.as_str()))));
    // The one of `.env` may be the production app's, to whom emulated users are strangers.
    if vars
        .get("FORWARD_URL")
        .and_then(|url| Url::parse(url.trim()).ok())
        .is_some_and(|url| is_loopback(&url))
    {
        let forward = ["FORWARD_URL", "FORWARD_SECRET"];
        chosen.extend(forward.into_iter().filter_map(|name| Some((name, vars.get(name)?.as_str()))));
    }
    chosen.extend(fixed);
    let auth_url = neon_url.join("neondb/auth")?;
    chosen.insert("NEON_AUTH_URL", auth_url.as_str());
    let chosen = chosen.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(Settings::from_vars(chosen)?)
}

/// The port that was asked for, or a usual one, or any: only what was asked for must be free.
fn listen(vars: &HashMap<String, String>, variable: &str, usual: u16) -> anyhow::Result<TcpListener> {
    let asked: Option<u16> = match vars.get(variable).map(|port| port.trim()).filter(|port| !port.is_empty())
    {
        Some(port) => Some(port.parse().ok().with_context(|| format!("{variable} is not a port number"))?),
        None => None,
    };
    match TcpListener::bind((Ipv4Addr::LOCALHOST, asked.unwrap_or(usual))) {
        Err(error) if error.kind() == ErrorKind::AddrInUse && asked.is_none() => {
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")
        }
        result => result.with_context(|| format!("cannot listen; set {variable} to another port")),
    }
}

fn url_of(listener: &TcpListener) -> anyhow::Result<Url> {
    Ok(Url::parse(&format!("http://{}/", listener.local_addr()?))?)
}

fn welcome(relay_url: &Url, dev: &DevServer, app: Option<&Url>) -> String {
    let app = app.map_or_else(
        || "none; set FORWARD_URL=http://localhost:… to your own webhook handler".to_owned(),
        |url| format!("{}{}", url.origin().ascii_serialization(), url.path()),
    );
    format!(
        "
  neon-sms-relay is ready. Open this page, enter any number, and sign in:

      {inbox}

  Relay      {relay_url}webhooks/neon-auth
  Neon Auth  {neon} (emulated)
  Your app   {app}

  Or from another terminal:

      curl -sS {neon}/phone-number/send-otp -H 'Content-Type: application/json' -d '{{\"phoneNumber\":\"+15551234567\"}}'

  Ctrl-C stops everything. Nothing is sent to anybody, and nothing is kept.
",
        inbox = dev.inbox_url(),
        neon = dev.neon_url(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_emulated_users_go_to_an_app_on_this_machine_only() {
        let neon_url = Url::parse("http://127.0.0.1:8025/").unwrap();
        for (url, expected) in [
            ("http://localhost:3000/hook", true),
            (" http://127.0.0.1:3000 ", true),
            ("https://app.example.com/hook", false),
            ("http://app.internal/hook", false),
        ] {
            let vars = [("FORWARD_URL", url), ("FORWARD_SECRET", "s3cret")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
            let forward = settings(&vars.into(), &neon_url).unwrap().forward;
            let taken = (!forward.routing.targets.is_empty(), forward.secret.is_some());
            assert_eq!(taken, (expected, expected), "{url}");
        }
    }
}
