//! Who sends what.

use super::chains::{Chains, Reach};
use super::fault::Faults;
use super::messagebird::{self, MessageBirdSettings};
use super::regions::{Regional, country, of_countries};
use super::variables::{Section, variable};
use super::vonage::{self, VonageApi, VonageSettings};
use super::{ConfigErrors, Vars, twilio};
use crate::domain::template::DEFAULT_TEMPLATE;
use crate::domain::{MessageTemplate, OtpCode, OtpType, Region};
use sms_providers::twilio::TwilioConfig;
use sms_providers::{Country, ProviderName, Segments, segments};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// `SMS_PROVIDER` and `SMS_TEMPLATE`, in general and by country, `APP_NAME`, `SMS_WEB_OTP_DOMAIN`, `SMS_MAX_SENDS_PER_EVENT` and the
/// providers' own variables.
#[derive(Debug, Clone)]
pub struct SmsSettings {
    /// Everybody who is asked somewhere: first those of `order`, then those of single countries.
    pub providers: Vec<ProviderSettings>,
    /// Who is asked where nothing else is said, the preferred one first.
    pub order: Vec<ProviderName>,
    /// What is sent where nothing else is said.
    pub template: Option<MessageTemplate>,
    /// What differs by country, apart from the providers' senders.
    pub regions: BTreeMap<Region, RegionalSms>,
    /// How many requests that may produce a text are written for one event.
    pub max_sends: u8,
}

/// What differs in one country.
#[derive(Debug, Clone, Default)]
pub struct RegionalSms {
    /// Who is asked there, the preferred one first.
    pub providers: Option<Vec<ProviderName>>,
    /// What is sent there.
    pub template: Option<MessageTemplate>,
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
        let chains = Chains::read(vars, faults);
        let everybody = chains.everybody();
        for (name, prefix) in [
            (ProviderName::Twilio, "TWILIO_"),
            (ProviderName::MessageBird, "MESSAGEBIRD_"),
            (ProviderName::Vonage, "VONAGE_"),
        ] {
            if !everybody.contains(&name) && vars.with_prefix(prefix).next().is_some() {
                warnings.push(format!("{prefix}… is set and has no effect: {name} is not in SMS_PROVIDER"));
            }
        }
        let mut providers = Vec::new();
        for name in everybody {
            let reach = chains.reach(name);
            match read_provider(name, vars, reach, faults, warnings) {
                Some(provider) => providers.push(provider),
                None if reach.is_general() => {}
                // Its own faults do not tell who wants it.
                None => reach.named_by().for_each(|variable| {
                    let problem = format!("names {name}, which cannot be used");
                    faults.add(
                        variable,
                        problem,
                        "see to the variables of that provider, or name another one",
                    )
                }),
            }
        }
        let max_sends =
            faults.number("SMS_MAX_SENDS_PER_EVENT", vars.get("SMS_MAX_SENDS_PER_EVENT"), 2, 1..=5);
        let source = vars.get("SMS_TEMPLATE").unwrap_or(DEFAULT_TEMPLATE);
        let template = read_template("SMS_TEMPLATE", source, vars, faults, warnings);
        let mut regions: BTreeMap<Region, RegionalSms> = BTreeMap::new();
        for (region, Regional { name, value }) in of_countries("SMS_TEMPLATE", vars, faults) {
            regions.entry(region).or_default().template = read_template(name, value, vars, faults, warnings);
        }
        for (region, (_, chain)) in chains.regional {
            regions.entry(region).or_default().providers = Some(chain);
        }
        Self { providers, order: chains.general, template, regions, max_sends }
    }

    /// Who is asked for a number of this country, the preferred one first.
    pub fn order(&self, region: Option<Region>) -> &[ProviderName] {
        self.regional(region).and_then(|regional| regional.providers.as_ref()).unwrap_or(&self.order)
    }

    /// What is sent to a number of this country.
    pub fn template(&self, region: Option<Region>) -> Option<&MessageTemplate> {
        self.regional(region).and_then(|regional| regional.template.as_ref()).or(self.template.as_ref())
    }

    fn regional(&self, region: Option<Region>) -> Option<&RegionalSms> {
        self.regions.get(&region?)
    }

    /// The providers that have a sender of their own for this country.
    pub fn with_own_sender(&self, region: Region) -> impl Iterator<Item = ProviderName> + '_ {
        let own = move |provider: &&ProviderSettings| {
            country(region).is_some_and(|country| provider.countries().contains(&country))
        };
        self.providers.iter().filter(own).map(ProviderSettings::name)
    }

    /// The countries in which something differs.
    pub fn countries(&self) -> BTreeSet<Region> {
        let of_senders = self.providers.iter().flat_map(ProviderSettings::countries);
        let of_senders = of_senders.filter_map(|country| Region::from_iso(&country.to_string()));
        self.regions.keys().copied().chain(of_senders).collect()
    }
}

impl ProviderSettings {
    /// Who it is.
    pub fn name(&self) -> ProviderName {
        match self {
            Self::Twilio(_) => ProviderName::Twilio,
            Self::MessageBird(_) => ProviderName::MessageBird,
            Self::Vonage(_) => ProviderName::Vonage,
            Self::Log => ProviderName::Log,
        }
    }

    /// Where it sends from a sender of their own.
    fn countries(&self) -> Vec<Country> {
        let texts = match self {
            Self::Twilio(config) => return config.senders.keys().copied().collect(),
            Self::MessageBird(MessageBirdSettings::Classic(config, _)) => &config.senders,
            Self::MessageBird(MessageBirdSettings::Channels(config)) => &config.channels,
            Self::MessageBird(MessageBirdSettings::V1(config)) => &config.senders,
            Self::Vonage(VonageSettings { api: VonageApi::Sms(config), .. }) => &config.senders,
            Self::Vonage(VonageSettings { api: VonageApi::Messages(config), .. }) => &config.senders,
            Self::Log => return Vec::new(),
        };
        texts.keys().copied().collect()
    }
}

fn read_provider(
    name: ProviderName,
    vars: &Vars,
    reach: Reach<'_>,
    faults: &mut Faults,
    warnings: &mut Vec<String>,
) -> Option<ProviderSettings> {
    match name {
        ProviderName::Twilio => twilio::read(vars, reach, faults, warnings).map(ProviderSettings::Twilio),
        ProviderName::Log => Some(ProviderSettings::Log),
        ProviderName::Vonage => vonage::read(vars, reach, faults, warnings).map(ProviderSettings::Vonage),
        ProviderName::MessageBird => {
            messagebird::read(vars, reach, faults, warnings).map(ProviderSettings::MessageBird)
        }
        ProviderName::Inbox | ProviderName::Test | ProviderName::Stub => None,
    }
}

fn read_template(
    variable: &str,
    source: &str,
    vars: &Vars,
    faults: &mut Faults,
    warnings: &mut Vec<String>,
) -> Option<MessageTemplate> {
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
    let source = source.replace("\\r", "").replace("\\n", "\n");
    let app_name = vars.get("APP_NAME").map(str::to_owned);
    match MessageTemplate::new(&source, app_name, web_otp_domain) {
        Ok(template) => {
            warnings.extend(length_warning(variable, &template));
            Some(template)
        }
        Err(error) => faults.add(variable, error, "start from: Your {{ app }} code is {{ code }}."),
    }
}

/// Each segment is paid for, and a text of several may arrive in pieces.
fn length_warning(variable: &str, template: &MessageTemplate) -> Option<String> {
    let code = OtpCode::new("000000")?;
    let text = template.render(&code, Some("Example"), OtpType::SignIn, Duration::from_secs(600)).ok()?;
    let Segments { encoding, units, count } = segments(text.expose());
    (count > 1).then(|| {
        format!("{variable} makes texts of {count} segments ({units} units in {encoding}); shorten it, or keep to the GSM-7 alphabet")
    })
}

#[cfg(test)]
mod tests;
