//! Users that tests make for themselves, without a webhook and without a code.

use super::fields::is_email;
use super::{NeonEmulator, User};
use serde::Deserialize;
use sms_providers::PhoneNumber;

/// A user to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::dev) struct NewUser {
    email: String,
    password: Option<String>,
    name: Option<String>,
    /// Linked at once, as if it had been verified.
    phone_number: Option<String>,
}

/// Why there is no such user.
#[derive(Debug, thiserror::Error)]
pub(in crate::dev) enum NewUserError {
    /// Not an address.
    #[error("email is no e-mail address")]
    Email,
    /// Not E.164.
    #[error("phone_number is not E.164, such as +12025550123")]
    Number,
    /// Somebody has it.
    #[error("another user has this {0}")]
    Taken(&'static str),
}

impl NeonEmulator {
    /// Makes a user.
    ///
    /// # Errors
    /// If a value is wrong, or belongs to somebody.
    pub fn add_user(&self, new: NewUser) -> Result<User, NewUserError> {
        if !is_email(&new.email) {
            return Err(NewUserError::Email);
        }
        let email = new.email.to_lowercase();
        let now = self.now();
        let accounts = &mut self.state().accounts;
        if accounts.by_email(&email).is_some() {
            return Err(NewUserError::Taken("email"));
        }
        let local_part = email.split('@').next().unwrap_or_default().to_owned();
        let mut user = User::new(new.name.unwrap_or(local_part), email, now);
        if let Some(number) = &new.phone_number {
            number.parse::<PhoneNumber>().map_err(|_| NewUserError::Number)?;
            if accounts.by_number(number).is_some() {
                return Err(NewUserError::Taken("phone_number"));
            }
            user.set_number(number, now);
        }
        user.password = new.password.map(|password| self.passwords.keep(&password));
        accounts.add(user.clone());
        Ok(user)
    }
}
