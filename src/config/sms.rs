//! Who sends what.

use super::fault::Faults;
use super::messagebird::{self, MessageBirdSettings};
use super::variables::{Section, variable};
use super::vonage::{self, VonageSettings};
use super::{ConfigErrors, Vars, twilio};
use crate::domain::template::DEFAULT_TEMPLATE;
use crate::domain::{MessageTemplate, OtpCode, OtpType};
use sms_providers::ProviderName;
use sms_providers::twilio::TwilioConfig;
use sms_providers::{Segments, segments};
use std::time::Duration;

/// `SMS_PROVIDER`, `SMS_TEMPLATE`, `APP_NAME`, `SMS_WEB_OTP_DOMAIN`, `SMS_MAX_SENDS_PER_EVENT` and the
/// providers' own variables.
#[derive(Debug, Clone)]
pub struct SmsSettings {
    /// The chain, the preferred provider first.
    pub providers: Vec<ProviderSettings>,
    /// What is sent.
    pub template: Option<MessageTemplate>,
    /// How many requests that may produce a text are written for one event.
    pub max_sends: u8,
}

/// One provider with all that it needs.
#[derive(Debug, Clone)]
pub enum ProviderSettings {
    /// `twilio`
    Twilio(TwilioConfig),
    /// `messagebird`
    MessageBird(MessageBirdSettings),
    /// `vonage`
    Vonage(VonageSettings),
    /// `log`, for development
    Log,
}

impl SmsSettings {
    /// Reads this section alone, with its warnings, for a command that sends and does not serve.
    ///
    /// # Errors
    /// All faults of the section at once.
    pub fn from_vars(
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Vec<String>), ConfigErrors> {
        let (mut faults, mut warnings) = (Faults::default(), Vec::new());
        let ours = [Section::Sms, Section::Twilio, Section::MessageBird, Section::Vonage];
        let vars = Vars::new(vars).with_files(|secret| ours.contains(&secret.section));
        let is_ours = |name: &str| variable(name).is_some_and(|variable| ours.contains(&variable.section));
        vars.tell(is_ours, &mut faults, &mut warnings);
        let settings = Self::read(&vars, &mut faults, &mut warnings);
        faults.into_result((settings, warnings))
    }

    pub(super) fn read(vars: &Vars, faults: &mut Faults, warnings: &mut Vec<String>) -> Self {
        let names = read_chain(vars, faults);
        for (name, prefix) in [
            (ProviderName::Twilio, "TWILIO_"),
            (ProviderName::MessageBird, "MESSAGEBIRD_"),
            (ProviderName::Vonage, "VONAGE_"),
        ] {
            if !names.contains(&name) && vars.with_prefix(prefix).next().is_some() {
                warnings.push(format!("{prefix}… is set and has no effect: {name} is not in SMS_PROVIDER"));
            }
        }
        let providers =
            names.iter().filter_map(|name| read_provider(*name, vars, faults, warnings)).collect();
        let max_sends =
            faults.number("SMS_MAX_SENDS_PER_EVENT", vars.get("SMS_MAX_SENDS_PER_EVENT"), 2, 1..=5);
        let template = read_template(vars, faults);
        warnings.extend(template.as_ref().and_then(length_warning));
        Self { providers, template, max_sends }
    }
}

fn read_chain(vars: &Vars, faults: &mut Faults) -> Vec<ProviderName> {
    const REMEDY: &str =
        "set twilio, or several in the order in which they are tried: twilio,vonage,messagebird";
    let Some(value) = vars.get("SMS_PROVIDER") else {
        return faults.add("SMS_PROVIDER", "is missing", REMEDY);
    };
    let words: Vec<_> = value.split(',').map(|word| word.trim().to_ascii_lowercase()).collect();
    let mut names = Vec::new();
    for (at, word) in words.iter().enumerate() {
        match provider_of(word) {
            Some(ProviderName::Log) if !is_yes(vars.get("ALLOW_LOG_PROVIDER")) => faults.add(
                "SMS_PROVIDER",
                "has log, which prints codes to the terminal",
                "set ALLOW_LOG_PROVIDER=1 if this is a development machine",
            ),
            Some(ProviderName::Inbox | ProviderName::Stub) | None => {
                let which =
                    if words.len() > 1 { format!(" (its name no. {})", at + 1) } else { String::new() };
                let problem = format!("names a provider that does not exist{which}");
                match nearest_provider(word) {
                    Some(name) => faults.add("SMS_PROVIDER", problem, format!("is {name} meant? {REMEDY}")),
                    None => faults.add("SMS_PROVIDER", problem, REMEDY),
                }
            }
            Some(name) if names.contains(&name) => {
                faults.add("SMS_PROVIDER", format!("names {name} twice"), "name each provider once")
            }
            Some(name) => names.push(name),
        }
    }
    names
}

/// MessageBird goes by its new name as well.
fn provider_of(word: &str) -> Option<ProviderName> {
    let word = if word == "bird" { "messagebird" } else { word };
    ProviderName::ALL.into_iter().find(|name| name.as_str() == word)
}

/// One letter in three may be wrong.
fn nearest_provider(word: &str) -> Option<&'static str> {
    let names = ["twilio", "messagebird", "vonage"];
    let nearest = names.map(|name| (strsim::osa_distance(word, name), name)).into_iter().min();
    nearest.filter(|(distance, name)| distance * 3 <= name.len()).map(|(_, name)| name)
}

fn is_yes(value: Option<&str>) -> bool {
    value.is_some_and(|value| ["1", "true", "yes", "on"].contains(&value.to_ascii_lowercase().as_str()))
}

fn read_provider(
    name: ProviderName,
    vars: &Vars,
    faults: &mut Faults,
    warnings: &mut Vec<String>,
) -> Option<ProviderSettings> {
    match name {
        ProviderName::Twilio => twilio::read(vars, faults, warnings).map(ProviderSettings::Twilio),
        ProviderName::Log => Some(ProviderSettings::Log),
        ProviderName::Vonage => vonage::read(vars, faults, warnings).map(ProviderSettings::Vonage),
        ProviderName::MessageBird => {
            messagebird::read(vars, faults, warnings).map(ProviderSettings::MessageBird)
        }
        ProviderName::Inbox | ProviderName::Stub => None,
    }
}

fn read_template(vars: &Vars, faults: &mut Faults) -> Option<MessageTemplate> {
    let web_otp_domain = vars.get("SMS_WEB_OTP_DOMAIN").map(str::to_owned);
    let host_like = |domain: &String| {
        domain.contains('.') && domain.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b))
    };
    if web_otp_domain.as_ref().is_some_and(|domain| !host_like(domain)) {
        faults.add::<()>(
            "SMS_WEB_OTP_DOMAIN",
            "is not a host name",
            "set the host of your site alone, such as example.com",
        );
    }
    // What can hold no line break, such as a line of `docker --env-file`, has the two letters.
    let source = vars.get("SMS_TEMPLATE").unwrap_or(DEFAULT_TEMPLATE);
    let source = source.replace("\\r", "").replace("\\n", "\n");
    let app_name = vars.get("APP_NAME").map(str::to_owned);
    MessageTemplate::new(&source, app_name, web_otp_domain)
        .map_err(|error| {
            faults.add::<()>("SMS_TEMPLATE", error, "start from: Your {{ app }} code is {{ code }}.");
        })
        .ok()
}

/// Each segment is paid for, and a text of several may arrive in pieces.
fn length_warning(template: &MessageTemplate) -> Option<String> {
    let code = OtpCode::new("000000")?;
    let text = template.render(&code, Some("Example"), OtpType::SignIn, Duration::from_secs(600)).ok()?;
    let Segments { encoding, units, count } = segments(text.expose());
    (count > 1).then(|| {
        format!("SMS_TEMPLATE makes texts of {count} segments ({units} units in {encoding}); shorten it, or keep to the GSM-7 alphabet")
    })
}
