//! Signing up and in by e-mail and password, which is how somebody comes to be whom a number can be linked to.

use super::event;
use super::fields::is_email;
use super::{AuthError, Caller, NeonEmulator, SignedIn, User};
use std::sync::Arc;

/// Better Auth's limits of a password, in UTF-16 units as JavaScript counts.
const SHORTEST: usize = 8;
const LONGEST: usize = 128;

/// Somebody who signs up.
pub(super) struct SignUp {
    pub name: String,
    /// In small letters.
    pub email: String,
    pub password: String,
    pub image: Option<String>,
    pub is_remembered: bool,
}

/// What a user changes about themselves.
pub(super) struct Update {
    pub name: Option<String>,
    /// Gone if it is there and `None`.
    pub image: Option<Option<String>>,
}

impl NeonEmulator {
    pub(super) fn sign_up(self: &Arc<Self>, request: SignUp, caller: &Caller) -> Result<SignedIn, AuthError> {
        match request.password.encode_utf16().count() {
            length if length < SHORTEST => return Err(AuthError::PasswordTooShort),
            length if length > LONGEST => return Err(AuthError::PasswordTooLong),
            _ => {}
        }
        let now = self.now();
        let signed_in = {
            let accounts = &mut self.state().accounts;
            if accounts.by_email(&request.email).is_some() {
                return Err(AuthError::UserExists);
            }
            let mut user = User::new(request.name, request.email, now);
            user.image = request.image;
            user.password = Some(self.passwords.keep(&request.password));
            accounts.add(user.clone());
            let session = accounts.open_session(&user, caller, request.is_remembered, now);
            SignedIn { user, session }
        };
        let _ = self.fire(event::user_created(&signed_in.user, now, caller), self.usual_order());
        Ok(signed_in)
    }

    pub(super) fn sign_in(
        &self,
        email: &str,
        password: &str,
        is_remembered: bool,
        caller: &Caller,
    ) -> Result<SignedIn, AuthError> {
        if !is_email(email) {
            return Err(AuthError::InvalidEmail);
        }
        let now = self.now();
        let accounts = &mut self.state().accounts;
        let user = accounts.by_email(&email.to_lowercase()).cloned();
        let fits =
            |user: &User| user.password.as_ref().is_some_and(|kept| self.passwords.fits(kept, password));
        let user = user.filter(fits).ok_or(AuthError::WrongPassword)?;
        let session = accounts.open_session(&user, caller, is_remembered, now);
        Ok(SignedIn { user, session })
    }

    pub(super) fn update(&self, who: &User, update: Update) {
        let now = self.now();
        self.state().accounts.change(&who.id, |user| {
            if let Some(name) = update.name {
                user.name = name;
            }
            if let Some(image) = update.image {
                user.image = image;
            }
            user.updated_at = now;
        });
    }
}
