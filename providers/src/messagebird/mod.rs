//! MessageBird, now Bird, by any of its three APIs: the classic one ([`MessageBirdClassic`]), Channels
//! ([`BirdChannels`]) and the platform's v1 ([`BirdV1`]).
//!
//! Classic and new keys work side by side until the end of 2026
//! (<https://bird.com/en-us/migrate/from-messagebird-classic>); a key of one does not work on the others.
//! Only the classic API takes a report URL with each message. The others report to one address for the whole
//! workspace ([`BirdChannelsCallback`], [`BirdV1Callback`]), and their events carry our reference back.

mod channels;
mod channels_callback;
mod classic;
mod classic_callback;
mod codes;
mod config;
mod standard_webhook;
mod v1;
mod v1_callback;

pub use channels::BirdChannels;
pub use channels_callback::BirdChannelsCallback;
pub use classic::MessageBirdClassic;
pub use classic_callback::MessageBirdCallback;
pub use codes::{CHANNELS_CODES, CLASSIC_CODES, CLASSIC_REPORT_CODES, V1_CODES, V1_TYPES};
pub use config::{ChannelsConfig, ClassicConfig, V1Config};
pub use standard_webhook::{WebhookSecret, WebhookSecretError};
pub use v1::BirdV1;
pub use v1_callback::BirdV1Callback;
