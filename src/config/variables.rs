//! Every variable there is, in one table: what is read, told to users and taken for a slip of the pen follows it.

mod section;

pub use section::Section;

/// One variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub section: Section,
    /// What holds if it is not set, as a user reads it; empty if nothing does.
    pub default: &'static str,
    /// What it means, in one line.
    pub meaning: &'static str,
    /// Whether its value, or a part of it, must be seen by nobody; it may come from a file then.
    pub secret: bool,
}

/// A `FORWARD_URL` of one branch begins with this.
pub const FORWARD_URL_OF_BRANCH: &str = "FORWARD_URL_EP_";

/// The price of a text to one country begins with this.
pub const PRICE_OF_COUNTRY: &str = "SMS_PRICE_";

/// Whether a name is one of the table, or of those that are many.
pub fn is_ours(name: &str) -> bool {
    variable(name).is_some()
        || secret_of_file(name).is_some()
        || of_each_country(name).is_some()
        || [FORWARD_URL_OF_BRANCH, PRICE_OF_COUNTRY].iter().any(|start| name.starts_with(start))
}

/// How the name ends in the table where there is one variable for each country: `SMS_PROVIDER_<ISO>`.
pub const OF_COUNTRY: &str = "_<ISO>";

/// What the name of a secret ends with where it names the file that the secret is read from.
pub const OF_FILE: &str = "_FILE";

/// The variable of this name; `SMS_PROVIDER_DE` is the `SMS_PROVIDER_<ISO>` of a country, and so is a name with two
/// letters at its end that are no country's.
pub fn variable(name: &str) -> Option<&'static Variable> {
    VARIABLES.iter().find(|variable| variable.name == name).or_else(|| {
        let (family, letters) = name.rsplit_once('_')?;
        let is_country = letters.len() == 2 && letters.bytes().all(|letter| letter.is_ascii_alphabetic());
        is_country.then(|| of_each_country(family))?
    })
}

/// The row of what is `family` where nothing is said for a country.
pub fn of_each_country(family: &str) -> Option<&'static Variable> {
    VARIABLES.iter().find(|variable| variable.name.strip_suffix(OF_COUNTRY) == Some(family))
}

/// The secret that is read from the file that the variable of this name names: `HASH_KEY` of `HASH_KEY_FILE`.
pub fn secret_of_file(name: &str) -> Option<&'static Variable> {
    let secret = variable(name.strip_suffix(OF_FILE)?)?;
    secret.secret.then_some(secret)
}

impl Variable {
    /// Whether a change takes effect when the running server reads its variables again.
    pub fn is_read_again(&self) -> bool {
        let sending = [Sms, Twilio, MessageBird, Vonage, TestNumbers];
        sending.contains(&self.section) || ["FORWARD_SECRET", "NEON_API_KEY"].contains(&self.name)
    }
}

/// The secrets. Each may be read from a file, which `NAME_FILE` names.
pub fn secrets() -> impl Iterator<Item = &'static Variable> {
    VARIABLES.iter().filter(|variable| variable.secret)
}

const fn open(
    section: Section,
    name: &'static str,
    default: &'static str,
    meaning: &'static str,
) -> Variable {
    Variable { name, section, default, meaning, secret: false }
}

const fn secret(section: Section, name: &'static str, meaning: &'static str) -> Variable {
    Variable { name, section, default: "", meaning, secret: true }
}

/// A URL with a password in it, perhaps.
const fn open_with_secret(
    section: Section,
    name: &'static str,
    default: &'static str,
    meaning: &'static str,
) -> Variable {
    Variable { name, section, default, meaning, secret: true }
}

use Section::{
    Development, Forwarding, Guard, MessageBird, Neon, NeonApi, Network, Server, Sms, Store, TestNumbers,
    Traces, Twilio, Vonage,
};

/// All of them, section by section.
#[rustfmt::skip]
pub const VARIABLES: &[Variable] = &[
    open(Neon, "NEON_AUTH_URL", "required", "the Auth URL of your branch (Neon Console, Auth); several, separated by commas, for several branches"),
    open(Neon, "NEON_AUTH_BASE_URL", "", "another name of `NEON_AUTH_URL`, as Neon's SDK has it; set one of them, or both to the same"),
    open(Neon, "NEON_JWKS_URL", "`<NEON_AUTH_URL>/.well-known/jwks.json`", "where the keys are; only with a single `NEON_AUTH_URL`"),
    open(Neon, "NEON_ENDPOINT_IDS", "the `ep-…` in each `NEON_AUTH_URL`", "whose events are served, separated by commas; `*` is any"),
    open(Neon, "NEON_TIMEOUT_SECONDS", "`5`", "`timeout_seconds` of the webhook, 1 to 10; the relay answers half a second before"),
    open(Neon, "NEON_TIMESTAMP_TOLERANCE_SECONDS", "`300`", "how old, or how far ahead, a delivery may be, in seconds, 1 to 3600"),
    secret(NeonApi, "NEON_API_KEY", "an API key; with it `doctor` checks the branch's webhook, and `neon` and `dev --tunnel` change it"),
    open(NeonApi, "NEON_PROJECT_ID", "", "the project"),
    open(NeonApi, "NEON_BRANCH_ID", "", "the branch whose webhook points here"),
    open(NeonApi, "NEON_API_BASE_URL", "`https://console.neon.tech/api/v2`", "another address, or a mock"),
    open(Sms, "SMS_PROVIDER", "required", "`twilio`, `messagebird` (or `bird`), `vonage`, or several in the order in which they are tried: `twilio,vonage`; `log` prints texts"),
    open(Sms, "SMS_PROVIDER_<ISO>", "`SMS_PROVIDER`", "who is asked, and in which order, for numbers of one country, named by its two letters: `SMS_PROVIDER_DE=vonage,twilio`"),
    open(Sms, "ALLOW_LOG_PROVIDER", "", "`1` permits `log`, which shows codes; for development only"),
    open(Sms, "SMS_TEMPLATE", "`Your {{ app }} code is {{ code }}. It expires in {{ minutes }} min.`", "the text; also `{{ otp_type }}`; `{{ code }}` must be in it, and `\\n` is a line break"),
    open(Sms, "SMS_TEMPLATE_<ISO>", "`SMS_TEMPLATE`", "the text for numbers of one country: `SMS_TEMPLATE_DE`"),
    open(Sms, "APP_NAME", "the Neon project's name", "`{{ app }}`"),
    open(Sms, "SMS_WEB_OTP_DOMAIN", "", "the host of your site: adds `@domain #code`, so that phones offer to fill the code in"),
    open(Sms, "SMS_MAX_SENDS_PER_EVENT", "`2`", "requests that may have produced a text, for one event, over all attempts and providers, 1 to 5"),
    open(Sms, "RESEND_ON_FAILURE", "`1`", "`1`: a text that is reported as failed while its code lives is sent again by the next provider; needs `PUBLIC_URL`"),
    open(Sms, "RESEND_IF_SILENT_SECONDS", "", "after so many seconds without a final report, 5 to 300, the next provider sends it, too"),
    open(Sms, "SMS_ROUTING", "`fixed`", "`fixed`: in the order of `SMS_PROVIDER`; `adaptive`: whoever gets users in, by country, is asked first"),
    open(Sms, "CONVERSION_FEEDBACK", "", "`1` tells Twilio and Vonage which texts led to a verification"),
    open(Twilio, "TWILIO_ACCOUNT_SID", "", "the account, `AC…`"),
    secret(Twilio, "TWILIO_AUTH_TOKEN", "the account's token; it also verifies status callbacks"),
    open(Twilio, "TWILIO_API_KEY_SID", "", "an API key, `SK…`, that sends in place of the token"),
    secret(Twilio, "TWILIO_API_KEY_SECRET", "the API key's secret"),
    open(Twilio, "TWILIO_FROM_NUMBER", "", "the sender: a number with `+` and country code, a short code, or a name"),
    open(Twilio, "TWILIO_FROM_NUMBER_<ISO>", "the general sender", "the sender for numbers of one country: `TWILIO_FROM_NUMBER_GB`"),
    open(Twilio, "TWILIO_MESSAGING_SERVICE_SID", "", "or a messaging service, `MG…`, that chooses the number"),
    open(Twilio, "TWILIO_MESSAGING_SERVICE_SID_<ISO>", "the general sender", "or its messaging service"),
    open(Twilio, "TWILIO_BASE_URL", "`https://api.twilio.com`", "another region, or a mock"),
    secret(MessageBird, "MESSAGEBIRD_ACCESS_KEY", "the account's key"),
    open(MessageBird, "MESSAGEBIRD_ORIGINATOR", "", "the sender: a number with country code, a short code, or a name"),
    open(MessageBird, "MESSAGEBIRD_ORIGINATOR_<ISO>", "`MESSAGEBIRD_ORIGINATOR`", "the sender for numbers of one country: `MESSAGEBIRD_ORIGINATOR_DE`; not for `channels`"),
    secret(MessageBird, "MESSAGEBIRD_SIGNING_KEY", "verifies status callbacks"),
    open(MessageBird, "MESSAGEBIRD_API", "from the key's form and what else is set", "`classic` (rest.messagebird.com), `channels` or `v1`"),
    open(MessageBird, "BIRD_WORKSPACE_ID", "", "for `channels`: the workspace, a UUID"),
    open(MessageBird, "BIRD_CHANNEL_ID", "", "for `channels`: the SMS channel, a UUID"),
    open(MessageBird, "BIRD_CHANNEL_ID_<ISO>", "`BIRD_CHANNEL_ID`", "for `channels`: the SMS channel for numbers of one country"),
    open(MessageBird, "MESSAGEBIRD_BASE_URL", "the API's", "another region, or a mock"),
    open(Vonage, "VONAGE_API", "`messages` if an application is set, else `sms`", "which of Vonage's APIs"),
    open(Vonage, "VONAGE_FROM", "", "the sender: a number with country code, or a name"),
    open(Vonage, "VONAGE_FROM_<ISO>", "`VONAGE_FROM`", "the sender for numbers of one country: `VONAGE_FROM_DE`"),
    open(Vonage, "VONAGE_APPLICATION_ID", "", "for `messages`: the application, a UUID"),
    secret(Vonage, "VONAGE_PRIVATE_KEY", "for `messages`: the application's RSA key, as PEM, base64 of it, or a path"),
    open(Vonage, "VONAGE_API_KEY", "", "the account"),
    secret(Vonage, "VONAGE_API_SECRET", "the account's secret"),
    secret(Vonage, "VONAGE_SIGNATURE_SECRET", "verifies status callbacks; without `VONAGE_API_SECRET` it also signs what is sent"),
    open(Vonage, "VONAGE_SIGNATURE_METHOD", "`md5hash`", "how it signs, as the account's settings have it"),
    open(Vonage, "VONAGE_BASE_URL", "the API's", "another region, or a mock"),
    open(Guard, "GUARD", "`enforce`", "`enforce` refuses texts that look like an attack, `record` only notes what it would refuse, `off` looks at nothing"),
    open(Guard, "SMS_COUNTRIES", "all", "the only countries that are sent to: ISO codes, separated by commas"),
    open(Guard, "SMS_COUNTRIES_DENY", "none", "countries that are not sent to"),
    open(Guard, "SMS_NUMBER_TYPES_DENY", "`premium_rate,shared_cost,toll_free,pager,voicemail,uan`", "kinds of numbers that are not sent to; also `fixed_line`, `voip`, `personal`; or `none`"),
    open(Guard, "GUARD_NUMBER_PAUSE_SECONDS", "`30`", "the pause between two texts to one number, in seconds, 0 to 3600; from the fourth unverified text on it grows to 1, 2, 4 … 32 min; `0` turns both off"),
    open(Guard, "GUARD_NUMBER_PER_10_MIN", "`5`", "texts to one number in ten minutes, 1 to 100; a verification starts anew"),
    open(Guard, "GUARD_NUMBER_PER_DAY", "`10`", "texts to one number in 24 hours, 1 to 1000; a verification starts anew"),
    open(Guard, "GUARD_UNLINKED", "`0.25`", "the share of a country's budget that numbers get that nobody has linked, above 0 and at most 1; `deny` gives them none"),
    open(Guard, "SMS_DAILY_LIMIT", "", "texts a day (by UTC), 1 to 100000000; then numbers alone that were verified before get any"),
    open(Guard, "SMS_DAILY_SPEND", "", "the same in money: an amount with its currency, such as `20 USD`; needs `SMS_PRICE`"),
    open(Guard, "SMS_PRICE", "", "what a text costs until its price is reported: `0.05 USD`; `SMS_PRICE_DE` and the like for one country"),
    open(Guard, "GUARD_ALLOW", "", "numbers and prefixes that always pass, separated by commas: `+15550100001,+4930`"),
    open(Guard, "GUARD_IP", "`0`", "`1` limits codes by address, too; only where Neon sees your users' own addresses"),
    open(Server, "HOST", "`0.0.0.0`", "the address to listen on, or a name that is resolved to one; `::` is IPv4 and IPv6"),
    open(Server, "PORT", "`8080`", "the port; `0` is any"),
    open(Server, "WORKERS", "one per core", "HTTP worker threads, 1 to 256"),
    open(Server, "MAX_IN_FLIGHT", "`2000`", "deliveries at once; beyond it the answer is 503"),
    open(Server, "METRICS_PORT", "`9091`", "Prometheus; `0` is off"),
    open(Server, "PUBLIC_URL", "", "`https://…` under which providers reach `/callbacks/…`; unset: no status callbacks are asked for"),
    open(Server, "LOG_FORMAT", "`json` (`pretty` on a terminal)", "`json` or `pretty`"),
    open(Server, "RUST_LOG", "`info`", "a level, or a filter by module"),
    open_with_secret(Network, "HTTPS_PROXY", "", "a proxy for everything that is encrypted: `http://host:port`, `https://…`, `socks5://…`"),
    open_with_secret(Network, "ALL_PROXY", "", "the same, if `HTTPS_PROXY` is not set"),
    open(Network, "NO_PROXY", "", "hosts that are asked directly: names with all below them, addresses, networks; `*` is all"),
    open(Network, "SSL_CERT_FILE", "the system's store", "certificates (PEM) of authorities to trust beside Mozilla's"),
    open(Network, "SSL_CERT_DIR", "", "a folder of them, as `openssl rehash` names them"),
    open(Traces, "OTEL_EXPORTER_OTLP_ENDPOINT", "", "`http://collector:4318` of an OpenTelemetry collector that takes protobuf over HTTP; unset: no traces"),
    open(Traces, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "`/v1/traces` below the endpoint", "the whole URL for traces, in its place"),
    open(Traces, "OTEL_EXPORTER_OTLP_PROTOCOL", "`http/protobuf`", "the one that there is"),
    open(Traces, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "`http/protobuf`", "the same, for traces"),
    secret(Traces, "OTEL_EXPORTER_OTLP_HEADERS", "what the collector wants to see: `name=value`, several separated by commas, values percent-encoded"),
    secret(Traces, "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "the same, for traces, in its place"),
    open(Traces, "OTEL_EXPORTER_OTLP_TIMEOUT", "`10000`", "what one request to it may take, in milliseconds, 1 to 60000"),
    open(Traces, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "`10000`", "the same, for traces, in its place"),
    open(Traces, "OTEL_EXPORTER_OTLP_COMPRESSION", "`none`", "`gzip` or `none`"),
    open(Traces, "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "`none`", "the same, for traces, in its place"),
    open(Traces, "OTEL_SERVICE_NAME", "`neon-sms-relay`", "the service that traces are shown under"),
    open(Traces, "OTEL_RESOURCE_ATTRIBUTES", "", "further attributes of the service: `name=value`, several separated by commas, values percent-encoded"),
    open(Traces, "OTEL_TRACES_SAMPLER", "`parentbased_always_on`", "which traces are recorded: `always_on`, `always_off`, `traceidratio`, or one of them with `parentbased_` before it, which leaves traces that began elsewhere to whoever began them"),
    open(Traces, "OTEL_TRACES_SAMPLER_ARG", "`1.0`", "the share of `traceidratio`, from 0 to 1"),
    open(Traces, "OTEL_TRACES_EXPORTER", "`otlp`", "`none` turns traces off"),
    open(Traces, "OTEL_SDK_DISABLED", "`false`", "`true` turns traces off"),
    open_with_secret(Store, "STORE_URL", "`sqlite://neon-sms-relay.db`", "`memory:`, `sqlite://path` or `postgres://…`; the last for two instances and more"),
    open(Store, "STORE_TTL_HOURS", "`24`", "how long an event is remembered, in hours, 1 to 8760"),
    secret(Store, "HASH_KEY", "16 characters or more, under which numbers are hashed and what waits for your app is encrypted; unset: a random one, kept in the store"),
    open(Store, "STORE_FAILURE", "`send`", "store down: `send` (once per instance, logged and counted) or `refuse` (503)"),
    open(Forwarding, "FORWARD_URL", "", "your own webhook handler, which gets every event that the relay does not deliver itself"),
    secret(Forwarding, "FORWARD_SECRET", "key of the `Relay-Signature` header on forwarded requests"),
    open(Forwarding, "BEFORE_CREATE", "", "without `FORWARD_URL`: `allow` lets sign-ups pass if you subscribe to `user.before_create`; otherwise they are denied"),
    open(TestNumbers, "TEST_NUMBERS", "", "numbers that are never texted, each until the end of a day in UTC: `+15550100001:2026-12-31`, several separated by commas"),
    secret(TestNumbers, "TEST_NUMBERS_TOKEN", "16 characters or more; whoever has it reads their codes at `/test-codes/{number}`; required with `TEST_NUMBERS`"),
    open(Development, "DEV_HOST", "this machine alone", "the address that the emulator and the inbox of `dev` listen on besides; `0.0.0.0` lets in whoever reaches this machine, and they read the codes"),
    open(Development, "DEV_PORT", "`8025`", "the emulator and the inbox of `dev`"),
    open(Development, "DEV_STRICT", "", "`1`: a number that nobody has linked cannot sign in to `dev`, as at Neon; otherwise it gets a user"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_for_a_country_is_found_by_its_letters() {
        for (name, row) in [
            ("SMS_PROVIDER_DE", "SMS_PROVIDER_<ISO>"),
            ("VONAGE_FROM_gb", "VONAGE_FROM_<ISO>"),
            ("SMS_TEMPLATE_UK", "SMS_TEMPLATE_<ISO>"),
            ("TWILIO_FROM_NUMBER", "TWILIO_FROM_NUMBER"),
            ("BIRD_CHANNEL_ID", "BIRD_CHANNEL_ID"),
        ] {
            assert_eq!(variable(name).map(|variable| variable.name), Some(row), "{name}");
        }
        for name in
            ["SMS_PROVIDER_PORT", "VONAGE_FROM_NUMBER", "SMS_PROVIDER_", "PUBLIC_URL_DE", "SMS_TEMPLATE_D1"]
        {
            assert_eq!(variable(name), None, "{name}");
        }
    }

    #[test]
    fn each_name_stands_once_and_each_section_together() {
        for (at, one) in VARIABLES.iter().enumerate() {
            assert!(VARIABLES[..at].iter().all(|earlier| earlier.name != one.name), "{}", one.name);
            let apart = VARIABLES[..at].iter().rposition(|earlier| earlier.section == one.section);
            assert!(apart.is_none_or(|last| last + 1 == at), "{} is apart from its section", one.name);
        }
    }

    #[test]
    fn the_name_of_a_secret_s_file_is_that_of_no_other_variable() {
        for secret in secrets() {
            let file = format!("{}{OF_FILE}", secret.name);
            assert!(variable(&file).is_none(), "{file}");
            assert_eq!(secret_of_file(&file), Some(secret));
        }
        assert!(secrets().any(|secret| secret.name == "STORE_URL"));
        for other in ["SSL_CERT_FILE", "APP_NAME_FILE", "HASH_KEY", "_FILE"] {
            assert_eq!(secret_of_file(other), None, "{other}");
        }
    }
}
