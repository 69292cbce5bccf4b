//! What systemd is told of a unit with `Type=notify`; nothing is said where nobody listens.

use sd_notify::NotifyState;

/// The ports are bound. Whether codes can be sent is for `/readyz` to say: a service that is not ready yet is no
/// reason for systemd to kill it and start it anew.
pub(super) fn ready(address: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(&format!("listening on {address}"))]);
}

/// The variables are being read again; [`ready`] says that it is done.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "systemd cannot be told how the server does"),
    }
}

/// A drain has begun.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("finishing what is in flight")]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd cannot be told how the server does");
    }
}
