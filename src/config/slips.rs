//! Names that are almost ours: a variable that silently is not read is worse than a wrong one.

use super::fault::Fault;
use super::variables::{OF_COUNTRY, OF_FILE, VARIABLES, is_ours, of_each_country, variable};
use super::vars::Vars;

/// What our names begin with, where nothing else's do.
const PREFIXES: [&str; 9] =
    ["NEON_AUTH_", "GUARD_", "SMS_", "TWILIO_", "MESSAGEBIRD_", "BIRD_", "VONAGE_", "STORE_", "FORWARD_"];

/// Names that other programs give to what we call otherwise.
const OTHER_NAMES: [(&str, &str); 14] = [
    ("TWILIO_PHONE_NUMBER", "TWILIO_FROM_NUMBER"),
    ("TWILIO_NUMBER", "TWILIO_FROM_NUMBER"),
    ("TWILIO_FROM", "TWILIO_FROM_NUMBER"),
    ("TWILIO_SID", "TWILIO_ACCOUNT_SID"),
    ("TWILIO_TOKEN", "TWILIO_AUTH_TOKEN"),
    ("TWILIO_API_KEY", "TWILIO_API_KEY_SID"),
    ("TWILIO_API_SECRET", "TWILIO_API_KEY_SECRET"),
    ("MESSAGEBIRD_API_KEY", "MESSAGEBIRD_ACCESS_KEY"),
    ("MESSAGEBIRD_FROM", "MESSAGEBIRD_ORIGINATOR"),
    ("BIRD_ACCESS_KEY", "MESSAGEBIRD_ACCESS_KEY"),
    ("BIRD_API_KEY", "MESSAGEBIRD_ACCESS_KEY"),
    ("VONAGE_BRAND_NAME", "VONAGE_FROM"),
    ("VONAGE_FROM_NUMBER", "VONAGE_FROM"),
    ("VONAGE_APPLICATION_PRIVATE_KEY", "VONAGE_PRIVATE_KEY"),
];

/// A variable that is set and read by nobody.
pub(super) struct Slip {
    name: String,
    meant: Option<String>,
}

/// The variables that look like ours and are not.
pub(super) fn slips(vars: &Vars) -> Vec<Slip> {
    let mut slips: Vec<_> = vars
        .all()
        .filter(|(name, value)| !is_ours(name) && !is_service_link(name, value))
        .filter_map(|(name, _)| {
            let meant = meant(name);
            let looks_like_ours = meant.is_some() || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
            looks_like_ours.then(|| Slip { name: name.to_owned(), meant })
        })
        .collect();
    slips.sort_by(|one, other| one.name.cmp(&other.name));
    slips
}

impl Slip {
    /// One line for the operator.
    pub(super) fn warning(&self) -> String {
        match &self.meant {
            Some(_) if self.is_of_an_open_variable() => {
                format!("{} is read by nobody: only secrets are read from files", self.name)
            }
            Some(meant) => format!("{} is read by nobody; is {meant} meant?", self.name),
            None => format!("{} is read by nobody: there is no variable of this name", self.name),
        }
    }

    fn is_of_an_open_variable(&self) -> bool {
        self.name.strip_suffix(OF_FILE).is_some_and(|name| variable(name).is_some())
    }

    /// Says at the fault of what was meant that it is there under another name.
    pub(super) fn explain(&self, faults: &mut [Fault]) {
        for fault in faults.iter_mut().filter(|fault| Some(&fault.variable) == self.meant.as_ref()) {
            fault.remedy = format!("{}; {} is set and read by nobody: rename it?", fault.remedy, self.name);
        }
    }
}

/// What Kubernetes sets for services that are named like our prefixes.
fn is_service_link(name: &str, value: &str) -> bool {
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || ["_TCP", "_UDP"].iter().any(|protocol| name.contains(protocol))
        || value.starts_with("tcp://")
        || value.starts_with("udp://")
}

/// The name of ours that is nearest, or that of its file.
fn meant(name: &str) -> Option<String> {
    let upper = name.to_ascii_uppercase().replace('-', "_");
    let of_file = upper.strip_suffix(OF_FILE);
    match of_file.and_then(|name| variable(name).or_else(|| variable(nearest(name)?))) {
        Some(secret) if secret.secret => Some(format!("{}{OF_FILE}", secret.name)),
        Some(open) => Some(open.name.to_owned()),
        None => nearest(&upper).map(str::to_owned),
    }
}

/// The variable with the nearest name.
fn nearest(upper: &str) -> Option<&'static str> {
    if let Some((_, meant)) = OTHER_NAMES.iter().find(|(other, _)| *other == upper) {
        return Some(meant);
    }
    if upper.starts_with("FORWARD_URL_EP") {
        return Some("FORWARD_URL_EP_…");
    }
    of_one_country(upper).or_else(|| nearest_row(upper))
}

/// What is different by country, if the name is that of the general one with more behind it, or almost.
fn of_one_country(upper: &str) -> Option<&'static str> {
    let (family, letters) = upper.rsplit_once('_')?;
    let meant = match OTHER_NAMES.iter().find(|(other, _)| *other == family) {
        Some((_, meant)) => meant,
        None if letters.len() == 2 => nearest_row(family)?,
        None => family,
    };
    of_each_country(meant).map(|variable| variable.name)
}

/// The row with the nearest name, if it is near enough for a slip: one letter in six.
fn nearest_row(upper: &str) -> Option<&'static str> {
    let nearest = VARIABLES
        .iter()
        // Other programs read these in small letters, and the shortest are like too much else.
        .filter(|variable| variable.name.len() >= 7 && !variable.name.ends_with("_PROXY"))
        .filter(|variable| !variable.name.ends_with(OF_COUNTRY))
        .map(|variable| (strsim::osa_distance(upper, variable.name), variable.name))
        .min();
    nearest.filter(|(distance, name)| distance * 6 <= name.len()).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(names: &[&str]) -> Vec<String> {
        let vars = Vars::new(names.iter().map(|name| ((*name).to_owned(), "s3cret".to_owned())));
        slips(&vars).iter().map(Slip::warning).collect()
    }

    #[test]
    fn a_name_that_is_almost_ours_is_told_with_the_nearest_right_one() {
        for (slip, meant) in [
            ("FORWARD_ULR", "FORWARD_URL"),
            ("SMS_TEMPLTE", "SMS_TEMPLATE"),
            ("TWILLIO_ACCOUNT_SID", "TWILIO_ACCOUNT_SID"),
            ("TWILIO_FORM_NUMBER", "TWILIO_FROM_NUMBER"),
            ("TWILIO_PHONE_NUMBER", "TWILIO_FROM_NUMBER"),
            ("MESSAGE_BIRD_ACCESS_KEY", "MESSAGEBIRD_ACCESS_KEY"),
            ("NEON_AUTH_URI", "NEON_AUTH_URL"),
            ("PUBLIC_URI", "PUBLIC_URL"),
            ("HASHKEY", "HASH_KEY"),
            ("STORE_URI", "STORE_URL"),
            ("METRIC_PORT", "METRICS_PORT"),
            ("sms_provider", "SMS_PROVIDER"),
            ("FORWARD_URL_EP-A-1", "FORWARD_URL_EP_…"),
            ("SMS_TEMPLATE_GERMANY", "SMS_TEMPLATE_<ISO>"),
            ("SMS_PROVIDR_DE", "SMS_PROVIDER_<ISO>"),
            ("TWILIO_PHONE_NUMBER_GB", "TWILIO_FROM_NUMBER_<ISO>"),
            ("sms_provider_de", "SMS_PROVIDER_<ISO>"),
            ("TWILIO_AUTH_TOKN_FILE", "TWILIO_AUTH_TOKEN_FILE"),
            ("TWILIO_TOKEN_FILE", "TWILIO_AUTH_TOKEN_FILE"),
            ("hash_key_file", "HASH_KEY_FILE"),
        ] {
            let warnings = warnings(&[slip]);
            assert_eq!(warnings.len(), 1, "{slip}");
            assert!(
                warnings[0].starts_with(slip) && warnings[0].contains(&format!("{meant} ")),
                "{warnings:?}"
            );
            assert!(!warnings[0].contains("s3cret"));
        }
        assert!(warnings(&["SMS_COLOUR"])[0].contains("there is no variable of this name"));
        assert!(warnings(&["APP_NAME_FILE"])[0].contains("only secrets are read from files"));
        assert_eq!(warnings(&["HASH_KEY_FILE", "TWILIO_AUTH_TOKEN_FILE"]), Vec::<String>::new());
    }

    #[test]
    fn what_belongs_to_others_is_left_alone() {
        let others = [
            "PATH",
            "HOME",
            "HOSTNAME",
            "POST",
            "http_proxy",
            "HTTP_PROXY",
            "no_proxy",
            "DATABASE_URL",
            "NEON_DATABASE_URL",
            "FLY_APP_NAME",
            "SMS_SERVICE_HOST",
            "SMS_PORT_8080_TCP_ADDR",
            "VITE_NEON_AUTH_URL",
            "SSL_CERT_FILE",
            "SMS_PROVIDER_SERVICE_HOST",
            "SMS_PROVIDER_PORT_8080_TCP",
            "SMS_TEMPLATE_DE",
        ];
        assert_eq!(warnings(&others), Vec::<String>::new());
    }
}
