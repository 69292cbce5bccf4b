//! Whether the addresses that were configured lead somewhere.

use super::{Finding, Status, TIMEOUT, shown};
use crate::domain::{EndpointId, Targets};
use futures_util::future::join_all;
use reqwest::StatusCode;
use sms_providers::NetworkCause;
use sms_providers::client::endpoint;
use url::Url;

/// Whether a relay answers under `PUBLIC_URL`. It may not run yet, so what is wrong here is never fatal.
pub async fn public_url(url: Option<&Url>, http: &reqwest::Client) -> Vec<Finding> {
    let Some(url) = url else {
        let found = "no status callbacks are asked for; set PUBLIC_URL for them";
        return vec![Finding::new(Status::Skip, "public url", found)];
    };
    let livez = endpoint(url, &["livez"]);
    let (status, found) = match http.get(livez.clone()).timeout(TIMEOUT).send().await {
        Ok(reply) if reply.status() == StatusCode::OK => (Status::Ok, format!("{} answers", shown(&livez))),
        Ok(reply) => (
            Status::Warn,
            format!(
                "{} answers with {}; is PUBLIC_URL this relay's?",
                shown(&livez),
                reply.status().as_u16()
            ),
        ),
        Err(error) => {
            let cause = NetworkCause::of(&error);
            let found =
                format!("nothing answers from here at {}: {cause}; does the server run yet?", shown(&livez));
            (Status::Warn, found)
        }
    };
    vec![Finding::new(status, "public url", found)]
}

/// Whether somebody answers at each `FORWARD_URL`. What is answered to an empty request says nothing.
pub async fn forward_targets(targets: &Targets, http: &reqwest::Client) -> Vec<Finding> {
    let mut named: Vec<_> = targets.by_endpoint.iter().map(|(id, url)| (variable(id), url)).collect();
    named.extend(targets.default.iter().map(|url| ("FORWARD_URL".to_owned(), url)));
    named.sort();
    if named.is_empty() {
        let found = "events that are not for SMS go nowhere; set it to your own handler if you have one";
        return vec![Finding::new(Status::Skip, "FORWARD_URL", found)];
    }
    join_all(named.into_iter().map(async |(variable, url)| {
        // The path of a webhook may be what protects it.
        let host = url.origin().ascii_serialization();
        match http.head(url.clone()).timeout(TIMEOUT).send().await {
            Ok(reply) => {
                let found = format!("{host} answers, with {} to HEAD", reply.status().as_u16());
                Finding::new(Status::Ok, variable, found)
            }
            Err(error) => {
                let cause = NetworkCause::of(&error);
                Finding::new(Status::Warn, variable, format!("{host} gives no answer from here: {cause}"))
            }
        }
    }))
    .await
}

fn variable(endpoint: &EndpointId) -> String {
    format!("FORWARD_URL_{}", endpoint.as_str().to_ascii_uppercase().replace('-', "_"))
}
