//! What the product talks about: events, codes, templates, routes, replies, time.
//!
//! Pure: no I/O, no web framework, no HTTP client. Of the provider crate it uses types only, and the
//! clock is read by [`time::SystemClock`] alone.

pub mod app;
pub mod event;
pub mod id;
pub mod mention;
pub mod number_kind;
pub mod otp;
pub mod pace;
pub mod possible;
pub mod problem;
pub mod reason;
pub mod recipient;
pub mod region;
pub mod reply;
pub mod route;
pub mod seal;
pub mod signed_request;
pub mod template;
pub mod test_number;
pub mod text;
pub mod time;

pub use app::{AppAnswer, AppFailure, NotTaken, Targets};
pub use event::{Event, NeonEvent, Subject, User};
pub use id::{DeliveryRef, EndpointId, EventId};
pub use number_kind::NumberKind;
pub use otp::{DeliveryPreference, Destination, OtpCode, OtpType, SendOtp};
pub use pace::{Pace, TooMany};
pub use possible::{Impossible, canonical, check_possible};
pub use problem::{Problem, Severity};
pub use reason::{RefuseReason, TryAgainReason};
pub use recipient::{HashKey, Recipient};
pub use region::Region;
pub use reply::{Accepted, Reply};
pub use route::{Route, Routing, route, unhandled};
pub use signed_request::SignedRequest;
pub use template::MessageTemplate;
pub use test_number::TestNumbers;
pub use text::{TextRef, TextStatus};
pub use time::{Clock, Deadline, ManualClock, SystemClock, Timestamp};
