//! Neon's events, as far as the relay cares.

use super::{Destination, EndpointId, EventId, SendOtp};
use core::net::IpAddr;
use std::fmt;

/// The user part of an event: only whether each way to reach them exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct User {
    /// The event names an e-mail address.
    pub has_email: bool,
    /// The event names a phone number.
    pub has_phone: bool,
    /// There is such a user: for the first code to a number that nobody has linked, there is none.
    pub has_id: bool,
}

/// Whom an event is about, in whichever way Neon names them: what events are kept in order by. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject(String);

impl Subject {
    /// A user's id, or else their e-mail address or number.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name, to be hashed and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject")
    }
}

/// What happened at Neon.
#[derive(Debug, Clone)]
pub enum NeonEvent {
    /// A code waits to be delivered, and a user with it.
    SendOtp(SendOtp),
    /// A sign-in link waits to be delivered.
    SendMagicLink,
    /// Something else waits to be delivered, by a way that did not exist when this was written.
    SendOther,
    /// Someone signs up; Neon asks whether they may.
    BeforeCreate,
    /// Someone signed up.
    UserCreated,
    /// A number was verified: this one.
    PhoneVerified(Destination),
    /// An invitation was created or accepted.
    Invitation,
    /// An event that did not exist when this was written.
    Unknown,
}

/// An event with what every event carries.
#[derive(Debug, Clone)]
pub struct Event {
    /// Neon's id, the same on every retry.
    pub id: EventId,
    /// Neon's name of the event, such as `send.otp`.
    pub name: String,
    /// The branch it comes from, if the event says so.
    pub endpoint: Option<EndpointId>,
    /// Neon's name of the project, for the text of the SMS.
    pub project_name: Option<String>,
    /// Whom it is about.
    pub user: User,
    /// Whom it is about, as far as order matters; `None` if it names no user.
    pub subject: Option<Subject>,
    /// The address that asked for it, as Neon saw it.
    pub address: Option<IpAddr>,
    /// What happened.
    pub kind: NeonEvent,
}

impl NeonEvent {
    /// One of a few fixed names, for logs and metrics: an event's own name is whatever its sender wrote.
    pub fn label(&self) -> &'static str {
        match self {
            Self::SendOtp(_) => "send_otp",
            Self::SendMagicLink => "send_magic_link",
            Self::SendOther => "send_other",
            Self::BeforeCreate => "user_before_create",
            Self::UserCreated => "user_created",
            Self::PhoneVerified(_) => "phone_number_verified",
            Self::Invitation => "organization_invitation",
            Self::Unknown => "unknown",
        }
    }
}
