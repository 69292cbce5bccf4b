//! A day of an app, simulated: users who verify, attackers who do not, and what stands between them and the money.

pub mod chance;
pub mod countries;
pub mod people;
pub mod relay;
pub mod scenario;
