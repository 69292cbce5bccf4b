//! Settings from environment variables. Every fault is found and told at once; no value is ever shown.
//!
//! Each section reads its variables as plain texts (which cannot fail) and then parses them one by one,
//! so that one wrong variable does not hide the next.

mod auth_url;
mod chains;
pub mod dotenv;
mod fault;
mod forward;
mod given;
mod guard;
mod host;
mod listen;
mod messagebird;
mod neon;
mod neon_api;
mod network;
mod private_key;
mod public_url;
mod regions;
mod secret_file;
mod sender;
mod server;
mod slips;
mod sms;
mod store;
mod test_numbers;
mod texting;
mod traces;
mod twilio;
pub mod variables;
mod vars;
mod vonage;

pub use fault::{ConfigErrors, Fault};
pub use forward::ForwardSettings;
pub use given::{Changes, Given};
pub use guard::GuardSection;
pub use host::{is_loopback, is_private};
pub use listen::ListenHost;
pub use messagebird::MessageBirdSettings;
pub use neon::{EndpointRule, NeonSettings};
pub use neon_api::NeonApiSettings;
pub use network::network;
pub use server::{ServerSettings, port};
pub use sms::{ProviderSettings, RegionalSms, SmsSettings};
pub use store::{StoreFailureRule, StoreSettings};
pub use test_numbers::TestNumberSettings;
pub use texting::TextingRules;
pub use traces::{TraceSampling, TraceSettings};
pub use vonage::{VonageApi, VonageSettings};

use fault::Faults;
use sms_providers::client::Network;
use vars::Vars;

/// Everything that can be configured.
#[derive(Debug)]
pub struct Settings {
    /// Where and how to listen, log and answer.
    pub server: ServerSettings,
    /// How the world is reached.
    pub network: Network,
    /// Whose events are believed.
    pub neon: NeonSettings,
    /// What is remembered where.
    pub store: StoreSettings,
    /// Who sends what.
    pub sms: SmsSettings,
    /// What is sent to whom, how often, and for how much.
    pub guard: GuardSection,
    /// What is done for a text to arrive.
    pub texting: TextingRules,
    /// What is never texted.
    pub test_numbers: TestNumberSettings,
    /// Where everything else goes.
    pub forward: ForwardSettings,
    /// What Neon can be asked about the branch itself.
    pub neon_api: Option<NeonApiSettings>,
    /// Where traces go, if they go anywhere.
    pub traces: Option<TraceSettings>,
    /// The values that all of this was read from.
    pub given: Given,
    /// What is set and has no effect; to be shown once.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Reads settings from name-value pairs. Later pairs win over earlier ones of the same name.
    ///
    /// # Errors
    /// All faults at once.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigErrors> {
        let vars = Vars::new(vars).with_files(|_| true);
        let mut faults = Faults::default();
        let mut warnings = Vec::new();
        vars.tell(|_| true, &mut faults, &mut warnings);
        let server = ServerSettings::read(&vars, &mut faults);
        let network = network::read(&vars, &mut faults);
        let neon = NeonSettings::read(&vars, &mut faults, &mut warnings);
        let store = StoreSettings::read(&vars, neon.tolerance, &mut faults, &mut warnings);
        let sms = SmsSettings::read(&vars, &mut faults, &mut warnings);
        let guard = GuardSection::read(&vars, &mut faults, &mut warnings);
        public_url::judge(server.public_url.as_ref(), &sms, &mut faults);
        let texting = TextingRules::read(&vars, &server, &mut faults);
        let test_numbers = TestNumberSettings::read(&vars, &mut faults, &mut warnings);
        let forward = ForwardSettings::read(&vars, &neon, &store, &mut faults, &mut warnings);
        let neon_api = NeonApiSettings::read(&vars, &mut faults, &mut warnings);
        let traces = TraceSettings::read(&vars, &mut faults, &mut warnings);
        let given = Given::of(&vars);
        let slips = slips::slips(&vars);
        warnings.extend(slips.iter().map(slips::Slip::warning));
        faults
            .into_result(Self {
                server,
                network,
                neon,
                store,
                sms,
                guard,
                texting,
                test_numbers,
                forward,
                neon_api,
                traces,
                given,
                warnings,
            })
            .map_err(|mut errors| {
                slips.iter().for_each(|slip| slip.explain(&mut errors.0));
                errors
            })
    }
}

#[cfg(test)]
mod tests;
