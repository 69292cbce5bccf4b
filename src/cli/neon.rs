//! `neon-sms-relay neon webhook|phone-number …`: the branch's configuration, read and written through Neon's API.

mod change;

use super::output::{Output, complain};
use crate::app::branch::kept::{Keep, folder};
use crate::app::branch::lending::{GivenBack, give_back};
use crate::app::branch::{self, targets};
use crate::config::{self, NeonApiSettings};
use crate::neon::api::{
    Document, EVENTS, EXPIRES_IN_SECONDS, NeonApi, PhoneNumberPlugin, TIMEOUT_SECONDS, Webhook,
};
use anyhow::Context;
use change::Change;
pub(super) use change::table;
use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args, Subcommand, value_parser};
use std::process::ExitCode;
use url::Url;

#[derive(Subcommand)]
pub(super) enum NeonCommand {
    /// Where Neon sends which events: read it, change it, or restore what `dev --tunnel` has changed.
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// How users sign in by phone number: read it, or change it.
    #[command(subcommand)]
    PhoneNumber(PhoneNumberCommand),
}

#[derive(Subcommand)]
pub(super) enum WebhookCommand {
    /// Show the branch's webhook.
    Get,
    /// Change the branch's webhook: show what changes, ask, write all of it, and read it back.
    Set(SetWebhook),
    /// Restore what a `dev --tunnel` that was killed has left behind. What somebody else has set since then
    /// stays.
    Restore,
}

#[derive(Subcommand)]
pub(super) enum PhoneNumberCommand {
    /// Show the branch's phone-number plugin.
    Get,
    /// Change the branch's phone-number plugin: show what changes, ask, write, and read it back.
    Set(SetPhoneNumber),
}

#[derive(Args)]
#[group(skip)]
#[command(override_usage = "neon-sms-relay neon webhook set [OPTIONS]")]
#[command(group = ArgGroup::new("change").required(true).multiple(true)
    .args(["enabled", "disabled", "url", "events", "timeout"]))]
pub(super) struct SetWebhook {
    /// Let Neon call it.
    #[arg(long, conflicts_with = "disabled")]
    enabled: bool,
    /// Let Neon call nobody.
    #[arg(long)]
    disabled: bool,
    /// Where: the relay's public address with /webhooks/neon-auth. Neon takes https and public names only.
    #[arg(long)]
    url: Option<String>,
    /// Which events, and no others, separated by commas.
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(EVENTS))]
    events: Option<Vec<String>>,
    /// How long Neon waits for one attempt, in seconds, 1 to 10; set NEON_TIMEOUT_SECONDS to the same.
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u64).range(TIMEOUT_SECONDS))]
    timeout: Option<u64>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

#[derive(Args)]
#[group(skip)]
#[command(override_usage = "neon-sms-relay neon phone-number set [OPTIONS]")]
#[command(group = ArgGroup::new("change").required(true).multiple(true).args(["enabled", "disabled", "expires_in"]))]
pub(super) struct SetPhoneNumber {
    /// Let users sign in by phone number.
    #[arg(long, conflicts_with = "disabled")]
    enabled: bool,
    /// Let nobody.
    #[arg(long)]
    disabled: bool,
    /// How long a code is valid, in seconds, 60 to 600.
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u64).range(EXPIRES_IN_SECONDS))]
    expires_in: Option<u64>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(command: NeonCommand) -> anyhow::Result<ExitCode> {
    let vars = super::vars()?;
    let (settings, network) = (NeonApiSettings::from_vars(vars.clone())?, config::network(vars.clone())?);
    super::runtime()?.block_on(async {
        let api = branch::api(&settings, network.http_client().map_err(anyhow::Error::from_boxed)?);
        match command {
            NeonCommand::Webhook(WebhookCommand::Get) => show::<Webhook>(&api).await,
            NeonCommand::PhoneNumber(PhoneNumberCommand::Get) => show::<PhoneNumberPlugin>(&api).await,
            NeonCommand::Webhook(WebhookCommand::Set(set)) => set_webhook(set, &api, &settings).await,
            NeonCommand::PhoneNumber(PhoneNumberCommand::Set(set)) => {
                set_phone_number(set, &api, &settings).await
            }
            NeonCommand::Webhook(WebhookCommand::Restore) => {
                let var = |wanted: &str| {
                    // The real variables come last, and win.
                    vars.iter().rev().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
                };
                let keep = Keep::open(folder(var("XDG_STATE_HOME"), var("HOME")), &settings)?;
                let back = give_back(&api, &keep).await.with_context(|| {
                    format!("not restored; what is to be restored stays in {}", keep.path().display())
                })?;
                Output::stdout().line(told(&back))?;
                Ok(ExitCode::SUCCESS)
            }
        }
    })
}

async fn show<D: Document>(api: &NeonApi) -> anyhow::Result<ExitCode> {
    Output::stdout().line(table(&api.read::<D>().await?))?;
    Ok(ExitCode::SUCCESS)
}

async fn set_webhook(set: SetWebhook, api: &NeonApi, branch: &NeonApiSettings) -> anyhow::Result<ExitCode> {
    let url = match set.url.as_deref().map(targets::target).transpose() {
        Ok(url) => url,
        Err(refused) => {
            complain(format_args!("neon-sms-relay: --url {refused}"));
            return Ok(ExitCode::from(2));
        }
    };
    let before = api.webhook().await.context("nothing was written")?;
    let mut wanted = before.clone();
    wanted.enabled = (wanted.enabled || set.enabled) && !set.disabled;
    if let Some(url) = &url {
        wanted.webhook_url = Some(url.to_string());
    }
    wanted.enabled_events = set.events.or(wanted.enabled_events);
    wanted.timeout_seconds = set.timeout.or(wanted.timeout_seconds);
    if wanted.enabled && wanted.url().is_none() {
        complain("neon-sms-relay: the branch has no URL to call yet; add --url https://…/webhooks/neon-auth");
        return Ok(ExitCode::from(2));
    }
    let notes = notes(&wanted, url.as_ref());
    Change { api, branch, before, wanted, notes, yes: set.yes }.make().await
}

/// What is allowed, and is seldom meant.
fn notes(wanted: &Webhook, url: Option<&Url>) -> Vec<String> {
    let mut notes = Vec::new();
    if !wanted.enabled {
        notes.push("It is disabled, so no code arrives anywhere; --enabled changes that.".to_owned());
    } else {
        let subscribed = wanted.subscribed();
        for (event, consequence) in [
            ("send.otp", "no code is sent by SMS"),
            ("phone_number.verified", "it is never known which texts arrived"),
        ] {
            if !subscribed.iter().any(|known| known == event) {
                notes.push(format!("{event} is not among the events, so {consequence}."));
            }
        }
    }
    if url.is_some_and(|url| !url.path().ends_with(branch::ROUTE)) {
        notes.push(format!("The relay's route is …{}, which the URL does not end with.", branch::ROUTE));
    }
    notes
}

async fn set_phone_number(
    set: SetPhoneNumber,
    api: &NeonApi,
    branch: &NeonApiSettings,
) -> anyhow::Result<ExitCode> {
    let before = api.phone_number().await.context("nothing was written")?;
    let wanted = PhoneNumberPlugin {
        enabled: (before.enabled || set.enabled) && !set.disabled,
        otp_expires_in: set.expires_in.or(before.otp_expires_in),
    };
    Change { api, branch, before, wanted, notes: Vec::new(), yes: set.yes }.make().await
}

/// What came of restoring, in words.
pub(super) fn told(back: &GivenBack) -> String {
    match back {
        GivenBack::Nothing => {
            "There is nothing to restore: no `dev --tunnel` has left anything behind.".to_owned()
        }
        GivenBack::Restored(now) => format!("The webhook is restored:\n{}", table(now)),
        GivenBack::Already(now) => format!("The webhook is as it was before:\n{}", table(now)),
        GivenBack::ChangedMeanwhile { now, before } => format!(
            "Somebody else has set the webhook meanwhile, and it stays so:\n{}\nIt was, before the tunnel:\n{}",
            table(now),
            table(before)
        ),
    }
}
