//! What a user of the relay is promised, through the real server on a real port.

mod bad_input;
mod harness;
mod keys;
mod ops;
mod retries;
mod send_otp;
mod signature;
