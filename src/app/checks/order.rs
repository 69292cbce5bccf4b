//! Who is asked first, by country, and why.

use super::{Finding, Status};
use crate::config::{Settings, SmsSettings, StoreSettings};
use crate::domain::{Clock, Region, SystemClock};
use crate::relay::texting::{Chance, Standing};
use crate::store::{self, StoreError};
use secrecy::ExposeSecret;
use std::cmp::Reverse;
use std::fmt::Display;

const NAME: &str = "order";
/// More countries are not listed, the ones with the most texts first.
const LISTED: usize = 20;

/// The order of providers in general and wherever something differs; where it is learnt, as it is by now.
pub async fn order(settings: &Settings, tls: rustls::ClientConfig) -> Vec<Finding> {
    let sms = &settings.sms;
    if !settings.texting.adaptive {
        let general = format!("{}, as SMS_PROVIDER has it", joined(&sms.order));
        let regional = sms.countries().into_iter().map(|region| {
            let by = match sms.regions.get(&region).and_then(|regional| regional.providers.as_ref()) {
                Some(_) => format!(", as SMS_PROVIDER_{region} has it"),
                None => String::new(),
            };
            let found = format!("{}{by}{}", joined(sms.order(Some(region))), differences(sms, region));
            Finding::new(Status::Ok, name(Some(region)), found)
        });
        return std::iter::once(Finding::new(Status::Ok, NAME, general)).chain(regional).collect();
    }
    match learnt(&settings.store, tls).await {
        Ok(Some(standing)) => by_success(sms, &standing),
        Ok(None) => {
            let found = "is learnt by each server for itself, since STORE_URL is its memory or not there yet";
            let countries = sms.countries().into_iter().map(|region| not_known(sms, region));
            std::iter::once(Finding::new(Status::Ok, NAME, found)).chain(countries).collect()
        }
        Err(_) => vec![Finding::new(Status::Skip, NAME, "is learnt from the store, which cannot be read")],
    }
}

/// What is in the store; `None` if there is none that could be shared.
async fn learnt(settings: &StoreSettings, tls: rustls::ClientConfig) -> Result<Option<Standing>, StoreError> {
    if settings.is_memory() || settings.file().is_some_and(|path| !path.exists()) {
        return Ok(None);
    }
    let read = async {
        let store = store::open(settings.url.expose_secret(), tls)?;
        Standing::read(store.as_ref(), SystemClock.now()).await
    };
    let read = tokio::time::timeout(settings.patience(), read).await;
    read.unwrap_or_else(|_| Err(StoreError::timed_out())).map(Some)
}

fn by_success(sms: &SmsSettings, standing: &Standing) -> Vec<Finding> {
    let known = standing.regions();
    let mut countries: Vec<_> = known
        .iter()
        .map(|region| (*region, standing.chances(*region, sms.order(*region))))
        .filter(|(_, chances)| !chances.is_empty())
        .collect();
    countries.sort_by_key(|(_, chances)| Reverse(chances.iter().map(|chance| chance.ended).sum::<u64>()));
    let found = match countries.len() {
        0 => "is learnt from the texts of 14 days that were verified; nothing is known yet".to_owned(),
        n => format!("is learnt from the texts of 14 days that were verified; known of {n} countries"),
    };
    let mut findings = vec![Finding::new(Status::Ok, NAME, found)];
    for (region, chances) in countries.iter().take(LISTED) {
        let order: Vec<_> = chances.iter().map(told).collect();
        let differs = region.map(|region| differences(sms, region)).unwrap_or_default();
        findings.push(Finding::new(Status::Ok, name(*region), format!("{}{differs}", order.join(", "))));
    }
    if countries.len() > LISTED {
        let more = countries.len() - LISTED;
        let found = format!("{more} more countries are in the metric neon_sms_relay_provider_chance");
        findings.push(Finding::new(Status::Ok, NAME, found));
    }
    let others = sms.countries().into_iter().filter(|region| !known.contains(&Some(*region)));
    findings.extend(others.map(|region| not_known(sms, region)));
    findings
}

/// A country where something differs, and nobody knows yet who is best.
fn not_known(sms: &SmsSettings, region: Region) -> Finding {
    let providers = joined(sms.order(Some(region)));
    let found =
        format!("{providers}, each as likely, since nothing is known yet{}", differences(sms, region));
    Finding::new(Status::Ok, name(Some(region)), found)
}

fn told(chance: &Chance) -> String {
    let Chance { provider, ended, verified, price } = chance;
    let price = price.map(|price| format!(", {price} each")).unwrap_or_default();
    match verified.saturating_mul(100).checked_div(*ended) {
        Some(percent) => format!("{provider} ({percent} % of {ended} first texts verified{price})"),
        None => format!("{provider} (nothing is known yet{price})"),
    }
}

fn differences(sms: &SmsSettings, region: Region) -> String {
    let text = sms.regions.get(&region).and_then(|regional| regional.template.as_ref());
    let senders: Vec<_> = sms.with_own_sender(region).collect();
    let text = text.map(|_| "; a text of its own").unwrap_or_default();
    let senders = if senders.is_empty() {
        String::new()
    } else {
        format!("; senders of its own: {}", joined(&senders))
    };
    format!("{text}{senders}")
}

fn name(region: Option<Region>) -> String {
    region.map_or_else(|| format!("{NAME} elsewhere"), |region| format!("{NAME} {region}"))
}

fn joined(names: &[impl Display]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
