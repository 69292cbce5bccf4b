//! `neon-sms-relay dev --tunnel …`: the relay of this machine in front of the real branch, for as long as it runs.
//!
//! Whatever ends it, the branch is given back: at the end, or by the next run, from what was kept on the disk.

mod session;
mod signals;
mod variables;

use super::terminal;
use super::{DevArguments, NEON, RELAY, choices};
use crate::app::branch::kept::{Keep, folder};
use crate::app::branch::lending::{GivenBack, give_back};
use crate::app::branch::reach::{is_answered, webhook_below};
use crate::app::branch::{self, targets::is_of_a_tunnel};
use crate::app::{App, Parts};
use crate::cli::neon::told;
use crate::cli::output::Output;
use crate::config::NeonApiSettings;
use crate::config::variables::{Section, secrets};
use crate::dev::tunnel::{Tunnel, TunnelOptions, TunnelProgram};
use crate::dev::{Behaviour, DevOptions, DevServer, InboxProvider};
use crate::domain::SystemClock;
use crate::neon::api::{NeonApi, TIMEOUT_SECONDS, Webhook};
use crate::telemetry::metrics::Metrics;
use anyhow::{Context, bail};
use clap::{Args, value_parser};
use session::{End, Session};
use signals::Signals;
use sms_providers::SmsProvider;
use sms_providers::client::http_client;
use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How the relay is brought in front of the real branch.
#[derive(Args)]
pub(in crate::cli) struct TunnelArguments {
    /// Bring the relay of this machine in front of the real branch, through a tunnel of this program. The
    /// branch's webhook is restored at the end. Needs NEON_AUTH_URL, NEON_API_KEY, NEON_PROJECT_ID and
    /// NEON_BRANCH_ID.
    #[arg(long, value_enum, value_name = "PROGRAM")]
    pub tunnel: Option<TunnelProgram>,
    /// Send real texts through SMS_PROVIDER; without it they are shown here alone.
    #[arg(long, requires = "tunnel")]
    pub real_sms: bool,
    /// How long the tunnel may take to say its address, and again to lead here.
    #[arg(long, requires = "tunnel", value_name = "SECONDS", default_value_t = 30)]
    #[arg(value_parser = value_parser!(u64).range(1..=600))]
    pub tunnel_timeout: u64,
}

/// Runs it with this program.
pub(super) fn run(
    program: TunnelProgram,
    arguments: &DevArguments,
    vars: &HashMap<String, String>,
) -> anyhow::Result<ExitCode> {
    let open_page = arguments.open;
    let arguments = &arguments.tunnel;
    let neon_api = NeonApiSettings::from_vars(vars.clone())?;
    let mut settings = variables::settings(vars, arguments.real_sms)?;
    let var = |name: &str| vars.get(name).map(String::as_str);
    let keep = Keep::open(folder(var("XDG_STATE_HOME"), var("HOME")), &neon_api)?;
    let metrics = Metrics::default();
    let _log = crate::cli::start_logging(&settings, &metrics, None)?;
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    crate::cli::runtime()?.block_on(async {
        let mut signals = Signals::listen()?;
        let http = settings.network.http_client().map_err(anyhow::Error::from_boxed)?;
        let api = branch::api(&neon_api, http.clone());
        let now = prepare(&api, &keep, &http).await?;
        let waits = now.timeout().as_secs().clamp(*TIMEOUT_SECONDS.start(), *TIMEOUT_SECONDS.end());
        settings.neon.timeout = Duration::from_secs(waits);

        let mut relay = RELAY.take(vars, None)?;
        let listener = relay.listeners.pop().context("nothing listens")?;
        let patience = Duration::from_secs(arguments.tunnel_timeout);
        // The way out is the program's, too.
        let ours = secrets().filter(|secret| secret.section != Section::Network);
        let secrets: Vec<_> = ours.map(|secret| secret.name).collect();
        let options = TunnelOptions { program, port: relay.number, withheld: &secrets, patience };
        let tunnel = tokio::select! {
            tunnel = Tunnel::start(&options) => tunnel.context("nothing was changed at Neon")?,
            () = signals.stop() => return Ok(ExitCode::SUCCESS),
        };
        if arguments.real_sms {
            settings.server.public_url = Some(tunnel.url().clone());
        }
        let instance = Uuid::new_v4().to_string();
        let inbox = if arguments.real_sms { None } else { Some(Inbox::new()?) };
        let parts = Parts {
            providers: inbox.as_ref().map(Inbox::providers),
            listener: Some(listener),
            metrics,
            instance: Some(instance.clone()),
            ..Parts::default()
        };
        let app = App::build(&settings, parts)?;
        let page = inbox.map(|inbox| inbox.show(&app, vars, &tunnel)).transpose()?;
        if let Some(page) = page.as_ref().filter(|_| open_page) {
            choices::open_page(page.server.inbox_url());
        }
        let session = Session {
            program,
            tunnel,
            instance,
            patience,
            api: &api,
            keep: &keep,
            http: &http,
            settings: &settings,
            branch: &neon_api,
            inbox: page.as_ref().map(|page| page.server.inbox_url().to_string()),
            notes: page.iter().fold(relay.notes, |notes, page| [notes, page.notes.clone()].concat()),
        };
        let mut end = None;
        let stop = async {
            end = Some(session.hold(now, &mut signals).await);
            if let Some(page) = page {
                page.server.stop().await;
            }
        };
        let served = app.run_until(stop).await;
        let Some(end) = end else {
            // The server has failed, and took the session with it.
            give_back(&api, &keep)
                .await
                .context("the webhook is not restored; run `neon-sms-relay neon webhook restore`")?;
            return Err(served.err().map_or_else(|| anyhow::anyhow!("the relay has stopped"), Into::into));
        };
        match end? {
            End::Told => Ok(ExitCode::SUCCESS),
            End::Broken => Ok(ExitCode::FAILURE),
        }
    })
}

/// Repairs what an earlier run has left, and reads the branch as it is to be restored later.
async fn prepare(api: &NeonApi, keep: &Keep, http: &reqwest::Client) -> anyhow::Result<Webhook> {
    match give_back(api, keep).await.context("what an earlier `dev --tunnel` has left is not restored")? {
        GivenBack::Nothing => {}
        back => Output::stdout()
            .line(format_args!("An earlier `dev --tunnel` did not come to its end.\n{}\n", told(&back)))?,
    }
    let now = api.webhook().await.context("nothing was changed")?;
    if let Some(url) = now.url().filter(|url| now.enabled && is_of_a_tunnel(url))
        && is_answered(http, &url).await
    {
        bail!(
            "nothing was changed: the branch's webhook is another tunnel, {}, that somebody uses right now; take \
             another branch, or disable it with `neon-sms-relay neon webhook set --disabled`",
            url.origin().ascii_serialization()
        );
    }
    Ok(now)
}

/// The inbox that texts go to in place of phones.
struct Inbox(InboxProvider);

/// Where it is shown.
struct Page {
    server: DevServer,
    notes: Vec<String>,
}

impl Inbox {
    fn new() -> anyhow::Result<Self> {
        let lines = terminal::lines()?;
        Ok(Self(InboxProvider::telling(Arc::new(SystemClock), move |to, body| {
            let _ = lines.try_send(terminal::text_line(to, body));
        })))
    }

    fn providers(&self) -> Vec<Arc<dyn SmsProvider>> {
        vec![Arc::new(self.0.clone())]
    }

    fn show(self, app: &App, vars: &HashMap<String, String>, tunnel: &Tunnel) -> anyhow::Result<Page> {
        // Whatever DEV_HOST says: the codes are real users'.
        let page = NEON.take(vars, None)?;
        let server = DevServer::start(DevOptions {
            listeners: page.listeners,
            webhook_url: webhook_below(tunnel.url()),
            clock: Arc::new(SystemClock),
            tasks: app.tasks().clone(),
            http: http_client().map_err(anyhow::Error::from_boxed)?,
            inbox: self.0,
            is_open: false,
            behaviour: Behaviour::default(),
        })?;
        Ok(Page { server, notes: page.notes })
    }
}
