//! Texts: what is sent to a number, through whom, and what becomes of it.
//!
//! A provider's 2xx means that it has the text and nothing more. What follows is learnt from its reports
//! (`reports`), mended where it failed while the code lives (`resend`, `living`), and known for good when the
//! user types the code (`verified`). What was learnt decides who is asked first the next time (`order`, `odds`).
//!
//! Knows nothing of the user's app, and of an event's lease only that each possible text is counted on it.

mod forgetting;
mod guard;
mod living;
mod odds;
mod order;
mod otp;
mod prices;
mod reports;
mod resend;
mod sending;
mod standing;
mod tallies;
mod test_numbers;
mod troubled;
mod verified;

use crate::domain::{Clock, MessageTemplate, Region, TestNumbers};
use crate::guard::GuardSettings;
use crate::relay::once::Ledger;
use crate::tasks::Tasks;
use crate::telemetry::metrics::Metrics;
use guard::Gatekeeper;
pub use guard::{on_terms, read_closing, read_tally};
use living::Living;
pub use odds::Chance;
use odds::Odds;
use sending::Sending;
use sms_providers::{ConversionFeedback, FailoverChain, ProviderName};
pub use standing::Standing;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tallies::Book;
pub use tallies::WINDOW_HOURS;
pub use test_numbers::TestCode;
use tokio::sync::{Semaphore, watch};
use troubled::Troubled;
use url::Url;

/// What is sent, how often, and by whom first.
pub struct TextingSettings {
    /// What is sent.
    pub template: MessageTemplate,
    /// What is different by country.
    pub regions: HashMap<Region, RegionalSettings>,
    /// Who is asked where nothing else is said, the first one first.
    pub providers: Vec<ProviderName>,
    /// The public URL of `/callbacks`, if providers can reach it.
    pub callbacks: Option<Url>,
    /// How many requests that may produce a text are written for one event.
    pub max_sends: u8,
    /// Whether a text that is reported as failed is made good by another provider.
    pub resend_on_failure: bool,
    /// After how long without a final report another provider is asked, too.
    pub resend_if_silent: Option<Duration>,
    /// Whether what was verified decides who is asked first.
    pub adaptive: bool,
    /// What is never texted.
    pub test_numbers: TestNumbers,
}

/// What is different in one country.
#[derive(Default)]
pub struct RegionalSettings {
    /// What is sent there.
    pub template: Option<MessageTemplate>,
    /// Who is asked there.
    pub providers: Option<Vec<ProviderName>>,
}

/// Sends codes by SMS, and sees to it that they arrive.
pub struct Texting {
    /// What is sent through whom. A text that is on its way keeps what it started with.
    sending: watch::Sender<Arc<Sending>>,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    tasks: Tasks,
    living: Living,
    troubled: Troubled,
    odds: Odds,
    book: Book,
    gate: Gatekeeper,
    /// Reports that are written down at once, so that codes find the store free.
    reporting: Semaphore,
    /// Reports that wait for a text that is not written down yet.
    early: Arc<Semaphore>,
    /// Texts that are sent again at once.
    resending: Semaphore,
    /// Providers that are told of a verification at once.
    telling: Arc<Semaphore>,
}

/// As many reports are written down at once: half of the connections to a database.
const REPORTS_AT_ONCE: usize = 4;
/// As many reports may wait for their text to be written down.
const EARLY_REPORTS: usize = 256;
/// As many texts are sent again at once; the others wait.
const RESENDS_AT_ONCE: usize = 32;
/// As many providers are told of a verification at once; of others they are not told.
const FEEDBACK_AT_ONCE: usize = 32;

/// What texting stands on.
pub struct Ground {
    /// What may be sent.
    pub guard: GuardSettings,
    /// What is remembered.
    pub ledger: Arc<Ledger>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Metrics,
    /// Run what nobody waits for.
    pub tasks: Tasks,
}

impl Texting {
    /// Sends through `chain`, and tells `listeners` what led to a verification.
    pub fn new(
        settings: TextingSettings,
        chain: FailoverChain,
        listeners: Vec<Arc<dyn ConversionFeedback>>,
        ground: Ground,
    ) -> Self {
        let Ground { guard, ledger, clock, metrics, tasks } = ground;
        let troubled = Troubled::default();
        troubled.look(chain.breakers(), &metrics);
        metrics.may_ask(chain.breakers().map(|(provider, _)| provider));
        Self {
            sending: watch::Sender::new(Arc::new(Sending { settings, chain, listeners })),
            ledger,
            clock,
            metrics,
            tasks,
            living: Living::default(),
            troubled,
            odds: Odds::default(),
            book: Book::default(),
            gate: Gatekeeper::new(guard),
            reporting: Semaphore::new(REPORTS_AT_ONCE),
            early: Arc::new(Semaphore::new(EARLY_REPORTS)),
            resending: Semaphore::new(RESENDS_AT_ONCE),
            telling: Arc::new(Semaphore::new(FEEDBACK_AT_ONCE)),
        }
    }

    /// What speaks for each provider of a country, by what users typed; the best one first.
    pub fn chances(&self, region: Option<Region>) -> Vec<Chance> {
        self.odds.chances(region, &self.order(&self.sending(), region, None))
    }

    /// Sends what comes from now on like this; what is remembered of providers that stay is kept.
    pub fn replace(
        &self,
        settings: TextingSettings,
        chain: FailoverChain,
        listeners: Vec<Arc<dyn ConversionFeedback>>,
    ) {
        let chain = chain.remembering(&self.sending().chain);
        self.troubled.look(chain.breakers(), &self.metrics);
        self.metrics.may_ask(chain.breakers().map(|(provider, _)| provider));
        self.sending.send_replace(Arc::new(Sending { settings, chain, listeners }));
    }

    /// Whether there is anybody to send through.
    pub fn is_ready(&self) -> bool {
        !self.sending().chain.is_empty()
    }

    fn sending(&self) -> Arc<Sending> {
        self.sending.borrow().clone()
    }
}
