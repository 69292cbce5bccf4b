//! The SMS half of Neon Auth: a webhook receiver that delivers one-time codes exactly once.
//!
//! Who may use whom; `tests/architecture.rs` holds the code to this table:
//!
//! | Module | may use |
//! |---|---|
//! | `tasks` | nothing of ours |
//! | [`domain`] | the types of `sms_providers` |
//! | [`neon`] | `domain`, `sms_providers::NetworkCause` |
//! | [`guard`] | `domain`, `sms_providers::PhoneNumber` |
//! | [`store`] | `domain`, `sms_providers` |
//! | [`telemetry`] | `domain`, `sms_providers` |
//! | [`relay`] | `domain`, `guard`, `store`, `sms_providers`, `telemetry`, `tasks`, `neon::VerifiedDelivery` |
//! | [`relay::once`] | `domain`, `store`, `telemetry`, `tasks`, `neon::VerifiedDelivery` |
//! | [`relay::texting`] | `relay::once`, `domain`, `guard`, `store`, `sms_providers`, `telemetry`, `tasks` |
//! | [`relay::forwarding`] | `relay::once`, `domain`, `store`, `telemetry`, `tasks`, `neon::VerifiedDelivery`, `sms_providers::NetworkCause` |
//! | [`http`] | `relay`, `neon`, `domain`, `sms_providers`, `telemetry` |
//! | [`dev`] | `domain`, `sms_providers`, `tasks`; never `neon`, so that the emulator's signer and the verifier stay two independent readings of Neon's documentation |
//! | [`studio`] | `domain`, `guard`, `store`, `tasks`, `sms_providers`: it reads what servers write, and knows none of them |
//! | [`config`] | `domain`, `guard`, `sms_providers`, `store::StoreAddress` |
//! | [`app`] | all but `cli` and `dev` |
//! | [`cli`] | `app`, `config`, `dev`, `domain`, `studio`, `tasks`, `telemetry`, `neon::api`, `sms_providers` |

pub mod app;
pub mod cli;
pub mod config;
pub mod dev;
pub mod domain;
pub mod guard;
pub mod http;
pub mod neon;
pub mod relay;
pub mod store;
pub mod studio;
pub mod tasks;
pub mod telemetry;
