//! What is done for a text to arrive, after a provider took it.

use super::fault::Faults;
use super::{ServerSettings, Vars};
use std::time::Duration;

/// `RESEND_ON_FAILURE`, `RESEND_IF_SILENT_SECONDS` and `SMS_ROUTING`.
#[derive(Debug, Clone)]
pub struct TextingRules {
    /// Whether a text that is reported as failed is made good by another provider.
    pub resend_on_failure: bool,
    /// After how long without a final report another provider is asked, too.
    pub resend_if_silent: Option<Duration>,
    /// Whether what was verified decides who is asked first.
    pub adaptive: bool,
}

impl TextingRules {
    pub(super) fn read(vars: &Vars, server: &ServerSettings, faults: &mut Faults) -> Self {
        let resend_on_failure = faults.switch("RESEND_ON_FAILURE", vars.get("RESEND_ON_FAILURE"), true);
        let name = "RESEND_IF_SILENT_SECONDS";
        let silent = vars.get(name).map(|value| faults.number(name, Some(value), 30, 5..=300));
        if silent.is_some() && server.public_url.is_none() {
            faults.add::<()>(
                name,
                "is set, and without PUBLIC_URL no provider ever reports, so every code would be sent twice",
                "set PUBLIC_URL, or unset it",
            );
        }
        let adaptive = match vars.get("SMS_ROUTING").map(str::to_ascii_lowercase).as_deref() {
            None | Some("fixed") => false,
            Some("adaptive") => true,
            Some(_) => {
                faults.add("SMS_ROUTING", "is neither fixed nor adaptive", "set one of them, or unset it")
            }
        };
        Self { resend_on_failure, resend_if_silent: silent.map(Duration::from_secs), adaptive }
    }
}
