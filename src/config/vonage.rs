//! `VONAGE_…`

use super::chains::Reach;
use super::fault::Faults;
use super::regions::{self, Regional};
use super::sender::{self, Plus, SenderForm};
use super::{Vars, private_key};
use crate::domain::DeliveryRef;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sms_providers::vonage::{MessagesAuth, MessagesConfig, Signature, SignatureMethod, SmsAuth, SmsConfig};
use url::Url;
use uuid::Uuid;

/// One account and the API to use.
#[derive(Debug, Clone)]
pub struct VonageSettings {
    /// Through which API texts are sent.
    pub api: VonageApi,
    /// What delivery reports are signed with; without it none are asked for.
    pub signature: Option<Signature>,
    /// Whether Vonage is told which texts led to a verification.
    pub feedback: bool,
}

/// `VONAGE_API`
#[derive(Debug, Clone)]
pub enum VonageApi {
    /// `sms`
    Sms(SmsConfig),
    /// `messages`
    Messages(MessagesConfig),
}

/// What a report address has room for, beside `/callbacks/vonage/`, a reference, and the number behind it.
const LONGEST_PUBLIC_URL: usize =
    SmsConfig::LONGEST_CALLBACK - "/callbacks/vonage/".len() - DeliveryRef::LENGTH - "-99".len();

const FROM: &str = "VONAGE_FROM";

#[derive(Default, Deserialize)]
struct VonageVars {
    api: Option<String>,
    api_key: Option<String>,
    api_secret: Option<SecretString>,
    from: Option<String>,
    signature_secret: Option<SecretString>,
    signature_method: Option<String>,
    application_id: Option<String>,
    private_key: Option<SecretString>,
    base_url: Option<String>,
}

/// Reads the account, or notes what is missing.
pub(super) fn read(
    vars: &Vars,
    reach: Reach<'_>,
    faults: &mut Faults,
    warnings: &mut Vec<String>,
) -> Option<VonageSettings> {
    let vonage: VonageVars = vars.section("VONAGE_");
    let senders = regions::senders(FROM, vars, reach, faults, warnings, read_from);
    let from = match (vonage.from.as_deref(), reach.stand_in(&senders)) {
        (Some(value), _) => read_from(Regional { name: FROM, value }, faults, warnings),
        (None, Some(of_some_country)) => Some(of_some_country),
        (None, None) => faults.add(
            FROM,
            "is missing",
            "set the number or the name (up to 11 characters) that texts come from",
        ),
    };
    let method = match vonage.signature_method.as_deref().map(|name| name.to_ascii_lowercase().parse()) {
        None => SignatureMethod::default(),
        Some(Ok(method)) => method,
        Some(Err(error)) => faults.add(
            "VONAGE_SIGNATURE_METHOD",
            error,
            "copy it from the account's settings in the Vonage dashboard",
        ),
    };
    let signature = vonage.signature_secret.clone().map(|secret| Signature { secret, method });
    let wants_messages = match vonage.api.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("messages") => true,
        Some("sms") => false,
        Some(_) => {
            return faults.add(
                "VONAGE_API",
                "is neither sms nor messages",
                "set sms or messages, or unset it",
            );
        }
        None => vonage.application_id.is_some() || vonage.private_key.is_some(),
    };
    let base_url = |default: &str, faults: &mut Faults| match &vonage.base_url {
        Some(url) => faults.url("VONAGE_BASE_URL", url),
        None => Url::parse(default).ok(),
    };
    let wants_reports = signature.is_some();
    let api = if wants_messages {
        let auth = read_messages_auth(&vonage, vars, faults);
        let base_url = base_url(MessagesConfig::DEFAULT_BASE_URL, faults);
        VonageApi::Messages(MessagesConfig {
            auth: auth?,
            from: from?,
            senders,
            wants_reports,
            base_url: base_url?,
        })
    } else {
        let api_key = read_api_key(&vonage, faults);
        let auth = read_sms_auth(&vonage, signature.clone(), faults);
        let base_url = base_url(SmsConfig::DEFAULT_BASE_URL, faults);
        let public_url = vars.get("PUBLIC_URL").filter(|_| wants_reports);
        if public_url.is_some_and(|url| url.trim_end_matches('/').len() > LONGEST_PUBLIC_URL) {
            warnings.push(format!(
                "PUBLIC_URL has more than {LONGEST_PUBLIC_URL} characters, too many for report addresses of Vonage's SMS API, so none are asked for; use a shorter address, or VONAGE_API=messages"
            ));
        }
        VonageApi::Sms(SmsConfig {
            api_key: api_key?,
            auth: auth?,
            from: from?,
            senders,
            wants_reports,
            base_url: base_url?,
        })
    };
    let feedback = faults.switch("CONVERSION_FEEDBACK", vars.get("CONVERSION_FEEDBACK"), false);
    Some(VonageSettings { api, signature, feedback })
}

fn read_from(from: Regional<'_>, faults: &mut Faults, warnings: &mut Vec<String>) -> Option<String> {
    sender::read(from.name, from.value, Plus::Optional, faults, warnings).map(SenderForm::without_plus)
}

fn read_api_key(vonage: &VonageVars, faults: &mut Faults) -> Option<String> {
    vonage
        .api_key
        .clone()
        .or_else(|| faults.add("VONAGE_API_KEY", "is missing", "copy it from the Vonage dashboard"))
}

fn read_sms_auth(vonage: &VonageVars, signature: Option<Signature>, faults: &mut Faults) -> Option<SmsAuth> {
    match (&vonage.api_secret, signature) {
        // With both, requests carry the secret and reports the signature: sent together they are refused.
        (Some(secret), _) => Some(SmsAuth::Secret(secret.clone())),
        (None, Some(signature)) => Some(SmsAuth::Signed(signature)),
        (None, None) => faults.add(
            "VONAGE_API_SECRET",
            "is missing, and so is VONAGE_SIGNATURE_SECRET",
            "set the account's API secret, or its signature secret to sign requests",
        ),
    }
}

fn read_messages_auth(vonage: &VonageVars, vars: &Vars, faults: &mut Faults) -> Option<MessagesAuth> {
    match (&vonage.application_id, &vonage.private_key) {
        (Some(id), Some(key)) => {
            let id = read_application_id(id, faults);
            let key = private_key::read(key.expose_secret(), vars);
            let key = key.map_err(|fault| faults.add::<()>("VONAGE_PRIVATE_KEY", fault, fault.remedy()));
            Some(MessagesAuth::Application { id: id?, key: key.ok()? })
        }
        (Some(_), None) => faults.add(
            "VONAGE_PRIVATE_KEY",
            "is missing beside VONAGE_APPLICATION_ID",
            "set the application's private key: PEM text, base64 of it, or a path",
        ),
        (None, Some(_)) => faults.add(
            "VONAGE_APPLICATION_ID",
            "is missing beside VONAGE_PRIVATE_KEY",
            "copy the application's id from the Vonage dashboard",
        ),
        (None, None) => {
            let api_key = read_api_key(vonage, faults);
            let api_secret = vonage.api_secret.clone().or_else(|| {
                faults.add(
                    "VONAGE_API_SECRET",
                    "is missing, and so is VONAGE_APPLICATION_ID",
                    "set the account's API secret, or an application and its private key",
                )
            });
            Some(MessagesAuth::Basic { api_key: api_key?, api_secret: api_secret? })
        }
    }
}

fn read_application_id(id: &str, faults: &mut Faults) -> Option<String> {
    match Uuid::parse_str(id) {
        Ok(id) => Some(id.hyphenated().to_string()),
        Err(_) => faults.add(
            "VONAGE_APPLICATION_ID",
            "is not a UUID",
            "copy the application's id from the Vonage dashboard, such as 78d335fa-323d-0114-9c3d-d6f0d48968cf",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::chains::Chains;
    use sms_providers::ProviderName;

    const FROM: (&str, &str) = ("VONAGE_FROM", "Acme");
    const KEY: (&str, &str) = ("VONAGE_API_KEY", "abcd1234");
    const SECRET: (&str, &str) = ("VONAGE_API_SECRET", "s3cret");
    const SIGNATURE: (&str, &str) = ("VONAGE_SIGNATURE_SECRET", "s3cret");
    const APPLICATION: (&str, &str) = ("VONAGE_APPLICATION_ID", "78d335fa-323d-0114-9c3d-d6f0d48968cf");
    const PEM: &str = include_str!("../../fixtures/vonage/application.pem");

    fn settings(vars: &[(&str, &str)]) -> Result<VonageSettings, Vec<String>> {
        let vars = Vars::new(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut faults = Faults::default();
        let chains = Chains::default();
        let settings = read(&vars, chains.reach(ProviderName::Vonage), &mut faults, &mut Vec::new());
        faults.into_result(()).map_err(|errors| {
            assert!(!errors.to_string().contains("s3cret"));
            errors.0.into_iter().map(|fault| fault.variable).collect::<Vec<_>>()
        })?;
        Ok(settings.unwrap())
    }

    #[test]
    fn a_public_address_that_is_too_long_for_vonages_reports_is_told_and_one_that_just_fits_is_not() {
        let warned = |length: usize, more: &[(&str, &str)]| {
            let public_url = format!("https://{}", "a".repeat(length - 8));
            let vars: Vec<_> = [FROM, KEY, SECRET, SIGNATURE, ("PUBLIC_URL", &public_url)]
                .iter()
                .chain(more)
                .copied()
                .collect();
            let vars = Vars::new(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            let (chains, mut warnings) = (Chains::default(), Vec::new());
            let reach = chains.reach(ProviderName::Vonage);
            read(&vars, reach, &mut Faults::default(), &mut warnings).unwrap();
            warnings.iter().any(|warning| warning.contains("PUBLIC_URL has more than 47 characters"))
        };
        assert!(warned(48, &[]) && !warned(47, &[]));
        assert!(!warned(48, &[("VONAGE_API", "messages")]));
    }

    #[test]
    fn key_and_secret_send_through_the_sms_api_and_the_signature_secret_alone_signs() {
        let by_secret = settings(&[FROM, KEY, SECRET, SIGNATURE]).unwrap();
        assert!(matches!(
            &by_secret.api,
            VonageApi::Sms(SmsConfig { auth: SmsAuth::Secret(_), wants_reports: true, .. })
        ));
        let signed = settings(&[FROM, KEY, SIGNATURE, ("VONAGE_SIGNATURE_METHOD", "sha512")]).unwrap();
        assert_eq!(signed.signature.unwrap().method, SignatureMethod::Sha512);
        assert!(matches!(&signed.api, VonageApi::Sms(SmsConfig { auth: SmsAuth::Signed(_), .. })));
    }

    #[test]
    fn an_application_sends_through_the_messages_api_with_its_key() {
        let settings_of = settings(&[FROM, APPLICATION, ("VONAGE_PRIVATE_KEY", PEM)]).unwrap();
        assert!(matches!(
            settings_of.api,
            VonageApi::Messages(MessagesConfig { auth: MessagesAuth::Application { .. }, .. })
        ));
        let basic = settings(&[FROM, KEY, SECRET, ("VONAGE_API", "messages")]).unwrap();
        assert!(matches!(
            basic.api,
            VonageApi::Messages(MessagesConfig {
                auth: MessagesAuth::Basic { .. },
                wants_reports: false,
                ..
            })
        ));
    }

    #[test]
    fn each_missing_or_wrong_part_is_named() {
        for (vars, expected) in [
            (vec![], vec!["VONAGE_FROM", "VONAGE_API_KEY", "VONAGE_API_SECRET"]),
            (vec![FROM, KEY], vec!["VONAGE_API_SECRET"]),
            (vec![FROM, APPLICATION], vec!["VONAGE_PRIVATE_KEY"]),
            (
                vec![FROM, ("VONAGE_APPLICATION_ID", "s3cret"), ("VONAGE_PRIVATE_KEY", PEM)],
                vec!["VONAGE_APPLICATION_ID"],
            ),
            (vec![FROM, APPLICATION, ("VONAGE_PRIVATE_KEY", "s3cret")], vec!["VONAGE_PRIVATE_KEY"]),
            (vec![FROM, ("VONAGE_PRIVATE_KEY", "x")], vec!["VONAGE_APPLICATION_ID"]),
            (vec![FROM, KEY, SECRET, ("VONAGE_API", "fax")], vec!["VONAGE_API"]),
            (
                vec![FROM, KEY, SIGNATURE, ("VONAGE_SIGNATURE_METHOD", "rot13")],
                vec!["VONAGE_SIGNATURE_METHOD"],
            ),
        ] {
            assert_eq!(settings(&vars).unwrap_err(), expected);
        }
    }
}
