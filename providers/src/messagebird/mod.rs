//! MessageBird, now Bird, by any of its three APIs: the classic one ([`MessageBirdClassic`]), Channels
//! ([`BirdChannels`]) and the platform's v1 ([`BirdV1`]).
//!
//! Classic and new keys work side by side until the end of 2026
//! (<https://bird.com/en-us/migrate/from-messagebird-classic>); a key of one does not work on the others.
//! Only the classic API takes a report URL with each message. The others report to subscriptions of the
//! whole workspace: v1's events carry our reference back in `metadata`, those of Channels do not.

mod channels;
mod classic;
mod classic_callback;
mod codes;
mod config;
mod v1;

pub use channels::BirdChannels;
pub use classic::MessageBirdClassic;
pub use classic_callback::MessageBirdCallback;
pub use codes::{CHANNELS_CODES, CLASSIC_CODES, CLASSIC_REPORT_CODES, V1_CODES, V1_TYPES};
pub use config::{ChannelsConfig, ClassicConfig, V1Config};
pub use v1::BirdV1;
