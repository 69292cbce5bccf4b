//! Where `dev` listens: on the port that was asked for, or the usual one, or any that is free.

use crate::config::{ConfigErrors, Fault};
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
    /// Listens to this machine, and at `host` too. Only a port that was asked for must be free.
    ///
    /// # Errors
    /// [`ConfigErrors`] if the variable is no port; else if it is taken, or none is free.
    pub fn take(&self, vars: &HashMap<String, String>, host: Option<IpAddr>) -> anyhow::Result<Port> {
        // Of Kubernetes, for a service of that name; nobody asked for it.
        let is_ours = |port: &&str| !port.is_empty() && !port.starts_with("tcp://");
        let asked = vars.get(self.variable).map(|port| port.trim()).filter(is_ours);
        let asked = asked.map(|port| port.parse().map_err(|_| self.no_port())).transpose()?;
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

    #[test]
    fn what_kubernetes_sets_for_a_service_is_no_wish_for_a_port() {
        let wish =
            Wish { variable: "DEV_PORT", usual: 0, whose: "it", rivals: "another", both_families: false };
        let vars = |port: &str| HashMap::from([("DEV_PORT".to_owned(), port.to_owned())]);
        for port in ["tcp://10.96.4.1:8025", " ", ""] {
            let taken = wish.take(&vars(port), None).unwrap();
            assert!(taken.number > 0 && taken.note.is_none(), "{port}");
        }
        let fault = wish.take(&vars("80250"), None).err().unwrap();
        assert!(fault.is::<ConfigErrors>(), "{fault:#}");
    }
}
