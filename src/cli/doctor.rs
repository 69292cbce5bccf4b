//! `neon-sms-relay doctor`: a list of checks → a table. It sends no text.

use super::output::Output;
use crate::app::checks::{self, Finding, Status};
use crate::config::{self, ConfigErrors, Fault, Settings, SmsSettings, StoreSettings};
use crate::domain::SystemClock;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use sms_providers::client::Network;
use std::process::ExitCode;

/// The name of what is looked at, and how; `None` if its variables have faults.
type Check<'a> = (&'static str, Option<BoxFuture<'a, Vec<Finding>>>);

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let findings = super::runtime()?.block_on(examine())?;
    Output::stdout().line(table(&findings))?;
    let failed = findings.iter().any(|finding| finding.status == Status::Fail);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn examine() -> anyhow::Result<Vec<Finding>> {
    // Whoever has not yet found the one variable wants to know whether the others are right.
    let (all, sms, store, network) = match super::vars() {
        Ok(vars) => (
            super::settings_of(vars.clone()),
            SmsSettings::from_vars(vars.clone()).ok(),
            StoreSettings::from_vars(vars.clone()).ok(),
            config::network(vars).unwrap_or_default(),
        ),
        Err(errors) => (Err(errors), None, None, Network::default()),
    };
    let mut findings = variables(&all);
    let (http, tls) = (network.http_client().map_err(anyhow::Error::from_boxed)?, network.tls_config()?);
    let all = all.ok();
    let (all, http) = (all.as_ref(), &http);
    let checks: [Check<'_>; 8] = [
        ("keys", all.map(|all| checks::keys(&all.neon, http).boxed())),
        ("clock", all.map(|all| checks::clock(&all.neon, http, &SystemClock).boxed())),
        ("provider", sms.as_ref().map(|(sms, _)| checks::senders(sms, http).boxed())),
        ("order", all.map(|all| checks::order(all, tls.clone()).boxed())),
        ("store", store.as_ref().map(|store| checks::storage(store, tls).boxed())),
        ("public url", all.map(|all| checks::public_url(all.server.public_url.as_ref(), http).boxed())),
        ("FORWARD_URL", all.map(|all| checks::forward_targets(&all.forward.routing.targets, http).boxed())),
        ("neon webhook", all.map(|all| checks::branch(all, http).boxed())),
    ];
    let found = join_all(checks.into_iter().map(async |(name, check)| match check {
        Some(check) => check.await,
        None => vec![Finding::new(Status::Skip, name, "once the variables are right")],
    }));
    findings.extend(found.await.into_iter().flatten());
    Ok(findings)
}

fn variables(settings: &Result<Settings, ConfigErrors>) -> Vec<Finding> {
    match settings {
        Err(ConfigErrors(faults)) => {
            let line = |fault: &Fault| {
                let found = format!("{}: {}", fault.problem, fault.remedy);
                Finding::new(Status::Fail, &fault.variable, found)
            };
            faults.iter().map(line).collect()
        }
        Ok(settings) => {
            let right = Finding::new(Status::Ok, "variables", "serve has all that it needs");
            let warnings = settings.warnings.iter();
            let countries = settings.guard.remark().map(|found| Finding::new(Status::Warn, "guard", found));
            std::iter::once(right)
                .chain(countries)
                .chain(warnings.map(|warning| Finding::new(Status::Warn, "variables", warning)))
                .collect()
        }
    }
}

fn table(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.name.chars().count()).max().unwrap_or(0);
    let line = |finding: &Finding| {
        format!("{:<4}  {:<width$}  {}", finding.status.as_str(), finding.name, finding.found)
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}
