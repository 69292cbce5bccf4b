//! The phone-number plugin: a code is sent, and typed in.

use super::codes::random_code;
use super::event;
use super::log::Verdict;
use super::{AuthError, Caller, NeonEmulator, Session, SignedIn, State, User};
use sms_providers::PhoneNumber;
use std::sync::Arc;

/// A code as somebody typed it in.
pub(super) struct Verification {
    pub number: String,
    pub code: String,
    /// Link the number to whoever is signed in, in place of signing its user in.
    pub update_phone_number: bool,
    pub disable_session: bool,
    pub signed_in: Option<SignedIn>,
}

/// The code was right.
pub(super) struct Verified {
    pub user: User,
    pub token: Option<String>,
    /// The one that it opened.
    pub session: Option<Session>,
}

impl NeonEmulator {
    /// Makes a code and waits until the webhook took it.
    pub(super) async fn send_otp(self: &Arc<Self>, number: &str, caller: &Caller) -> Result<(), AuthError> {
        number.parse::<PhoneNumber>().map_err(|_| AuthError::InvalidPhoneNumber)?;
        let now = self.now();
        let expires_at = now.plus(self.settings.now().validity());
        let code = random_code().ok_or(AuthError::NotDelivered)?;
        let event = {
            let mut state = self.state();
            state.codes.put(number, code.clone(), expires_at);
            event::send_otp(number, state.accounts.by_number(number), &code, now, expires_at, caller)
        };
        let fired = self.fire(event, self.usual_order())?.await;
        match fired.map(|fired| fired.verdict) {
            Ok(Verdict::Delivered) => Ok(()),
            Ok(Verdict::Pending | Verdict::SignUpRefused | Verdict::Failed) | Err(_) => {
                Err(AuthError::NotDelivered)
            }
        }
    }

    /// Redeems a code: signs its user in, or links the number to whoever is signed in.
    pub(super) fn verify(
        self: &Arc<Self>,
        request: &Verification,
        caller: &Caller,
    ) -> Result<Verified, AuthError> {
        let now = self.now();
        let number = request.number.as_str();
        let is_strict = self.settings.now().strict;
        if self.deliverer.faults.expires_code() {
            self.state().codes.expire(number, now);
        }
        let verified = {
            let State { codes, accounts, .. } = &mut *self.state();
            codes.redeem(number, &request.code, now)?;
            if request.update_phone_number {
                let SignedIn { user, session } = request.signed_in.as_ref().ok_or(AuthError::UserNotFound)?;
                if accounts.by_number(number).is_some() {
                    return Err(AuthError::PhoneNumberExists);
                }
                let user = accounts.change(&user.id, |user| user.set_number(number, now));
                let user = user.ok_or(AuthError::UserNotFound)?;
                Verified { user, token: Some(session.token.clone()), session: None }
            } else {
                if is_strict && accounts.by_number(number).is_none() {
                    return Err(AuthError::NotLinked);
                }
                let user = accounts.by_number_or_new(number, now);
                let session =
                    (!request.disable_session).then(|| accounts.open_session(&user, caller, true, now));
                let token = session.as_ref().map(|session| session.token.clone());
                Verified { user, token, session }
            }
        };
        // Nobody waits for this one; a failure of it is in the event log alone.
        let _ = self.fire(event::phone_verified(&verified.user, number, now, caller), self.usual_order());
        Ok(verified)
    }
}
