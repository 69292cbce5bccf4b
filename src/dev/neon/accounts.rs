//! Who exists and who is signed in.

use super::caller::Caller;
use crate::dev::ring::Ring;
use crate::domain::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// Better Auth's default (<https://www.better-auth.com/docs/concepts/session-management>).
pub(super) const SESSION_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
const CAPACITY: usize = 1000;

/// A user, in the fields and names of Better Auth.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    id: String,
    name: String,
    email: String,
    email_verified: bool,
    image: Option<String>,
    pub phone_number: String,
    phone_number_verified: bool,
    #[serde(serialize_with = "rfc3339")]
    created_at: Timestamp,
    #[serde(serialize_with = "rfc3339")]
    updated_at: Timestamp,
}

impl User {
    /// The `user` of an event, in the fields and names of Neon.
    pub fn in_event(&self) -> Value {
        json!({
            "id": self.id,
            "email": self.email,
            "name": self.name,
            "phone_number": self.phone_number,
            "email_verified": self.email_verified,
            "phone_number_verified": self.phone_number_verified,
            "created_at": self.created_at.to_rfc3339(),
        })
    }
}

/// A session, in the fields and names of Better Auth.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session {
    id: String,
    pub token: String,
    user_id: String,
    ip_address: String,
    user_agent: String,
    #[serde(serialize_with = "rfc3339")]
    expires_at: Timestamp,
    #[serde(serialize_with = "rfc3339")]
    created_at: Timestamp,
    #[serde(serialize_with = "rfc3339")]
    updated_at: Timestamp,
}

/// Users and sessions, in memory.
pub(super) struct Accounts {
    users: Ring<User>,
    sessions: Ring<Session>,
    made: u64,
}

impl Accounts {
    pub fn new() -> Self {
        Self { users: Ring::new(CAPACITY), sessions: Ring::new(CAPACITY), made: 0 }
    }

    pub fn by_number(&self, number: &str) -> Option<&User> {
        self.users.iter().find(|user| user.phone_number == number)
    }

    /// The number's user. Neon refuses a number that nobody has linked; here it is given to a new user,
    /// so that a newcomer can sign in at once.
    pub fn by_number_or_new(&mut self, number: &str, now: Timestamp) -> User {
        if let Some(user) = self.by_number(number) {
            return user.clone();
        }
        self.made += 1;
        let user = User {
            id: Uuid::new_v4().to_string(),
            name: format!("User {}", self.made),
            email: format!("user-{}@example.com", self.made),
            email_verified: true,
            image: None,
            phone_number: number.to_owned(),
            phone_number_verified: true,
            created_at: now,
            updated_at: now,
        };
        self.users.push(user.clone());
        user
    }

    /// Gives the session's user this number in place of theirs.
    pub fn link(&mut self, session: &Session, number: &str, now: Timestamp) -> Option<User> {
        let user = self.users.find(|user| user.id == session.user_id)?;
        user.phone_number = number.to_owned();
        user.updated_at = now;
        Some(user.clone())
    }

    pub fn open_session(&mut self, user: &User, caller: &Caller, now: Timestamp) -> Session {
        let session = Session {
            id: Uuid::new_v4().to_string(),
            token: Uuid::new_v4().simple().to_string(),
            user_id: user.id.clone(),
            ip_address: caller.ip.to_string(),
            user_agent: caller.user_agent.clone(),
            expires_at: now.plus(SESSION_LIFETIME),
            created_at: now,
            updated_at: now,
        };
        self.sessions.push(session.clone());
        session
    }

    /// The session of a token and its user.
    pub fn session(&self, token: &str, now: Timestamp) -> Option<(Session, User)> {
        let session = self.sessions.iter().find(|session| session.token == token)?;
        if session.expires_at < now {
            return None;
        }
        let user = self.users.iter().find(|user| user.id == session.user_id)?;
        Some((session.clone(), user.clone()))
    }

    pub fn close_session(&mut self, token: &str) {
        self.sessions.take(|session| session.token == token);
    }
}

fn rfc3339<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339())
}
