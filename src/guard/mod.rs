//! May this text be sent? Limits that stop an attacker who is paid for texts, and not a user.
//!
//! Pure but for what it remembers in the process: time is handed in, nothing is awaited, nothing stored. A text takes
//! three steps: [`Guard::weigh`] says what speaks against it and on which [terms](Weighed::terms) its claim may let it
//! pass; the claim decides what has to be exact, the number's own rules; [`Weighed::decide`] makes one [`Decision`] of
//! both. What becomes of it later is told by [`Guard::verified`], [`Guard::unsent`] and [`Guard::priced`]. Instances
//! share their counts by [`Tally`] and what is closed by [`Closing`], through whoever has a store.
//!
//! Knows neither stores nor providers nor Neon.

mod address;
mod budget;
mod closing;
mod counts;
mod decision;
mod digits;
mod facts;
mod held;
mod ledger;
mod money;
mod news;
mod number;
mod prefix;
mod ring;
mod rule;
mod settings;
mod tally;
mod weigh;

pub use budget::{Budget, BudgetRules, Fill};
pub use closing::{CLOSED_FOR, Closing, ClosingChange};
pub use decision::{Admit, ClaimTerms, Decision, NumberHistory, Outcome, Weighed};
pub use digits::{OPEN_DIGITS, Prefix};
pub use facts::{Facts, Origin, Sent};
pub use money::{Currency, Money, MoneyError, Prices};
pub use news::{CountryStatus, News, Status};
pub use number::pace;
pub use prefix::{PREFIX_LIMIT, RUN_LIMIT, RUN_SPAN};
pub use rule::Rule;
pub use settings::{GuardSettings, KINDS_DENIED, Mode, Unlinked};
pub use tally::{Tally, TallyKind};

use crate::domain::Pace;
use address::Addresses;
use closing::Closings;
use digits::ByPrefix;
use facts::Origins;
use ledger::Ledger;
use news::Told;
use sms_providers::PhoneNumber;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a verification makes a number known, which no rule of countries, prefixes or budgets refuses.
pub const KNOWN_FOR: Duration = Duration::from_secs(90 * 24 * 3600);

/// Decides about texts.
#[derive(Debug)]
pub struct Guard {
    settings: GuardSettings,
    /// The pace where it is only to be told.
    told_pace: Arc<Pace>,
    allow: ByPrefix<()>,
    origins: Origins,
    state: Mutex<State>,
}

/// All that changes.
#[derive(Debug)]
struct State {
    ledger: Ledger,
    closings: Closings,
    addresses: Addresses,
    told: Told,
}

impl Guard {
    /// Nothing is remembered yet.
    pub fn new(settings: GuardSettings) -> Self {
        let mut allow = ByPrefix::default();
        settings.allow.iter().for_each(|prefix| allow.insert(*prefix, ()));
        let state = State {
            ledger: Ledger::new(settings.prices.as_ref().map(|prices| prices.currency)),
            closings: Closings::default(),
            addresses: Addresses::default(),
            told: Told::default(),
        };
        let told_pace = Arc::new(Pace { enforced: false, ..(*settings.pace).clone() });
        Self { settings, told_pace, allow, origins: Origins::default(), state: Mutex::new(state) }
    }

    /// What the operator decided.
    pub fn settings(&self) -> &GuardSettings {
        &self.settings
    }

    /// Where a number is from, and what it is used for.
    pub fn origin(&self, number: &PhoneNumber) -> Origin {
        self.origins.of(number)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
