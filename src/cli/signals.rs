//! Signals: the first that asks for an end is followed by a drain, the second is not.
//!
//! actix would take SIGINT, which Fly sends by default, as an order to drop everything, so both are handled here.

use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What asks the process to end.
pub(super) struct Stops(Option<(Signal, Signal)>);

/// One that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// SIGTERM
    Terminate,
    /// SIGINT
    Interrupt,
}

impl Stops {
    /// Takes SIGTERM and SIGINT from now on.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub(super) fn listen() -> Self {
        let both = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
        let (Ok(term), Ok(int)) = both else {
            tracing::error!("cannot listen for signals; only a kill will stop this process");
            return Self(None);
        };
        Self(Some((term, int)))
    }

    /// Ready when the next one comes.
    pub(super) async fn next(&mut self) -> Stop {
        match &mut self.0 {
            Some((term, int)) => tokio::select! {
                _ = term.recv() => Stop::Terminate,
                _ = int.recv() => Stop::Interrupt,
            },
            None => std::future::pending().await,
        }
    }
}

/// What asks the server to read its variables again.
pub(super) struct Reloads(Option<Signal>);

impl Reloads {
    /// Takes SIGHUP from now on.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub(super) fn listen() -> Self {
        let hup = signal(SignalKind::hangup());
        Self(hup.inspect_err(|error| tracing::warn!(%error, "cannot listen for SIGHUP")).ok())
    }

    /// Ready when the next one comes.
    pub(super) async fn next(&mut self) {
        match &mut self.0 {
            Some(hup) => drop(hup.recv().await),
            None => std::future::pending().await,
        }
    }
}

impl Stop {
    /// What a shell says of a process that the signal ended: 128 and its number.
    pub(super) fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Terminate => 128 + 15,
            Self::Interrupt => 128 + 2,
        })
    }
}
