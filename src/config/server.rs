//! Where and how to listen, log and answer.

use super::fault::Faults;
use super::listen::ListenHost;
use super::{ConfigErrors, Vars};
use url::Url;

/// `HOST`, `PORT`, `WORKERS`, `MAX_IN_FLIGHT`, `METRICS_PORT`, `PUBLIC_URL`, `LOG_FORMAT`, `RUST_LOG`.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// The address or the name to listen on.
    pub host: ListenHost,
    /// The public port; 0 takes any free one.
    pub port: u16,
    /// HTTP worker threads; `None` is one per core.
    pub workers: Option<usize>,
    /// Deliveries at once.
    pub max_in_flight: usize,
    /// The port of `/metrics`; `None` is off.
    pub metrics_port: Option<u16>,
    /// Under which providers reach this server.
    pub public_url: Option<Url>,
    /// `Some(true)` is JSON, `Some(false)` pretty, `None` whichever fits the output.
    pub json_logs: Option<bool>,
    /// The log filter.
    pub log_filter: String,
}

/// The port that a command is to take for itself: what `variable` asks for, if it asks for one, and what is to be
/// said about the way it is written.
///
/// # Errors
/// If it is no port.
pub fn port(
    vars: impl IntoIterator<Item = (String, String)>,
    variable: &str,
) -> Result<(Option<u16>, Vec<String>), ConfigErrors> {
    let (mut faults, mut warnings) = (Faults::default(), Vec::new());
    let vars = Vars::new(vars);
    vars.tell(|name| name == variable, &mut faults, &mut warnings);
    let remedy = "write a number from 1 to 65535, or leave it out";
    let asked = vars
        .get(variable)
        .map(|port| port.parse().unwrap_or_else(|_| faults.add(variable, "is not a port", remedy)));
    faults.into_result((asked, warnings))
}

impl ServerSettings {
    /// Reads this section alone, for a command that asks the server and does not serve.
    ///
    /// # Errors
    /// All faults of the section at once.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigErrors> {
        let mut faults = Faults::default();
        let settings = Self::read(&Vars::new(vars), &mut faults);
        faults.into_result(settings)
    }

    pub(super) fn read(vars: &Vars, faults: &mut Faults) -> Self {
        let host = vars.get("HOST").map_or_else(ListenHost::default, |text| {
            ListenHost::read(text).unwrap_or_else(|error| {
                faults.add(
                    "HOST",
                    error,
                    "unset it, or set 0.0.0.0, ::, localhost or an address of this machine",
                )
            })
        });
        let metrics_port = faults.number("METRICS_PORT", vars.get("METRICS_PORT"), 9091, 0..=u16::MAX);
        let public_url = vars.get("PUBLIC_URL").and_then(|url| faults.url("PUBLIC_URL", url));
        let json_logs = match vars.get("LOG_FORMAT").map(str::to_ascii_lowercase).as_deref() {
            None => None,
            Some("json") => Some(true),
            Some("pretty") => Some(false),
            Some(_) => {
                faults.add("LOG_FORMAT", "is neither json nor pretty", "set json or pretty, or unset it")
            }
        };
        let log_filter = vars.get("RUST_LOG").unwrap_or("info").to_owned();
        if tracing_subscriber::EnvFilter::try_new(&log_filter).is_err() {
            faults.add::<()>("RUST_LOG", "is not a log filter", "set a level such as info, or unset it");
        }
        Self {
            host,
            port: faults.number("PORT", vars.get("PORT"), 8080, 0..=u16::MAX),
            workers: vars.get("WORKERS").map(|workers| faults.number("WORKERS", Some(workers), 1, 1..=256)),
            max_in_flight: faults.number("MAX_IN_FLIGHT", vars.get("MAX_IN_FLIGHT"), 2000, 1..=100_000),
            metrics_port: (metrics_port != 0).then_some(metrics_port),
            public_url,
            json_logs,
            log_filter,
        }
    }
}
