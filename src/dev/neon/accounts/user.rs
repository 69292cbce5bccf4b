//! A user, in the fields and names of Better Auth.

use super::password::Password;
use crate::domain::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use uuid::Uuid;

/// Somebody who has signed up. What they have not told is `null`, as a database column says it.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::dev) struct User {
    pub(in crate::dev::neon) name: String,
    pub(in crate::dev::neon) email: String,
    pub(in crate::dev::neon) email_verified: bool,
    pub(in crate::dev::neon) image: Option<String>,
    #[serde(serialize_with = "rfc3339")]
    created_at: Timestamp,
    #[serde(serialize_with = "rfc3339")]
    pub(in crate::dev::neon) updated_at: Timestamp,
    pub(in crate::dev::neon) phone_number: Option<String>,
    phone_number_verified: Option<bool>,
    pub(in crate::dev::neon) id: String,
    #[serde(skip)]
    pub(in crate::dev::neon) password: Option<Password>,
}

impl User {
    /// Somebody without a number and without a password.
    pub fn new(name: String, email: String, now: Timestamp) -> Self {
        Self {
            name,
            email,
            email_verified: false,
            image: None,
            created_at: now,
            updated_at: now,
            phone_number: None,
            phone_number_verified: None,
            id: Uuid::new_v4().to_string(),
            password: None,
        }
    }

    /// Gives them this number in place of theirs; they have shown that it is theirs.
    pub fn set_number(&mut self, number: &str, now: Timestamp) {
        self.phone_number = Some(number.to_owned());
        self.phone_number_verified = Some(true);
        self.updated_at = now;
    }

    /// The `user` of an event, in the fields and names of Neon. What is not known is left out.
    pub fn in_event(&self) -> Value {
        let mut user = json!({
            "id": self.id,
            "email": self.email,
            "name": self.name,
            "email_verified": self.email_verified,
            "created_at": self.created_at.to_rfc3339(),
        });
        if let Some(number) = &self.phone_number {
            user["phone_number"] = json!(number);
            user["phone_number_verified"] = json!(self.phone_number_verified);
        }
        if let Some(image) = &self.image {
            user["image"] = json!(image);
        }
        user
    }
}

pub(super) fn rfc3339<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339())
}
