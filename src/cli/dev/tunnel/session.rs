//! The time between registering and restoring: what is said, what is waited for, and what is done at the end.

use super::signals::Signals;
use crate::app::branch::kept::Keep;
use crate::app::branch::lending::{GivenBack, give_back, lend, to_restore};
use crate::app::branch::reach::{leads_here, webhook_below};
use crate::cli::neon::{table, told};
use crate::cli::output::{Output, complain};
use crate::config::{NeonApiSettings, Settings};
use crate::dev::tunnel::{Tunnel, TunnelProgram};
use crate::domain::unhandled;
use crate::neon::api::{NeonApi, Webhook};
use anyhow::Context;
use std::time::Duration;

/// How the session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Somebody stopped it, and the branch is given back.
    Told,
    /// The tunnel broke, or the branch is not given back.
    Broken,
}

/// A relay that serves, and a tunnel that is there.
pub(super) struct Session<'a> {
    pub program: TunnelProgram,
    pub tunnel: Tunnel,
    /// What `/livez` calls this relay.
    pub instance: String,
    /// How long the tunnel may take to lead here.
    pub patience: Duration,
    pub api: &'a NeonApi,
    pub keep: &'a Keep,
    pub http: &'a reqwest::Client,
    pub settings: &'a Settings,
    pub branch: &'a NeonApiSettings,
    /// The page with the texts, if they go nowhere else.
    pub inbox: Option<String>,
    /// Sentences about ports.
    pub notes: Vec<String>,
}

impl Session<'_> {
    /// Registers, waits, restores; the tunnel is ended in any case.
    ///
    /// # Errors
    /// If it never came to registering; then the branch is as it was.
    pub async fn hold(mut self, now: Webhook, signals: &mut Signals) -> anyhow::Result<End> {
        let end = self.lend_until_the_end(now, signals).await;
        self.tunnel.stop().await;
        end
    }

    async fn lend_until_the_end(&mut self, now: Webhook, signals: &mut Signals) -> anyhow::Result<End> {
        let url = self.tunnel.url().clone();
        tokio::select! {
            reached = leads_here(self.http, &url, &self.instance, self.patience) => {
                let problem = || format!("nothing was changed at Neon: {} gave {url}", self.program);
                reached.with_context(problem)?;
            }
            gone = self.tunnel.ended() => return Err(gone).context("nothing was changed at Neon"),
            () = signals.stop() => return Ok(End::Told),
        }
        let lent = lend(self.api, self.keep, &now, &webhook_below(&url)).await?;
        Output::stdout().line(self.welcome(&to_restore(&now), &lent))?;
        let broken = tokio::select! {
            gone = self.tunnel.ended() => Some(gone),
            () = signals.stop() => None,
        };
        if let Some(gone) = &broken {
            complain(format_args!("neon-sms-relay: the tunnel is gone: {gone}"));
        }
        let restored = tokio::select! {
            back = self.restore() => back,
            () = signals.stop() => {
                complain(format_args!("neon-sms-relay: stopped before the webhook was restored; {}", self.remedy()));
                false
            }
        };
        Ok(if restored && broken.is_none() { End::Told } else { End::Broken })
    }

    /// Whether the branch is nobody's any more.
    async fn restore(&self) -> bool {
        match give_back(self.api, self.keep).await {
            Ok(back) => {
                // It may have gone with the terminal.
                let _ = Output::stdout().line(format_args!("\n{}", told(&back)));
                !matches!(back, GivenBack::Nothing)
            }
            Err(error) => {
                let remedy = self.remedy();
                complain(format_args!("neon-sms-relay: the webhook is not restored: {error:#}; {remedy}"));
                false
            }
        }
    }

    fn remedy(&self) -> String {
        format!(
            "run `neon-sms-relay neon webhook restore`; what it was is kept in {}",
            self.keep.path().display()
        )
    }

    fn welcome(&self, before: &Webhook, lent: &Webhook) -> String {
        let NeonApiSettings { project_id, branch_id, .. } = self.branch;
        let texts = match &self.inbox {
            Some(page) => format!("shown here and at {page}; no phone gets one"),
            None => "sent by your vendors to real phones, and paid for".to_owned(),
        };
        let targets = &self.settings.forward.routing.targets;
        let app = match (&targets.default, targets.is_empty()) {
            (Some(url), _) => url.origin().ascii_serialization(),
            (None, false) => "by branch, as FORWARD_URL_EP_… has it".to_owned(),
            (None, true) => "none; set FORWARD_URL=http://localhost:… to your own webhook handler".to_owned(),
        };
        let mut notes: String = self.notes.iter().map(|note| format!("  {note}\n")).collect();
        if targets.is_empty() {
            for event in lent.subscribed() {
                if let Some(problem) = unhandled(&event, self.settings.forward.routing.allow_sign_up) {
                    notes.push_str(&format!("  {event}: {problem}\n"));
                }
            }
        }
        format!(
            "
  Branch {branch_id} of project {project_id} now calls this relay, through {}:

{}

  Texts      {texts}
  Your app   {app}
{notes}
  Restored at the end (Ctrl-C), or after a crash by `neon-sms-relay neon webhook restore`:

{}
",
            self.program,
            table(lent),
            table(before)
        )
    }
}
