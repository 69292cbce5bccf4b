//! The pages, as what they are made of. Whatever is put into one is escaped.

pub(super) mod ask;
pub(super) mod deliveries;
pub(super) mod delivery;
pub(super) mod health;
pub(super) mod layout;
pub(super) mod limits;
pub(super) mod outbox;
mod parts;
mod tables;
