//! A URL's text → its parts. Which `@` ends the password is the question: people paste passwords as they are.

use crate::store::address::AddressFault;

/// The parts, none of them decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub credentials: Option<&'a str>,
    pub hosts: Vec<(&'a str, Option<u16>)>,
    pub database: Option<&'a str>,
    pub query: Vec<(&'a str, &'a str)>,
}

/// What may hold an `@` as it is.
const MAY_HOLD_AT: [&str; 5] = ["user", "password", "application_name", "options", "dbname"];

/// Takes apart what stands behind `postgres://`.
///
/// As the standard has it, the last `@` before the first `/` or `?` ends the password. Where that leaves something
/// that is no host, the password itself holds one of these, and the first `@` that leaves a whole address ends it.
pub(super) fn split(rest: &str) -> Result<Parts<'_>, AddressFault> {
    let authority = rest.find(['/', '?']).unwrap_or(rest.len());
    let by_the_standard = parts(rest, rest[..authority].rfind('@'));
    by_the_standard.or_else(|fault| {
        let mut others = rest.match_indices('@').filter_map(|(at, _)| parts(rest, Some(at)).ok());
        others.next().ok_or(fault)
    })
}

/// The parts if the password ends at `at`.
fn parts(rest: &str, at: Option<usize>) -> Result<Parts<'_>, AddressFault> {
    let (credentials, address) = at.map_or((None, rest), |at| (Some(&rest[..at]), &rest[at + 1..]));
    let (address, query) = address.split_once('?').map_or((address, None), |(all, query)| (all, Some(query)));
    let (hosts, database) = address.split_once('/').map_or((address, None), |(all, name)| (all, Some(name)));
    let hosts = hosts.split(',').filter(|host| !host.is_empty()).map(host).collect::<Result<_, _>>()?;
    let database = database.filter(|name| !name.is_empty());
    if let Some(wrong) = database.and_then(|name| name.chars().find(|letter| "@/#&".contains(*letter))) {
        let remedy = match wrong {
            '&' => "begin the first parameter with ?, and only the others with &",
            _ => {
                "write it as %40 (@), %2F (/) or %23 (#) where it is part of the database's name or the password"
            }
        };
        return Err(AddressFault::new(format!("has a {wrong} in its database's name"), remedy));
    }
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    Ok(Parts { credentials, hosts, database, query: pairs.map(pair).collect::<Result<_, _>>()? })
}

fn host(text: &str) -> Result<(&str, Option<u16>), AddressFault> {
    let (name, port) = match text.rfind(']') {
        Some(end) if text.starts_with('[') => (&text[1..end], text[end + 1..].strip_prefix(':')),
        _ => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    let remedy = "write @ / ? # in a password as %40 %2F %3F %23, and a host as in db.example.com:5432";
    let of_a_host = |letter: char| letter.is_alphanumeric() || "-._:%".contains(letter);
    if name.is_empty() || !name.chars().all(of_a_host) {
        return Err(AddressFault::new("has a host that is no name of one", remedy));
    }
    let port = port.filter(|port| !port.is_empty()).map(str::parse).transpose();
    match port {
        Ok(Some(0)) | Err(_) => {
            Err(AddressFault::new("has a port that is no number from 1 to 65535", remedy))
        }
        Ok(port) => Ok((name, port)),
    }
}

fn pair(text: &str) -> Result<(&str, &str), AddressFault> {
    let remedy = "write parameters as in ?sslmode=require&connect_timeout=10, and a ? in a password as %3F";
    let Some((name, value)) = text.split_once('=') else {
        return Err(AddressFault::new("has a parameter without a value", remedy));
    };
    if name.is_empty()
        || name.contains(['@', '/', ':'])
        || (value.contains('@') && !MAY_HOLD_AT.contains(&name))
    {
        return Err(AddressFault::new("has a parameter that cannot be read", remedy));
    }
    if value.contains('#') {
        return Err(AddressFault::new("has a # behind its parameters", "leave it out, or write %23"));
    }
    Ok((name, value))
}
