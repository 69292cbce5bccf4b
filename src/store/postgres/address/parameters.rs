//! Names and values → what they set.

use super::{Address, CONNECT_TIMEOUT, Certificates};
use crate::store::address::{AddressFault, shown_name, unescaped};
use std::net::IpAddr;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, LoadBalanceHosts, SslMode, SslNegotiation, TargetSessionAttrs};

/// What is true here anyway, so that nothing has to be said about it.
const TRUE_ANYWAY: [(&str, &[&str]); 6] = [
    ("gssencmode", &["disable", "prefer"]),
    ("client_encoding", &["utf8", "utf-8", "auto", "unicode"]),
    ("sslsni", &["1"]),
    ("sslcompression", &["0"]),
    ("ssl_min_protocol_version", &["tlsv1", "tlsv1.1", "tlsv1.2"]),
    ("uselibpqcompat", &["false", "0"]),
];

/// What would make the connection safer, and cannot be had: to go on without it is not for us to decide.
const NOT_TO_BE_HAD: [&str; 4] = ["sslcrl", "sslcrldir", "require_auth", "gssencmode"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Disable,
    Prefer,
    Require,
    NoVerify,
    VerifyCa,
    VerifyFull,
}

/// What a URL's parts have set so far.
#[derive(Default)]
pub(super) struct Parameters {
    config: Config,
    mode: Option<Mode>,
    root: Option<String>,
    as_libpq: bool,
    direct: bool,
    connect_timeout: Option<Duration>,
    keepalives_idle: bool,
    keepalives_interval: bool,
    keepalives_retries: bool,
    ports: Vec<u16>,
    passed_over: Vec<String>,
}

fn text(name: &str, value: &str) -> Result<String, AddressFault> {
    String::from_utf8(unescaped(value)).map_err(|_| {
        AddressFault::new(format!("has no text as its {name}"), "write it in UTF-8, and % as %25")
    })
}

impl Parameters {
    pub(super) fn credentials(&mut self, credentials: &str) -> Result<(), AddressFault> {
        let (user, password) = credentials
            .split_once(':')
            .map_or((credentials, None), |(user, password)| (user, Some(password)));
        if !user.is_empty() {
            self.config.user(text("user", user)?);
        }
        if let Some(password) = password.filter(|password| !password.is_empty()) {
            self.config.password(unescaped(password));
        }
        Ok(())
    }

    pub(super) fn host(&mut self, host: &str, port: Option<u16>) -> Result<(), AddressFault> {
        self.config.host(text("host", host)?);
        self.ports.push(port.unwrap_or(5432));
        Ok(())
    }

    pub(super) fn database(&mut self, database: &str) -> Result<(), AddressFault> {
        self.config.dbname(text("database", database)?);
        Ok(())
    }

    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), AddressFault> {
        let value = text(&format!("parameter {}", shown_name(name)), value)?;
        let lower = value.to_ascii_lowercase();
        match name {
            "user" => {
                self.config.user(value);
            }
            "password" => {
                self.config.password(value);
            }
            "dbname" => {
                self.config.dbname(value);
            }
            "options" => {
                self.config.options(value);
            }
            "application_name" => {
                self.config.application_name(value);
            }
            "host" => value.split(',').for_each(|host| {
                self.config.host(host);
            }),
            "hostaddr" => {
                for address in value.split(',') {
                    let address: IpAddr = address.parse().map_err(|_| wrong(name, "IP addresses"))?;
                    self.config.hostaddr(address);
                }
            }
            "port" => {
                let ports = value.split(',').map(|port| port.parse().ok().filter(|port| *port > 0));
                self.ports =
                    ports.collect::<Option<_>>().ok_or_else(|| wrong(name, "a port, such as 5432"))?;
            }
            "sslmode" | "ssl" | "requiressl" => self.mode = Some(mode(name, &lower)?),
            "sslrootcert" => self.root = Some(value),
            "sslnegotiation" => {
                let direct = [("direct", true), ("postgres", false)];
                self.direct = one_of(name, &lower, &direct)?;
            }
            "uselibpqcompat" if matches!(lower.as_str(), "true" | "1") => self.as_libpq = true,
            "connect_timeout" => self.connect_timeout = seconds(name, &value)?,
            "keepalives" => {
                self.config.keepalives(value != "0");
            }
            "keepalives_idle" => {
                self.keepalives_idle = true;
                if let Some(time) = seconds(name, &value)? {
                    self.config.keepalives_idle(time);
                }
            }
            "keepalives_interval" => {
                self.keepalives_interval = true;
                if let Some(time) = seconds(name, &value)? {
                    self.config.keepalives_interval(time);
                }
            }
            "keepalives_count" | "keepalives_retries" => {
                self.keepalives_retries = true;
                self.config.keepalives_retries(value.parse().map_err(|_| wrong(name, "a number"))?);
            }
            "channel_binding" => {
                let modes = [
                    ("disable", ChannelBinding::Disable),
                    ("prefer", ChannelBinding::Prefer),
                    ("require", ChannelBinding::Require),
                ];
                self.config.channel_binding(one_of(name, &lower, &modes)?);
            }
            "target_session_attrs" => {
                let write = TargetSessionAttrs::ReadWrite;
                let attributes =
                    [("any", TargetSessionAttrs::Any), ("read-write", write), ("primary", write)];
                self.config.target_session_attrs(one_of(name, &lower, &attributes)?);
            }
            "load_balance_hosts" => {
                let modes = [("disable", LoadBalanceHosts::Disable), ("random", LoadBalanceHosts::Random)];
                self.config.load_balance_hosts(one_of(name, &lower, &modes)?);
            }
            _ if TRUE_ANYWAY
                .iter()
                .any(|(known, values)| *known == name && values.contains(&lower.as_str())) => {}
            _ if NOT_TO_BE_HAD.contains(&name) => {
                let problem = format!("asks for {name}, which this program does not offer");
                return Err(AddressFault::new(problem, "leave it out if the connection is safe without it"));
            }
            _ => self.passed_over.push(shown_name(name)),
        }
        Ok(())
    }

    pub(super) fn into_address(mut self) -> Result<Address, AddressFault> {
        let config = &mut self.config;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            let remedy = "set postgres://user:password@host/database";
            return Err(AddressFault::new("names no host", remedy));
        }
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
        if self.ports.len() > 1 && self.ports.len() != hosts {
            return Err(AddressFault::new(
                "has another number of ports than of hosts",
                "give one port, or one for each",
            ));
        }
        for port in &self.ports {
            config.port(*port);
        }
        let (mode, certificates) = trust(self.mode, self.root, self.as_libpq)?;
        if self.direct && mode != SslMode::Require {
            return Err(AddressFault::new(
                "asks for sslnegotiation=direct without TLS",
                "add sslmode=require",
            ));
        }
        config.ssl_mode(mode);
        if self.direct {
            config.ssl_negotiation(SslNegotiation::Direct);
        }
        let connect_timeout = self.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
        config.connect_timeout(connect_timeout);
        if config.get_application_name().is_none() {
            config.application_name("neon-sms-relay");
        }
        // A router that forgets a connection tells nobody. One that is used every half minute is not forgotten, and
        // one that is dead all the same is known to be within a minute.
        if !self.keepalives_idle {
            config.keepalives_idle(Duration::from_secs(30));
        }
        if !self.keepalives_interval {
            config.keepalives_interval(Duration::from_secs(10));
        }
        if !self.keepalives_retries {
            config.keepalives_retries(3);
        }
        self.passed_over.sort();
        self.passed_over.dedup();
        Ok(Address { config: self.config, certificates, connect_timeout, passed_over: self.passed_over })
    }
}

fn mode(name: &str, value: &str) -> Result<Mode, AddressFault> {
    let of_libpq = [
        ("disable", Mode::Disable),
        ("allow", Mode::Prefer),
        ("prefer", Mode::Prefer),
        ("require", Mode::Require),
        ("no-verify", Mode::NoVerify),
        ("verify-ca", Mode::VerifyCa),
        ("verify-full", Mode::VerifyFull),
    ];
    let of_others =
        [("true", Mode::Require), ("1", Mode::Require), ("false", Mode::Disable), ("0", Mode::Disable)];
    let other = of_others.iter().find(|(known, _)| name != "sslmode" && *known == value);
    other.map_or_else(|| one_of(name, value, &of_libpq), |(_, mode)| Ok(*mode))
}

/// The table of the module above.
fn trust(
    mode: Option<Mode>,
    root: Option<String>,
    as_libpq: bool,
) -> Result<(SslMode, Certificates), AddressFault> {
    let any_if = |any: bool| if any { Certificates::Any } else { Certificates::Trusted };
    Ok(match (mode, root.as_deref()) {
        (Some(Mode::Disable | Mode::NoVerify), Some("system")) => {
            let problem = "asks for sslrootcert=system and for an sslmode that verifies nothing";
            return Err(AddressFault::new(problem, "set sslmode=verify-full, or leave sslrootcert out"));
        }
        (Some(Mode::Disable), _) => (SslMode::Disable, Certificates::Trusted),
        (Some(Mode::NoVerify), _) => (SslMode::Require, Certificates::Any),
        (_, Some("system")) => (SslMode::Require, Certificates::Trusted),
        (Some(Mode::Prefer), Some(path)) => {
            (SslMode::Prefer, Certificates::OfFile { path: path.into(), names: false })
        }
        (Some(Mode::Require | Mode::VerifyCa), Some(path)) => {
            (SslMode::Require, Certificates::OfFile { path: path.into(), names: false })
        }
        (Some(Mode::VerifyFull) | None, Some(path)) => {
            (SslMode::Require, Certificates::OfFile { path: path.into(), names: true })
        }
        (None, None) => (SslMode::Prefer, any_if(as_libpq)),
        (Some(Mode::Prefer), None) => (SslMode::Prefer, Certificates::Any),
        (Some(Mode::Require), None) => (SslMode::Require, any_if(as_libpq)),
        (Some(Mode::VerifyCa | Mode::VerifyFull), None) => (SslMode::Require, Certificates::Trusted),
    })
}

/// Zero and below mean that there is no limit, as with libpq, and then ours holds.
fn seconds(name: &str, value: &str) -> Result<Option<Duration>, AddressFault> {
    let seconds: i64 = value.parse().map_err(|_| wrong(name, "a number of seconds"))?;
    Ok(u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs))
}

fn one_of<T: Copy>(name: &str, value: &str, known: &[(&str, T)]) -> Result<T, AddressFault> {
    let found = known.iter().find(|(known, _)| *known == value);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        wrong(name, &format!("one of {}", names.join(", ")))
    })
}

fn wrong(name: &str, expected: &str) -> AddressFault {
    AddressFault::new(format!("has a {name} that is not understood"), format!("set {name} to {expected}"))
}
