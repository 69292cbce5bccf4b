//! Where `dev` listens: on the port that was asked for, or the usual one, or any that is free.

use crate::config;
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
    /// What to say: how the variable is written, or that it is not the usual port and nobody asked for that.
    pub notes: Vec<String>,
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
    /// [`ConfigErrors`](config::ConfigErrors) if the variable is no port; else if it is taken, or none is free.
    pub fn take(&self, vars: &HashMap<String, String>) -> anyhow::Result<Port> {
        let (asked, mut notes) = config::port(vars.clone(), self.variable)?;
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
        if is_other {
            let Self { variable, usual, whose, rivals, .. } = self;
            notes.push(format!(
                "Port {usual} is taken, perhaps by {rivals}: {whose} is at {number}. Set {variable} to choose."
            ));
        }
        Ok(Port { listeners, number, notes })
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

    fn taken(value: &str) -> anyhow::Result<Port> {
        let wish =
            Wish { variable: "DEV_PORT", usual: 0, whose: "it", rivals: "another", both_families: false };
        wish.take(&HashMap::from([("DEV_PORT".to_owned(), value.to_owned())]))
    }

    #[test]
    fn what_kubernetes_sets_for_a_service_is_no_wish_for_a_port() {
        for link in ["tcp://10.96.4.1:8025", "udp://10.96.4.1:8025", "sctp://10.96.4.1:8025"] {
            let port = taken(link).unwrap();
            assert!(port.number > 0 && port.notes.len() == 1, "{link}: {:?}", port.notes);
            assert!(port.notes[0].contains("DEV_PORT") && port.notes[0].contains("Kubernetes"));
        }
        for nothing in [" ", "", "''"] {
            assert!(taken(nothing).unwrap().number > 0, "{nothing}");
        }
    }

    #[test]
    fn a_port_in_quotation_marks_is_taken_and_told() {
        for quoted in ["\"0\"", "'0'", "“0”", "\u{feff}'0'"] {
            let port = taken(quoted).unwrap();
            assert!(port.notes.len() == 1 && port.notes[0].contains("quotation marks"), "{:?}", port.notes);
        }
        assert_eq!(taken("\u{200b} 0\u{a0}").unwrap().notes, Vec::<String>::new());
        for wrong in ["80250", "\"0", "<port>"] {
            let fault = taken(wrong).err().unwrap();
            assert!(fault.is::<config::ConfigErrors>(), "{fault:#}");
        }
    }
}
