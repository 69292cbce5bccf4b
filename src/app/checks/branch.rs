//! Whether the branch at Neon is configured as this relay is.

use super::Status::{Fail, Ok as Good, Skip, Warn};
use super::{Finding, shown};
use crate::app::branch::api;
use crate::app::branch::reach::webhook_below;
use crate::app::branch::targets::is_of_a_tunnel;
use crate::config::Settings;
use crate::domain::unhandled;
use crate::http::{self, meant_path};
use crate::neon::api::{NeonApi, Webhook};

const WEBHOOK: &str = "neon webhook";
const EVENTS: &str = "neon events";
const TIMEOUT: &str = "neon timeout";
const PHONE_NUMBER: &str = "neon phone-number";

/// Without which it is never known which texts arrived.
const VERIFIED: &str = "phone_number.verified";

/// Whether the branch's webhook and phone-number plugin are set for this relay.
pub async fn branch(settings: &Settings, http: &reqwest::Client) -> Vec<Finding> {
    let Some(configured) = &settings.neon_api else {
        let found = "set NEON_API_KEY, NEON_PROJECT_ID and NEON_BRANCH_ID to have the branch checked";
        return vec![Finding::new(Skip, WEBHOOK, found)];
    };
    let api = api(configured, http.clone());
    let (webhook, plugin) = tokio::join!(api.webhook(), api.phone_number());
    let mut findings = match webhook {
        Ok(webhook) => judge(&webhook, settings, &api).await,
        Err(error) => vec![Finding::new(Fail, WEBHOOK, error.to_string())],
    };
    let (status, found) = match plugin {
        Ok(plugin) if plugin.enabled => (Good, "is enabled".to_owned()),
        Ok(_) => {
            let found = "is disabled, so nobody can sign in by phone; `neon-sms-relay neon phone-number set --enabled`";
            (Fail, found.to_owned())
        }
        Err(error) => (Fail, error.to_string()),
    };
    findings.push(Finding::new(status, PHONE_NUMBER, found));
    findings
}

async fn judge(webhook: &Webhook, settings: &Settings, api: &NeonApi) -> Vec<Finding> {
    if !webhook.enabled {
        let found = "is disabled, so no code arrives here; `neon-sms-relay neon webhook set --enabled`";
        return vec![Finding::new(Fail, WEBHOOK, found)];
    }
    let mut findings = vec![judge_url(webhook, settings, api).await];
    let subscribed = webhook.subscribed();
    findings.push(if subscribed.iter().any(|event| event == "send.otp") {
        Finding::new(Good, EVENTS, "send.otp is enabled")
    } else {
        let found = format!("send.otp is not enabled, so no code arrives here; {}", subscribe(&subscribed));
        Finding::new(Fail, EVENTS, found)
    });
    if !subscribed.iter().any(|event| event == VERIFIED) {
        let found = format!(
            "{VERIFIED} is not enabled, so it is never known which texts led to a sign-in; {}",
            subscribe(&subscribed)
        );
        findings.push(Finding::new(Warn, EVENTS, found));
    }
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

/// The command that adds what is missing and keeps what is there.
fn subscribe(subscribed: &[String]) -> String {
    let needed =
        ["send.otp", VERIFIED].into_iter().filter(|event| !subscribed.iter().any(|known| known == event));
    let all: Vec<_> = subscribed.iter().map(String::as_str).chain(needed).collect();
    format!("`neon-sms-relay neon webhook set --events {}`", all.join(","))
}

async fn judge_url(webhook: &Webhook, settings: &Settings, api: &NeonApi) -> Finding {
    let Some(url) = webhook.url() else {
        return Finding::new(
            Fail,
            WEBHOOK,
            "has no URL; `neon-sms-relay neon webhook set --url …/webhooks/neon-auth`",
        );
    };
    let mut meant = url.clone();
    if let Some(path) = meant_path(url.path()) {
        meant.set_path(&path);
    }
    if !meant.path().ends_with(http::WEBHOOK) {
        let found = format!("Neon calls {}, and the relay's route is …{}", shown(&url), http::WEBHOOK);
        return Finding::new(Fail, WEBHOOK, found);
    }
    let ours = settings.server.public_url.as_ref().map(webhook_below);
    if is_of_a_tunnel(&url) && ours.as_ref() != Some(&meant) {
        let found = format!(
            "Neon calls {}, a tunnel; `neon-sms-relay neon webhook restore` if a `dev --tunnel` left it behind",
            shown(&url)
        );
        return Finding::new(Warn, WEBHOOK, found);
    }
    match ours.filter(|ours| *ours != meant) {
        Some(ours) => {
            let (url, ours) = (shown(&url), shown(&ours));
            let found = match inherited_from(webhook, api).await {
                Some(parent) => format!(
                    "Neon calls {url}, as the branch has inherited it from {parent}, and by PUBLIC_URL it is {ours}: \
                     codes of this branch go to another relay; `neon-sms-relay neon webhook set --url {ours}`"
                ),
                None => format!("Neon calls {url}, and by PUBLIC_URL it is {ours}"),
            };
            Finding::new(Warn, WEBHOOK, found)
        }
        None => Finding::new(Good, WEBHOOK, format!("Neon calls {}", shown(&url))),
    }
}

/// The branch that this one was made of, if its webhook is the same: a new branch begins with its parent's.
async fn inherited_from(webhook: &Webhook, api: &NeonApi) -> Option<String> {
    // Whether it can be known or not, the finding stands.
    let parent = api.ancestry().await.ok()?.parent_id?;
    let theirs = api.of_branch(&parent).webhook().await.ok()?;
    let is_plain = parent.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (theirs.url() == webhook.url() && is_plain).then_some(parent)
}
