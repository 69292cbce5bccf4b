//! Whether the branch at Neon is configured as this relay is.

use super::Status::{Fail, Ok as Good, Skip, Warn};
use super::{Finding, shown};
use crate::app::branch::api;
use crate::config::Settings;
use crate::domain::unhandled;
use crate::http::meant_path;
use crate::neon::api::Webhook;
use sms_providers::client::endpoint;

const WEBHOOK: &str = "neon webhook";
const EVENTS: &str = "neon events";
const TIMEOUT: &str = "neon timeout";
const PHONE_NUMBER: &str = "neon phone-number";

/// What Neon's route is, below `PUBLIC_URL`.
const ROUTE: [&str; 2] = ["webhooks", "neon-auth"];

/// Whether the branch's webhook and phone-number plugin are set for this relay.
pub async fn branch(settings: &Settings, http: &reqwest::Client) -> Vec<Finding> {
    let Some(configured) = &settings.neon_api else {
        let found = "set NEON_API_KEY, NEON_PROJECT_ID and NEON_BRANCH_ID to have the branch checked";
        return vec![Finding::new(Skip, WEBHOOK, found)];
    };
    let api = api(configured, http.clone());
    let (webhook, plugin) = tokio::join!(api.webhook(), api.phone_number());
    let mut findings = match webhook {
        Ok(webhook) => judge(&webhook, settings),
        Err(error) => vec![Finding::new(Fail, WEBHOOK, error.to_string())],
    };
    let (status, found) = match plugin {
        Ok(plugin) if plugin.enabled => (Good, "is enabled".to_owned()),
        Ok(_) => (Fail, "is disabled, so nobody can sign in by phone; enable it".to_owned()),
        Err(error) => (Fail, error.to_string()),
    };
    findings.push(Finding::new(status, PHONE_NUMBER, found));
    findings
}

fn judge(webhook: &Webhook, settings: &Settings) -> Vec<Finding> {
    if !webhook.enabled {
        return vec![Finding::new(Fail, WEBHOOK, "is disabled, so no code arrives here; enable it")];
    }
    let mut findings = vec![judge_url(webhook, settings)];
    let subscribed = webhook.subscribed();
    findings.push(if subscribed.iter().any(|event| event == "send.otp") {
        Finding::new(Good, EVENTS, "send.otp is enabled")
    } else {
        Finding::new(Fail, EVENTS, "send.otp is not enabled, so no code arrives here; enable it")
    });
    let nobody = |event: &String| {
        let problem = unhandled(event, settings.forward.routing.allow_sign_up)?;
        Some(Finding::new(Warn, EVENTS, format!("{event}: {problem}")))
    };
    if settings.forward.routing.targets.is_empty() {
        findings.extend(subscribed.iter().filter_map(nobody));
    }
    let (theirs, ours) = (webhook.timeout().as_secs(), settings.neon.timeout.as_secs());
    findings.push(if theirs == ours {
        Finding::new(Good, TIMEOUT, format!("{ours} s on both sides"))
    } else {
        let found = format!(
            "Neon waits {theirs} s, and the relay answers for {ours}; set NEON_TIMEOUT_SECONDS={theirs}"
        );
        Finding::new(Warn, TIMEOUT, found)
    });
    findings
}

fn judge_url(webhook: &Webhook, settings: &Settings) -> Finding {
    let Some(url) = webhook.url() else {
        return Finding::new(Fail, WEBHOOK, "has no URL; set it to …/webhooks/neon-auth of this relay");
    };
    let mut meant = url.clone();
    if let Some(path) = meant_path(url.path()) {
        meant.set_path(&path);
    }
    let ours = settings.server.public_url.as_ref().map(|public| endpoint(public, &ROUTE));
    if !meant.path().ends_with(&format!("/{}", ROUTE.join("/"))) {
        let found = format!("Neon calls {}, and the relay's route is …/webhooks/neon-auth", shown(&url));
        return Finding::new(Fail, WEBHOOK, found);
    }
    match ours.filter(|ours| *ours != meant) {
        Some(ours) => {
            let found = format!("Neon calls {}, and by PUBLIC_URL it is {}", shown(&url), shown(&ours));
            Finding::new(Warn, WEBHOOK, found)
        }
        None => Finding::new(Good, WEBHOOK, format!("Neon calls {}", shown(&url))),
    }
}
