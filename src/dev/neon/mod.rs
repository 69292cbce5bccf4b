//! Neon Auth as its documentation describes it, as far as a phone sign-in needs it.
