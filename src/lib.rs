//! The SMS half of Neon Auth: a webhook receiver that delivers one-time codes exactly once.
//!
//! Who may use whom; `tests/architecture.rs` holds the code to this table:
//!
//! | Module | may use |
//! |---|---|
//! | `tasks` | nothing of ours |
//! | [`domain`] | the types of `sms_providers` |
//! | [`neon`] | `domain` |
//! | [`store`], [`telemetry`] | `domain`, `sms_providers` |
//! | [`relay`] | `domain`, `store`, `sms_providers`, `telemetry`, `tasks`, `neon::VerifiedDelivery` |
//! | [`relay::once`] | `domain`, `store`, `telemetry`, `tasks`, `neon::VerifiedDelivery` |
//! | [`relay::texting`] | `relay::once`, `domain`, `store`, `sms_providers`, `telemetry`, `tasks` |
//! | [`relay::forwarding`] | `relay::once`, `domain`, `store`, `telemetry`, `tasks`, `neon::VerifiedDelivery` |
//! | [`http`] | `relay`, `neon`, `domain`, `sms_providers`, `telemetry` |
//! | [`dev`] | `domain`, `sms_providers`, `tasks`; never `neon`, so that the emulator's signer and the verifier stay two independent readings of Neon's documentation |
//! | [`config`] | `domain`, `sms_providers` |
//! | [`app`] | all but `cli` and `dev` |
//! | [`cli`] | `app`, `config`, `dev`, `domain`, `telemetry`, `neon::api`, `sms_providers` |

pub mod app;
pub mod cli;
pub mod config;
pub mod dev;
pub mod domain;
pub mod http;
pub mod neon;
pub mod relay;
pub mod store;
pub mod tasks;
pub mod telemetry;
