//! Who exists and who is signed in.

mod password;
mod session;
mod user;

pub(super) use password::Passwords;
pub(super) use session::{SESSION_LIFETIME, Session};
pub(super) use user::User;

use super::caller::Caller;
use crate::dev::ring::Ring;
use crate::domain::Timestamp;

const CAPACITY: usize = 1000;

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
        self.users.iter().find(|user| user.phone_number.as_deref() == Some(number))
    }

    /// The user of an address in small letters.
    pub fn by_email(&self, email: &str) -> Option<&User> {
        self.users.iter().find(|user| user.email == email)
    }

    pub fn add(&mut self, user: User) {
        self.users.push(user);
    }

    /// The number's user. Neon refuses a number that nobody has linked; here it may be given to a new user,
    /// so that a newcomer can sign in at once.
    pub fn by_number_or_new(&mut self, number: &str, now: Timestamp) -> User {
        if let Some(user) = self.by_number(number) {
            return user.clone();
        }
        self.made += 1;
        let mut user =
            User::new(format!("User {}", self.made), format!("user-{}@example.com", self.made), now);
        user.email_verified = true;
        user.set_number(number, now);
        self.users.push(user.clone());
        user
    }

    /// Changes a user and says who they are now.
    pub fn change(&mut self, id: &str, change: impl FnOnce(&mut User)) -> Option<User> {
        let user = self.users.find(|user| user.id == id)?;
        change(user);
        Some(user.clone())
    }

    pub fn open_session(
        &mut self,
        user: &User,
        caller: &Caller,
        is_remembered: bool,
        now: Timestamp,
    ) -> Session {
        let session = Session::new(&user.id, caller, is_remembered, now);
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

    /// The sessions of a user that still hold.
    pub fn sessions_of(&self, user: &User, now: Timestamp) -> Vec<Session> {
        let holds = |session: &&Session| session.user_id == user.id && session.expires_at >= now;
        self.sessions.iter().filter(holds).cloned().collect()
    }

    pub fn close_session(&mut self, token: &str) {
        self.sessions.take(|session| session.token == token);
    }
}
