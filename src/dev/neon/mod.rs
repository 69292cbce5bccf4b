//! Neon Auth as its documentation describes it, as far as a sign-in by phone needs it.
//!
//! Users, codes and the plugin's rules are here; signing, retries, the event log and HTTP are beside it.
//! It knows the relay by the URL of its webhook alone.

mod accounts;
mod caller;
mod codes;
mod deliver;
mod error;
mod event;
mod limit;
mod log;
pub(super) mod routes;
mod signer;

pub(super) use error::AuthError;

use crate::dev::DevOptions;
use crate::domain::Clock;
use crate::tasks::Tasks;
use accounts::{Accounts, Session, User};
use caller::Caller;
use codes::PendingCodes;
use deliver::{Deliverer, RetryLaw};
use event::{Channel, Event, EventType};
use limit::RateLimit;
use log::{Delivery, DeliveryLog, Verdict};
use serde_json::Value;
use signer::Signer;
use sms_providers::PhoneNumber;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Webhooks that are under way at once.
const MAX_IN_FLIGHT: usize = 64;

/// An Auth service with one project, one webhook and the phone-number plugin.
pub(super) struct NeonEmulator {
    clock: Arc<dyn Clock>,
    tasks: Tasks,
    otp_expires_in: Duration,
    deliverer: Deliverer,
    log: DeliveryLog,
    in_flight: Arc<Semaphore>,
    state: Mutex<State>,
}

struct State {
    limit: RateLimit,
    codes: PendingCodes,
    accounts: Accounts,
}

/// A code as somebody typed it in.
struct Verification<'a> {
    number: &'a str,
    code: &'a str,
    /// Link the number to the user of `session_token` in place of signing its user in.
    update_phone_number: bool,
    disable_session: bool,
    session_token: Option<&'a str>,
}

/// The code was right.
struct Verified {
    user: User,
    token: Option<String>,
    opened_session: bool,
}

impl NeonEmulator {
    /// An emulator without users.
    pub fn new(options: &DevOptions) -> Self {
        Self {
            clock: options.clock.clone(),
            tasks: options.tasks.clone(),
            otp_expires_in: options.otp_expires_in,
            deliverer: Deliverer {
                http: options.http.clone(),
                webhook_url: options.webhook_url.clone(),
                signer: Signer::random(),
                clock: options.clock.clone(),
                law: RetryLaw::neon(options.timeout),
            },
            log: DeliveryLog::new(options.inbox.feed().clone()),
            in_flight: Arc::new(Semaphore::new(MAX_IN_FLIGHT)),
            state: Mutex::new(State {
                limit: RateLimit::new(),
                codes: PendingCodes::new(),
                accounts: Accounts::new(),
            }),
        }
    }

    fn jwks(&self) -> Value {
        self.deliverer.signer.jwks()
    }

    fn admit(&self, ip: IpAddr) -> Result<(), AuthError> {
        let now = self.clock.now();
        self.state().limit.admit(ip, now).map_err(|retry_after| AuthError::TooManyRequests { retry_after })
    }

    /// Makes a code and waits until the webhook took it.
    async fn send_otp(self: &Arc<Self>, number: &str, caller: &Caller) -> Result<(), AuthError> {
        number.parse::<PhoneNumber>().map_err(|_| AuthError::InvalidPhoneNumber)?;
        let now = self.clock.now();
        let expires_at = now.plus(self.otp_expires_in);
        let code = codes::random_code().ok_or(AuthError::NotDelivered)?;
        let event = {
            let mut state = self.state();
            state.codes.put(number, code.clone(), expires_at);
            Event::send_otp(number, state.accounts.by_number(number), &code, now, expires_at, caller)
        };
        match self.fire(event)?.await {
            Ok(Verdict::Delivered) => Ok(()),
            Ok(Verdict::Pending | Verdict::SignUpRefused | Verdict::Failed) | Err(_) => {
                Err(AuthError::NotDelivered)
            }
        }
    }

    /// Redeems a code: signs its user in, or links the number to whoever is signed in.
    fn verify(self: &Arc<Self>, request: &Verification<'_>, caller: &Caller) -> Result<Verified, AuthError> {
        let now = self.clock.now();
        let verified = {
            let State { codes, accounts, .. } = &mut *self.state();
            codes.redeem(request.number, request.code, now)?;
            if request.update_phone_number {
                let session = request.session_token.and_then(|token| accounts.session(token, now));
                let (session, _) = session.ok_or(AuthError::NoSession)?;
                if accounts.by_number(request.number).is_some() {
                    return Err(AuthError::PhoneNumberExists);
                }
                let user = accounts.link(&session, request.number, now).ok_or(AuthError::NoSession)?;
                Verified { user, token: Some(session.token), opened_session: false }
            } else {
                let user = accounts.by_number_or_new(request.number, now);
                let session = (!request.disable_session).then(|| accounts.open_session(&user, caller, now));
                let opened_session = session.is_some();
                Verified { user, token: session.map(|session| session.token), opened_session }
            }
        };
        // Nobody waits for this one; a failure of it is in the event log alone.
        let _ = self.fire(Event::phone_verified(&verified.user, now, caller));
        Ok(verified)
    }

    fn session(&self, token: &str) -> Option<(Session, User)> {
        let now = self.clock.now();
        self.state().accounts.session(token, now)
    }

    fn sign_out(&self, token: &str) {
        self.state().accounts.close_session(token);
    }

    /// Sends a sample to the webhook and returns the event's id at once.
    fn fire_sample(
        self: &Arc<Self>,
        event_type: EventType,
        channel: Channel,
        caller: &Caller,
    ) -> Result<String, AuthError> {
        let event = Event::sample(event_type, channel, self.clock.now(), caller);
        let id = event.id.clone();
        self.fire(event)?;
        Ok(id)
    }

    fn deliveries(&self) -> Vec<Delivery> {
        self.log.newest_first()
    }

    /// Calls the webhook, whatever becomes of the caller.
    fn fire(self: &Arc<Self>, event: Event) -> Result<JoinHandle<Verdict>, AuthError> {
        let permit = self.in_flight.clone().try_acquire_owned().map_err(|_| AuthError::Busy)?;
        let emulator = self.clone();
        Ok(self.tasks.spawn(async move {
            emulator.log.begin(&event);
            let seen = |attempt| emulator.log.attempted(&event, attempt);
            let outcome = emulator.deliverer.deliver(&event, seen).await;
            let verdict = Verdict::of(event.event_type, &outcome);
            emulator.log.finish(&event, verdict);
            drop(permit);
            verdict
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
