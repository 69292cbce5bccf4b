//! What the operator gets to see: logs here, numbers in [`metrics`].
//!
//! Never logged, at any level: codes, texts, whole phone numbers, secrets, a vendor's or an app's words.

pub mod metrics;
mod once_a_minute;
pub mod otlp;
mod refusals;
pub mod trace;
mod writer;

pub use once_a_minute::OnceAMinute;
pub use refusals::{Refusal, Refusals};
pub use writer::LogEnd;

use metrics::Metrics;
use otlp::Traces;
use std::io::{self, IsTerminal, Write};
use std::panic;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, registry};
use writer::LogQueue;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// Text, in colours if it goes to a terminal.
    Pretty,
}

impl LogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    pub fn for_this_output() -> Self {
        if io::stdout().is_terminal() { Self::Pretty } else { Self::Json }
    }
}

/// The libraries below us log URLs and raw bytes at these levels, with codes and credentials in them; and actix a line
/// for each stranger who does not speak HTTP.
const ALWAYS: &str = "hyper=warn,hyper_util=warn,reqwest=warn,rustls=warn,h2=warn,actix_http=warn,\
                      actix_http::h1=off,actix_server=warn,actix_web=warn,mio=warn,tokio_postgres=warn,\
                      minijinja=warn,opentelemetry=warn,opentelemetry_sdk=warn,opentelemetry_otlp=warn,otlp=off";

/// Starts logging to `output` with a filter in the syntax of `RUST_LOG`. Lines that do not get there are counted.
///
/// Whatever the filter says, libraries that would log what passes through them stay at `warn`. A panic is logged
/// by its place alone, since its message may hold anything. Spans of [`trace`] go to `traces`, whatever the filter
/// says, and nowhere else.
///
/// # Errors
/// If the filter does not parse, logging was started before, or there is no thread for it.
pub fn start(
    filter: &str,
    format: LogFormat,
    output: impl Write + Send + 'static,
    metrics: &Metrics,
    traces: Option<&Traces>,
) -> Result<LogEnd, Box<dyn std::error::Error + Send + Sync>> {
    let filter = filtered(filter)?;
    let (queue, end) = LogQueue::start(output, metrics.log_lines_dropped(), |count| {
        tracing::warn!(count, "log lines were lost: they were not read in time, or could not be written");
    })?;
    let lines = lines(format, queue);
    match traces {
        None => registry().with(lines).with(filter).try_init()?,
        Some(traces) => registry().with(lines.with_filter(filter)).with(traces.layer()).try_init()?,
    }
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "the program panicked, which is a bug in it; please report the place");
    }));
    Ok(end)
}

/// What passes a filter in the syntax of `RUST_LOG`, and [`ALWAYS`].
fn filtered(filter: &str) -> Result<EnvFilter, Box<dyn std::error::Error + Send + Sync>> {
    ALWAYS.split(',').try_fold(EnvFilter::try_new(filter)?, |filter, quiet| {
        Ok(filter.add_directive(quiet.trim().parse()?))
    })
}

fn lines(format: LogFormat, queue: LogQueue) -> Box<dyn Layer<Registry> + Send + Sync> {
    // Its own errors go to stderr, and to fail there is to panic.
    let lines = fmt::layer().with_writer(queue).log_internal_errors(false);
    match format {
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
        }
        LogFormat::Pretty => {
            let lines = lines.with_target(false);
            // Left alone, it has colours unless `NO_COLOR` is set.
            if io::stdout().is_terminal() { lines.boxed() } else { lines.with_ansi(false).boxed() }
        }
    }
}

/// The process's standard output, past the buffer of the standard library, which would keep what could not be
/// written and write it later.
///
/// # Errors
/// If the process may open no more files.
pub fn stdout() -> io::Result<impl Write + Send + 'static> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        Ok(std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?))
    }
    #[cfg(not(unix))]
    Ok(io::stdout())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_exporter_no_span_of_a_trace_is_made_whatever_is_logged() {
        let log = registry().with(filtered("trace,otlp=trace").unwrap());
        tracing::subscriber::with_default(log, || {
            assert!(!tracing::info_span!("another").is_disabled(), "nothing is made at all");
            for span in [trace::claim(), trace::guard(), trace::vendor(), trace::app(1), trace::finish()] {
                assert!(span.is_disabled(), "{span:?}");
            }
        });
    }
}
