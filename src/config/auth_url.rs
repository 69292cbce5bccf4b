//! `NEON_AUTH_URL`: what people copy from the console, which has several URLs that look alike.

use super::Vars;
use super::fault::Faults;
use super::neon::list;
use url::Url;

const NAMES: [&str; 2] = ["NEON_AUTH_URL", "NEON_AUTH_BASE_URL"];
const REMEDY: &str =
    "copy it from the Neon Console under Auth; it looks like https://ep-….neonauth.….neon.tech/neondb/auth";
/// Stands in what we wrote for people to look at.
const EXAMPLE: &str = "ep-cool-sound-12345678.neonauth.us-east-1.aws.neon.tech";

/// The Auth URLs, without what came along with them; empty if there are none, or faults.
pub(super) fn read(vars: &Vars, faults: &mut Faults, warnings: &mut Vec<String>) -> Vec<Url> {
    let given: Vec<_> = NAMES.into_iter().filter_map(|name| Some((name, vars.get(name)?))).collect();
    let Some((name, value)) = given.first() else {
        return faults.add(NAMES[0], "is missing", REMEDY);
    };
    if list(value).next().is_none() {
        return faults.add(name, "names no URL", "set one URL, or several separated by commas");
    }
    // Where the keys are said to be elsewhere, the URL only names its branch.
    let has_jwks_url = vars.get("NEON_JWKS_URL").is_some();
    let mut read_all = |name: &str, value: &str| -> Vec<Url> {
        list(value).filter_map(|url| read_one(name, url, has_jwks_url, faults)).collect()
    };
    let urls = read_all(name, value);
    if let Some((other, value)) = given.get(1)
        && read_all(other, value) != urls
    {
        let problem = format!("and {name} are both set and differ");
        return faults.add(other, problem, "unset one of them: they are two names for the same");
    }
    if !has_jwks_url && urls.iter().any(|url| url.host_str() == Some(EXAMPLE)) {
        warnings.push(format!("{name} is the example's, and not that of a branch of yours; {REMEDY}"));
    }
    urls
}

fn read_one(name: &str, text: &str, has_jwks_url: bool, faults: &mut Faults) -> Option<Url> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return faults.add(name, "is the URL of the database", REMEDY);
    }
    let mut url = faults.url(name, text)?;
    if is_database(&url) {
        return faults.add(name, "has the host of the database, not that of Auth", REMEDY);
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/');
    let path = path.split("/.well-known").next().unwrap_or(path).trim_end_matches('/').to_owned();
    if path.is_empty() && !has_jwks_url {
        return faults.add(name, "lacks its path, which is /<database>/auth", REMEDY);
    }
    url.set_path(&path);
    Some(url)
}

/// `ep-….us-east-1.aws.neon.tech`, pooled or not: Auth has a part `neonauth` after the endpoint.
fn is_database(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let mut parts: Vec<_> = host.split('.').collect();
    let is_neons = parts.len() >= 4 && parts.split_off(parts.len() - 2) == ["neon", "tech"];
    is_neons
        && parts.first().is_some_and(|part| part.starts_with("ep-"))
        && parts.last().is_some_and(|part| ["aws", "azure", "gcp"].contains(part))
        && !parts.contains(&"neonauth")
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTH: &str = "https://ep-a-1.neonauth.us-east-1.aws.neon.tech/neondb/auth";

    /// The URLs, the variables with faults, and how many warnings there are.
    fn read_vars(vars: &[(&str, &str)]) -> (Vec<String>, Vec<String>, usize) {
        let vars = Vars::new(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let (mut faults, mut warnings) = (Faults::default(), Vec::new());
        let urls = read(&vars, &mut faults, &mut warnings).iter().map(Url::to_string).collect();
        let faults = faults.into_result(()).err().map(|errors| errors.0).unwrap_or_default();
        (urls, faults.into_iter().map(|fault| fault.variable).collect(), warnings.len())
    }

    /// Field 13: what is around the URL in a browser, or in the documentation.
    #[test]
    fn what_was_copied_with_it_is_left_out() {
        for more in ["", "/", "//", "/.well-known/jwks.json", "/.well-known/", "?x=1", "#keys"] {
            let url = format!("{AUTH}{more}");
            assert_eq!(read_vars(&[("NEON_AUTH_URL", &url)]), (vec![AUTH.to_owned()], vec![], 0), "{url}");
        }
    }

    /// Field 13: the console's other URLs are called by their names.
    #[test]
    fn what_is_not_the_auth_url_is_a_fault() {
        for url in [
            "https://ep-a-1.neonauth.us-east-1.aws.neon.tech",
            "https://ep-a-1.neonauth.us-east-1.aws.neon.tech/",
            "https://ep-a-1.neonauth.us-east-1.aws.neon.tech/.well-known/jwks.json",
            "https://ep-a-1.us-east-1.aws.neon.tech/neondb/auth",
            "https://ep-a-1-pooler.c-2.us-east-1.aws.neon.tech/neondb",
            "https://ep-a-1-pooler.eastus2.azure.neon.tech/neondb/auth",
            "postgresql://user:s3cret@ep-a-1.us-east-1.aws.neon.tech/neondb?sslmode=require",
        ] {
            assert_eq!(
                read_vars(&[("NEON_AUTH_URL", url)]),
                (vec![], vec!["NEON_AUTH_URL".to_owned()], 0),
                "{url}"
            );
        }
        let jwks = ("NEON_JWKS_URL", "https://keys.example/jwks");
        assert_eq!(
            read_vars(&[("NEON_AUTH_URL", "https://ep-a-1.example.com"), jwks]).1,
            Vec::<String>::new()
        );
    }

    #[test]
    fn two_names_with_two_values_are_a_fault_and_with_one_they_are_not() {
        let (one, same) = (("NEON_AUTH_URL", AUTH), format!("{AUTH}/"));
        assert_eq!(read_vars(&[one, ("NEON_AUTH_BASE_URL", &same)]).1, Vec::<String>::new());
        let other = ("NEON_AUTH_BASE_URL", "https://ep-b-2.neonauth.us-east-1.aws.neon.tech/neondb/auth");
        assert_eq!(read_vars(&[one, other]).1, ["NEON_AUTH_BASE_URL"]);
    }

    #[test]
    fn the_url_of_our_examples_is_warned_about() {
        let example = format!("https://{EXAMPLE}/neondb/auth");
        assert_eq!(read_vars(&[("NEON_AUTH_URL", &example)]).2, 1);
        let jwks = ("NEON_JWKS_URL", "https://keys.example/jwks");
        assert_eq!(read_vars(&[("NEON_AUTH_URL", &example), jwks]).2, 0);
    }
}
