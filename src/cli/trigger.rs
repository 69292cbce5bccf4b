//! `neon-sms-relay trigger EVENT`: a sample event, signed by the running `dev`, to the relay or any webhook handler.

use super::output::Output;
use crate::config::{ConfigErrors, Fault};
use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::{Map, Value};
use sms_providers::NetworkCause;
use sms_providers::client::{endpoint, http_client};
use std::process::ExitCode;
use std::time::Duration;
use url::Url;

const DEV_PORT: &str = "DEV_PORT";
const USUAL_PORT: u16 = 8025;
/// Above the 15 s that the emulator, as Neon, gives all attempts of one event.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What is sent where.
#[derive(Args)]
pub(super) struct Trigger {
    /// The event, such as send.otp, phone_number.verified or user.before_create.
    event: String,
    /// To which handler on this machine; without it, to the relay of that dev.
    #[arg(long)]
    url: Option<Url>,
    /// Replaces a field: user.phone_number=+15551234567, event_data.otp_type=email-verification. The value is
    /// JSON if it can be read as such, else text.
    #[arg(long, value_name = "PATH=VALUE", value_parser = replaced)]
    set: Vec<(String, Value)>,
    /// Spoils it, to see it refused.
    #[arg(long, value_enum)]
    bad: Option<Bad>,
}

/// What is wrong with an event on purpose.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Bad {
    /// A signature by another key.
    Signature,
    /// A time that is too long ago.
    Timestamp,
    /// The id of a key that does not exist.
    Kid,
    /// A body that is not the one that was signed.
    Body,
}

fn replaced(text: &str) -> Result<(String, Value), &'static str> {
    let (path, value) = text.split_once('=').ok_or("write path=value")?;
    if path.is_empty() || path.split('.').any(str::is_empty) {
        return Err("the path is the names of fields, with a point in between");
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((path.to_owned(), value))
}

/// What `dev` says came of it.
#[derive(Deserialize)]
struct Answer {
    event_id: String,
    url: String,
    status: Option<u16>,
    #[serde(default)]
    body: Option<String>,
    elapsed_ms: f64,
    error: Option<String>,
}

/// What `dev` says if it does not do it.
#[derive(Deserialize)]
struct Objection {
    message: String,
}

pub(super) fn run(trigger: &Trigger) -> anyhow::Result<ExitCode> {
    let port = port(super::vars()?)?;
    let answer = super::runtime()?.block_on(ask(trigger, port))?;
    let Answer { event_id, url, status, body, elapsed_ms, error } = answer;
    let mut out = Output::stdout();
    out.line(format_args!("{} {} to {}", trigger.event, printable(&event_id), printable(&url)))?;
    match status {
        Some(status) => out.line(format_args!("{status} after {elapsed_ms:.0} ms"))?,
        None => {
            let why = error.as_deref().map_or_else(|| "no answer".to_owned(), printable);
            out.line(format_args!("no answer after {elapsed_ms:.0} ms: {why}"))?;
        }
    }
    if let Some(body) = body.filter(|body| !body.is_empty()) {
        out.line(printable(&body))?;
    }
    let is_success = status.is_some_and(|status| (200..300).contains(&status));
    Ok(if is_success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn ask(trigger: &Trigger, port: u16) -> anyhow::Result<Answer> {
    let dev = Url::parse(&format!("http://127.0.0.1:{port}"))?;
    let mut order = Map::new();
    order.insert("set".to_owned(), trigger.set.iter().cloned().collect::<Map<_, _>>().into());
    if let Some(url) = &trigger.url {
        order.insert("url".to_owned(), url.as_str().into());
    }
    if let Some(bad) = trigger.bad.and_then(|bad| bad.to_possible_value()) {
        order.insert("bad".to_owned(), bad.get_name().into());
    }
    let http = http_client().map_err(anyhow::Error::from_boxed)?;
    let url = endpoint(&dev, &["dev", "events", &trigger.event]);
    let asked = http.post(url).timeout(TIMEOUT).json(&order).send().await;
    let reply = asked.map_err(|error| {
        anyhow!(
            "no `neon-sms-relay dev` answers at http://localhost:{port} ({}); run `neon-sms-relay dev` in another \
             terminal, or set {DEV_PORT} to its port",
            NetworkCause::of(&error)
        )
    })?;
    let status = reply.status();
    let said = reply.bytes().await.context("the answer of `dev` broke off")?;
    if status.is_success() {
        return serde_json::from_slice(&said).with_context(|| foreign(port));
    }
    match serde_json::from_slice::<Objection>(&said) {
        Ok(Objection { message }) => {
            bail!("`dev` does not send it: {} ({})", printable(&message), status.as_u16())
        }
        Err(_) => bail!("{} ({})", foreign(port), status.as_u16()),
    }
}

fn foreign(port: u16) -> String {
    format!(
        "what answers at http://localhost:{port} is not this version of `neon-sms-relay dev`; set {DEV_PORT} to its port"
    )
}

fn port(vars: Vec<(String, String)>) -> Result<u16, ConfigErrors> {
    // The real variables come last, and win. Kubernetes sets an address for a service of that name.
    let set = vars.into_iter().rev().find(|(name, _)| name == DEV_PORT).map(|(_, value)| value);
    let set = set.as_deref().map(str::trim).filter(|port| !port.is_empty() && !port.starts_with("tcp://"));
    let Some(port) = set else { return Ok(USUAL_PORT) };
    port.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
        ConfigErrors(vec![Fault {
            variable: DEV_PORT.to_owned(),
            problem: "is not a port".to_owned(),
            remedy: "write the number that `neon-sms-relay dev` shows".to_owned(),
        }])
    })
}

/// What could steer a terminal is left out.
fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_json_if_it_can_be_and_text_if_not() {
        for (text, path, value) in [
            ("user.phone_number=+15551234567", "user.phone_number", json!("+15551234567")),
            ("event_data.otp_code=\"042137\"", "event_data.otp_code", json!("042137")),
            ("user=null", "user", json!(null)),
            ("context={\"endpoint_id\": \"ep-a\"}", "context", json!({"endpoint_id": "ep-a"})),
            ("event_data.a=b=c", "event_data.a", json!("b=c")),
            ("user.name=", "user.name", json!("")),
        ] {
            assert_eq!(replaced(text), Ok((path.to_owned(), value)), "{text}");
        }
        for wrong in ["user", "=x", "a..b=x", ".a=x"] {
            assert!(replaced(wrong).is_err(), "{wrong}");
        }
    }
}
