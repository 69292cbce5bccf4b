//! Where `dev` listens: on the port that was asked for, or the usual one, or any that is free.

use crate::config::{ConfigErrors, Fault};
use anyhow::Context;
use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

/// How often a free port is looked for that is free in both address families.
const TRIES: usize = 16;

/// A port of this machine, taken.
pub(super) struct Port {
    /// One for each address family.
    pub listeners: Vec<TcpListener>,
    pub number: u16,
    /// What to say if it is not the usual one and nobody asked for that.
    pub note: Option<String>,
}

/// A port that may be chosen.
pub(super) struct Wish {
    /// The variable that chooses it.
    pub variable: &'static str,
    pub usual: u16,
    /// Who listens there, in words.
    pub whose: &'static str,
    /// Who else is usually there, in words.
    pub rivals: &'static str,
    /// Whether browsers come here, whose `localhost` may be `::1`.
    pub both_families: bool,
}

impl Wish {
    /// Listens. Only a port that was asked for must be free.
    ///
    /// # Errors
    /// [`ConfigErrors`] if the variable is no port; else if it is taken, or none is free.
    pub fn take(&self, vars: &HashMap<String, String>) -> anyhow::Result<Port> {
        // Of Kubernetes, for a service of that name; nobody asked for it.
        let is_ours = |port: &&str| !port.is_empty() && !port.starts_with("tcp://");
        let asked = vars.get(self.variable).map(|port| port.trim()).filter(is_ours);
        let asked = asked.map(|port| port.parse().map_err(|_| self.no_port())).transpose()?;
        let wanted = asked.unwrap_or(self.usual);
        let (listeners, is_other) = match self.bind(wanted) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && asked.is_none() => {
                (self.bind(0).context("no port is free")?, true)
            }
            result => {
                let problem =
                    || format!("port {wanted} cannot be used; set {} to another port", self.variable);
                (result.with_context(problem)?, false)
            }
        };
        let number = listeners.first().context("nothing listens")?.local_addr()?.port();
        let note = is_other.then(|| {
            let Self { variable, usual, whose, rivals, .. } = self;
            format!("Port {usual} is taken, perhaps by {rivals}: {whose} is at {number}. Set {variable} to choose.")
        });
        Ok(Port { listeners, number, note })
    }

    fn no_port(&self) -> ConfigErrors {
        let fault = |problem: &str, remedy: &str| Fault {
            variable: self.variable.to_owned(),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        };
        ConfigErrors(vec![fault("is not a port", "write a number from 1 to 65535, or leave it out")])
    }

    fn bind(&self, port: u16) -> io::Result<Vec<TcpListener>> {
        let mut result = self.bind_once(port);
        for _ in 1..TRIES {
            match result {
                Err(error) if port == 0 && error.kind() == ErrorKind::AddrInUse => {
                    result = self.bind_once(port)
                }
                result => return result,
            }
        }
        result
    }

    /// A port that somebody else has in one family is taken: `localhost` would lead to them.
    fn bind_once(&self, port: u16) -> io::Result<Vec<TcpListener>> {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        if !self.both_families {
            return Ok(vec![v4]);
        }
        match TcpListener::bind((Ipv6Addr::LOCALHOST, v4.local_addr()?.port())) {
            Ok(v6) => Ok(vec![v4, v6]),
            Err(error) if error.kind() == ErrorKind::AddrInUse => Err(error),
            // A machine without IPv6.
            Err(_) => Ok(vec![v4]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_sets_for_a_service_is_no_wish_for_a_port() {
        let wish =
            Wish { variable: "DEV_PORT", usual: 0, whose: "it", rivals: "another", both_families: false };
        let vars = |port: &str| HashMap::from([("DEV_PORT".to_owned(), port.to_owned())]);
        for port in ["tcp://10.96.4.1:8025", " ", ""] {
            let taken = wish.take(&vars(port)).unwrap();
            assert!(taken.number > 0 && taken.note.is_none(), "{port}");
        }
        let fault = wish.take(&vars("80250")).err().unwrap();
        assert!(fault.is::<ConfigErrors>(), "{fault:#}");
    }
}
