//! `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`, `SSL_CERT_DIR`: the names that other programs know, too.

use super::fault::Faults;
use super::variables::Section;
use super::{ConfigErrors, Vars};
use sms_providers::client::Network;
use std::path::Path;

/// Reads how the world is reached.
///
/// # Errors
/// All faults of these variables at once.
pub fn network(vars: impl IntoIterator<Item = (String, String)>) -> Result<Network, ConfigErrors> {
    let mut faults = Faults::default();
    let vars = Vars::new(vars).with_files(|secret| secret.section == Section::Network);
    vars.tell_files(&mut faults);
    let network = read(&vars, &mut faults);
    faults.into_result(network)
}

/// A proxy for what is encrypted, and whom to believe beside Mozilla. `HTTP_PROXY` is not looked at: a proxy would
/// read what is sent through it in clear text.
pub(super) fn read(vars: &Vars, faults: &mut Faults) -> Network {
    let network = read_roots(vars, faults);
    let Some((name, proxy)) = ["HTTPS_PROXY", "ALL_PROXY"].into_iter().find_map(|name| vars.any_case(name))
    else {
        return network;
    };
    let except = vars.any_case("NO_PROXY").map_or("", |(_, except)| except);
    network.clone().with_proxy(proxy, except).unwrap_or_else(|_| {
        faults.add::<()>(
            name,
            "is not the URL of a proxy",
            "set http://host:port, or socks5://host:port, or unset it; user and password go before the host",
        );
        network
    })
}

fn read_roots(vars: &Vars, faults: &mut Faults) -> Network {
    let mut network = Network::default();
    let (file, folders) = (vars.get("SSL_CERT_FILE"), vars.get("SSL_CERT_DIR"));
    if file.is_none() && folders.is_none() {
        return network.with_system_roots();
    }
    if let Some(file) = file {
        match network.clone().with_roots_from(Some(Path::new(file)), None) {
            Ok(more) => network = more,
            Err(error) => faults.add::<()>(
                "SSL_CERT_FILE",
                error,
                "set the path of a file with the certificates (PEM) of the authorities to trust, or unset it",
            ),
        }
    }
    if let Some(folders) = folders {
        // As OpenSSL has it, several folders stand beside each other, and one of them will do.
        let mut found = Err(sms_providers::client::RootsError::NotThere);
        for folder in std::env::split_paths(folders) {
            match network.clone().with_roots_from(None, Some(&folder)) {
                Ok(more) => (network, found) = (more, Ok(())),
                Err(error) => found = found.or(Err(error)),
            }
        }
        if let Err(error) = found {
            faults.add::<()>(
                "SSL_CERT_DIR",
                error,
                "set a folder of certificates as `openssl rehash` names them, or SSL_CERT_FILE in its place",
            );
        }
    }
    network
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tls/ca.pem");

    fn faulty(vars: &[(&str, &str)]) -> Vec<String> {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let faults = network(vars).err().map(|errors| {
            assert!(!errors.to_string().contains("s3cret"));
            errors.0
        });
        faults.unwrap_or_default().into_iter().map(|fault| fault.variable).collect()
    }

    /// Field 1, Field 2: proxies as people name them.
    #[test]
    fn a_proxy_is_found_in_any_case_of_its_name_and_one_that_is_none_is_named() {
        for (name, proxy) in [
            ("HTTPS_PROXY", "http://proxy.corp:3128"),
            ("https_proxy", "proxy.corp:3128"),
            ("ALL_PROXY", "socks5://127.0.0.1:1080"),
            ("all_proxy", "socks://127.0.0.1:1080/"),
        ] {
            assert_eq!(faulty(&[(name, proxy)]), Vec::<String>::new(), "{name}");
        }
        assert_eq!(faulty(&[("https_proxy", "ftp://s3cret")]), ["https_proxy"]);
        assert_eq!(faulty(&[("ALL_PROXY", "s3cret s3cret")]), ["ALL_PROXY"]);
        assert_eq!(faulty(&[("HTTP_PROXY", "ftp://s3cret")]), Vec::<String>::new());
    }

    /// Field 3: a file that was meant to be trusted and cannot be is said at start.
    #[test]
    fn authorities_are_read_from_a_file_and_whatever_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (junk, key) = (folder.path().join("s3cret.pem"), folder.path().join("s3cret.key"));
        std::fs::write(&junk, "s3cret").unwrap();
        std::fs::write(&key, include_str!("../../fixtures/tls/server.key")).unwrap();
        assert_eq!(faulty(&[("SSL_CERT_FILE", ROOT)]), Vec::<String>::new());
        for odd in ["/not/there/s3cret.pem", junk.to_str().unwrap(), key.to_str().unwrap(), "/tmp"] {
            assert_eq!(faulty(&[("SSL_CERT_FILE", odd)]), ["SSL_CERT_FILE"], "{odd}");
        }
        std::fs::copy(ROOT, folder.path().join("0a1b2c3d.0")).unwrap();
        let folders = format!("/not/there:{}", folder.path().display());
        assert_eq!(faulty(&[("SSL_CERT_DIR", &folders)]), Vec::<String>::new());
        assert_eq!(faulty(&[("SSL_CERT_DIR", "/not/there/s3cret")]), ["SSL_CERT_DIR"]);
    }
}
