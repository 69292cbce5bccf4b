//! Where `dev` listens: on the port that was asked for, or the usual one, or any that is free.

use crate::config;
use anyhow::Context;
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// How often a free port is looked for that is free in both address families.
const TRIES: usize = 16;
/// What std binds with.
const BACKLOG: i32 = 128;

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
    /// Listens to this machine, and at `host` too. Only a port that was asked for must be free.
    ///
    /// # Errors
    /// [`ConfigErrors`](config::ConfigErrors) if the variable is no port; else if it is taken, or none is free.
    pub fn take(&self, vars: &HashMap<String, String>, host: Option<IpAddr>) -> anyhow::Result<Port> {
        let (asked, mut notes) = config::port(vars.clone(), self.variable)?;
        let wanted = asked.unwrap_or(self.usual);
        let (listeners, is_other) = match self.bind(wanted, host) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && asked.is_none() => {
                (self.bind(0, host).context("no port is free")?, true)
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

    fn bind(&self, port: u16, host: Option<IpAddr>) -> io::Result<Vec<TcpListener>> {
        let mut result = self.bind_once(port, host);
        for _ in 1..TRIES {
            match result {
                Err(error) if port == 0 && error.kind() == ErrorKind::AddrInUse => {
                    result = self.bind_once(port, host)
                }
                result => return result,
            }
        }
        result
    }

    /// A port that somebody else has in one family is taken: `localhost` would lead to them.
    fn bind_once(&self, port: u16, host: Option<IpAddr>) -> io::Result<Vec<TcpListener>> {
        let is_everywhere = host.is_some_and(|host| host.is_unspecified());
        let v4 = if is_everywhere { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
        let mut listeners = vec![TcpListener::bind((v4, port))?];
        if !self.both_families {
            return Ok(listeners);
        }
        let port = listeners.first().map(TcpListener::local_addr).transpose()?.map_or(port, |it| it.port());
        let v6 = if is_everywhere { Ipv6Addr::UNSPECIFIED } else { Ipv6Addr::LOCALHOST };
        match bind_v6(v6, port) {
            Ok(v6) => listeners.push(v6),
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(error),
            // A machine without IPv6.
            Err(_) => {}
        }
        if let Some(host) = host.filter(|_| !is_everywhere) {
            listeners.push(TcpListener::bind((host, port))?);
        }
        Ok(listeners)
    }
}

/// IPv6 alone: the other family has its own socket.
fn bind_v6(address: Ipv6Addr, port: u16) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_only_v6(true)?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::from((address, port)).into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(value: &str) -> anyhow::Result<Port> {
        let wish =
            Wish { variable: "DEV_PORT", usual: 0, whose: "it", rivals: "another", both_families: false };
        wish.take(&HashMap::from([("DEV_PORT".to_owned(), value.to_owned())]), None)
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
