//! One simulated day of the real relay, with invented vendors and users.
//!
//! Time is tokio's, which jumps to the next timer whenever nobody has anything to do, so that a day takes as long as
//! its work does. Users and vendors draw from generators that are seeded by who they are: they meet the same luck
//! whatever the relay does. Its own choices, where it learns, are seeded by chance, so that figures of such a run
//! differ a little from those of the next.

mod day;
mod history;
mod neon;
pub mod scene;
mod users;
mod vendors;
mod world;

pub use day::{Figures, MAX_SENDS, Strategy, run};
