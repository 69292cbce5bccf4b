//! What a developer may choose about `dev` by variables: who may come, and how strict it is.

use crate::cli::output::complain;
use crate::config::{ConfigErrors, Fault};
use crate::dev::Behaviour;
use std::collections::HashMap;
use std::net::IpAddr;
use url::Url;

const HOST: &str = "DEV_HOST";
const STRICT: &str = "DEV_STRICT";

/// The address to listen on besides this machine's own; `None` if other machines are to be kept out.
///
/// # Errors
/// If it is no address.
pub(super) fn host(vars: &HashMap<String, String>) -> Result<Option<IpAddr>, ConfigErrors> {
    let Some(host) = chosen(vars, HOST).filter(|host| *host != "localhost") else { return Ok(None) };
    let address: IpAddr = host
        .parse()
        .map_err(|_| fault(HOST, "is no address", "write 0.0.0.0, or one of this machine's addresses"))?;
    Ok(Some(address).filter(|address| !address.is_loopback()))
}

/// How the emulator behaves at the start.
///
/// # Errors
/// If a variable is neither yes nor no.
pub(super) fn behaviour(vars: &HashMap<String, String>) -> Result<Behaviour, ConfigErrors> {
    let strict = match chosen(vars, STRICT) {
        Some("1" | "true") => true,
        None | Some("0" | "false") => false,
        Some(_) => return Err(fault(STRICT, "is neither 1 nor 0", "write 1, or leave it out")),
    };
    Ok(Behaviour { strict, ..Behaviour::default() })
}

/// Says to whom `dev` is open, and what they see.
pub(super) fn what_is_open(host: IpAddr, port: u16) -> String {
    let whom = match host {
        host if host.is_unspecified() => format!("at every address of this machine, port {port}"),
        IpAddr::V4(host) => format!("at http://{host}:{port}/"),
        IpAddr::V6(host) => format!("at http://[{host}]:{port}/"),
    };
    format!(
        "Open to other machines {whom}: whoever reaches it reads every text with its code, signs in as anybody, and \
         sends events to the relay and to programs of this machine. {HOST} opened it."
    )
}

/// Says who cannot sign in, and how they can.
pub(super) fn what_is_strict() -> String {
    format!(
        "{STRICT}: a number signs in once a user has linked it, as at Neon. POST /dev/users makes a user with a number."
    )
}

/// Shows the page in the browser. Without one it is as if nobody had asked.
pub(super) fn open_page(url: &Url) {
    if open::that_detached(url.as_str()).is_err() {
        complain(format_args!("neon-sms-relay: no browser could be started; open {url} yourself"));
    }
}

fn chosen<'a>(vars: &'a HashMap<String, String>, name: &str) -> Option<&'a str> {
    vars.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

fn fault(variable: &str, problem: &str, remedy: &str) -> ConfigErrors {
    let (variable, problem, remedy) = (variable.to_owned(), problem.to_owned(), remedy.to_owned());
    ConfigErrors(vec![Fault { variable, problem, remedy }])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(name: &str, value: &str) -> HashMap<String, String> {
        [(name.to_owned(), value.to_owned())].into()
    }

    #[test]
    fn only_an_address_of_others_opens_it() {
        for closed in ["", " ", "localhost", "127.0.0.1", "::1"] {
            assert_eq!(host(&vars(HOST, closed)).unwrap(), None, "{closed}");
        }
        for open in ["0.0.0.0", "::", "192.168.1.5"] {
            assert_eq!(host(&vars(HOST, open)).unwrap(), Some(open.parse().unwrap()));
        }
        let error = host(&vars(HOST, "s3cret.example")).unwrap_err().to_string();
        assert!(error.contains(HOST) && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn strict_is_yes_or_no() {
        let strict = |value| behaviour(&vars(STRICT, value)).map(|behaviour| behaviour.strict);
        assert!(strict("1").unwrap() && strict(" true").unwrap());
        assert!(!strict("0").unwrap() && !strict("").unwrap());
        assert!(!strict("s3cret").unwrap_err().to_string().contains("s3cret"));
    }
}
