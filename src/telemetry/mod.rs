//! What the operator gets to see: logs here, numbers in [`metrics`].
//!
//! Never logged, at any level: codes, texts, whole phone numbers, secrets, a vendor's or an app's words.

pub mod metrics;

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

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
        if std::io::stdout().is_terminal() { Self::Pretty } else { Self::Json }
    }
}

/// The libraries below us log URLs and raw bytes at these levels, with codes and credentials in them.
const ALWAYS: &str = "hyper=warn,hyper_util=warn,reqwest=warn,rustls=warn,h2=warn,actix_http=warn,\
                      actix_server=warn,actix_web=warn,mio=warn,tokio_postgres=warn,minijinja=warn";

/// Starts logging with a filter in the syntax of `RUST_LOG`.
///
/// Whatever the filter says, libraries that would log what passes through them stay at `warn`.
///
/// # Errors
/// If the filter does not parse, or logging was started before.
pub fn start<W>(
    filter: &str,
    format: LogFormat,
    writer: W,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = ALWAYS.split(',').try_fold(EnvFilter::try_new(filter)?, |filter, quiet| {
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(filter.add_directive(quiet.trim().parse()?))
    })?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match format {
        LogFormat::Json => subscriber
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .finish()
            .try_init()?,
        LogFormat::Pretty => {
            let subscriber = subscriber.with_target(false);
            // Left alone, it has colours unless `NO_COLOR` is set.
            let is_terminal = std::io::stdout().is_terminal();
            let subscriber = if is_terminal { subscriber } else { subscriber.with_ansi(false) };
            subscriber.finish().try_init()?;
        }
    }
    Ok(())
}
