//! Neon Auth as its documentation describes it, as far as its clients go when they sign up, sign in, link a number
//! and sign out.
//!
//! Users, codes and the rules are here; signing, retries, the event log and HTTP are beside it. It knows the relay
//! by the URL of its webhook alone.

mod accounts;
mod caller;
mod codes;
mod cookies;
mod deliver;
mod email;
mod error;
mod event;
mod fields;
mod fire;
mod limit;
mod log;
mod phone;
pub(super) mod routes;
mod signer;
mod token;
mod users;

pub(super) use caller::Caller;
pub(super) use error::AuthError;
pub(super) use fire::TriggerError;
pub(super) use signer::Signer;
pub(super) use users::NewUser;

use super::DevOptions;
use super::inbox::InboxProvider;
use super::settings::LiveSettings;
use crate::domain::{Clock, Timestamp};
use crate::tasks::Tasks;
use accounts::{Accounts, Passwords, Session, User};
use codes::PendingCodes;
use deliver::Deliverer;
use limit::RateLimit;
use log::{Delivery, DeliveryLog};
use serde_json::Value;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;
use url::Url;

/// Webhooks that are under way at once.
const MAX_IN_FLIGHT: usize = 64;

/// An Auth service with one project, one webhook and the phone-number plugin.
pub(super) struct NeonEmulator {
    clock: Arc<dyn Clock>,
    tasks: Tasks,
    settings: LiveSettings,
    inbox: InboxProvider,
    deliverer: Deliverer,
    webhook_url: Url,
    /// The origin of the Auth URL.
    issuer: String,
    log: DeliveryLog,
    in_flight: Arc<Semaphore>,
    passwords: Passwords,
    state: Mutex<State>,
}

struct State {
    limit: RateLimit,
    codes: PendingCodes,
    accounts: Accounts,
}

impl State {
    fn new() -> Self {
        Self { limit: RateLimit::new(), codes: PendingCodes::new(), accounts: Accounts::new() }
    }
}

/// Somebody who is signed in.
struct SignedIn {
    user: User,
    session: Session,
}

impl NeonEmulator {
    /// An emulator without users. `issuer` is the origin of its Auth URL.
    pub fn new(options: &DevOptions, settings: LiveSettings, issuer: String) -> Self {
        Self {
            clock: options.clock.clone(),
            tasks: options.tasks.clone(),
            settings,
            inbox: options.inbox.clone(),
            deliverer: Deliverer {
                http: options.http.clone(),
                signer: Signer::random(),
                clock: options.clock.clone(),
                faults: options.inbox.faults().clone(),
            },
            webhook_url: options.webhook_url.clone(),
            issuer,
            log: DeliveryLog::new(options.inbox.feed().clone()),
            in_flight: Arc::new(Semaphore::new(MAX_IN_FLIGHT)),
            passwords: Passwords::new(),
            state: Mutex::new(State::new()),
        }
    }

    fn jwks(&self) -> Value {
        self.deliverer.signer.jwks()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn admit(&self, ip: IpAddr) -> Result<(), AuthError> {
        let Ok(allowed @ 1..) = usize::try_from(self.settings.now().rate_limit) else { return Ok(()) };
        let now = self.now();
        let admitted = self.state().limit.admit(ip, allowed, now);
        admitted.map_err(|retry_after| AuthError::TooManyRequests { retry_after })
    }

    /// Whoever the first token that counts belongs to.
    fn signed_in<'a>(&self, tokens: impl Iterator<Item = &'a str>) -> Option<SignedIn> {
        let now = self.now();
        let state = self.state();
        let mut found = tokens.filter_map(|token| state.accounts.session(token, now));
        found.next().map(|(session, user)| SignedIn { user, session })
    }

    fn sessions_of(&self, user: &User) -> Vec<Session> {
        self.state().accounts.sessions_of(user, self.now())
    }

    fn sign_out(&self, token: &str) {
        self.state().accounts.close_session(token);
    }

    fn jwt(&self, user: &User) -> String {
        token::jwt(&self.deliverer.signer, &self.issuer, user, self.now())
    }

    /// Every event that was sent, newest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.log.newest_first()
    }

    /// Forgets users, sessions, codes, counts and events.
    pub fn reset(&self) {
        *self.state() = State::new();
        self.log.forget();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
