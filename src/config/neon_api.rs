//! Neon's management API, for `doctor` and for the warnings at `/readyz`.

use super::fault::Faults;
use super::{ConfigErrors, Vars};
use secrecy::SecretString;
use url::Url;

const DEFAULT_BASE_URL: &str = "https://console.neon.tech/api/v2";

/// `NEON_API_KEY`, `NEON_PROJECT_ID`, `NEON_BRANCH_ID`, `NEON_API_BASE_URL`.
#[derive(Debug, Clone)]
pub struct NeonApiSettings {
    /// The key, of an account or of an organisation.
    pub key: SecretString,
    /// The project.
    pub project_id: String,
    /// The branch whose webhook points here.
    pub branch_id: String,
    /// The API's address up to `/projects`.
    pub base_url: Url,
}

/// Without these nobody can be asked.
const NAMES: [&str; 3] = ["NEON_API_KEY", "NEON_PROJECT_ID", "NEON_BRANCH_ID"];

impl NeonApiSettings {
    /// Reads these variables alone, for commands that cannot do without any of them.
    ///
    /// # Errors
    /// All faults at once.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigErrors> {
        let vars = Vars::new(vars);
        let (mut faults, mut warnings) = (Faults::default(), Vec::new());
        let is_ours = |name: &str| NAMES.contains(&name) || name == "NEON_API_BASE_URL";
        vars.tell(is_ours, &mut faults, &mut warnings);
        for name in NAMES.into_iter().filter(|name| vars.get(name).is_none()) {
            let remedy = match name {
                "NEON_API_KEY" => {
                    "make a key in the Neon Console, under the settings of your account, and set it"
                }
                "NEON_PROJECT_ID" => "copy it from the Neon Console, under the settings of the project",
                _ => "copy it from the Neon Console, under Branches; it looks like br-cool-sound-12345678",
            };
            faults.add::<()>(name, "is missing", remedy);
        }
        base_url(&vars, &mut faults);
        let settings = Self::read(&vars, &mut faults, &mut warnings);
        match (faults.into_result(()), settings) {
            (Ok(()), Some(settings)) => Ok(settings),
            (Err(errors), _) => Err(errors),
            (Ok(()), None) => Err(ConfigErrors(Vec::new())),
        }
    }

    /// All of it, or nothing: it is a convenience, so a part of it stops no server.
    pub(super) fn read(vars: &Vars, faults: &mut Faults, warnings: &mut Vec<String>) -> Option<Self> {
        let missing: Vec<_> = NAMES.into_iter().filter(|name| vars.get(name).is_none()).collect();
        let [Some(key), Some(project_id), Some(branch_id)] = NAMES.map(|name| vars.get(name)) else {
            if missing.len() < NAMES.len() {
                warnings.push(format!("Neon's API is not asked, for want of {}", missing.join(" and ")));
            }
            return None;
        };
        let base_url = base_url(vars, faults)?;
        let (project_id, branch_id) = (project_id.to_owned(), branch_id.to_owned());
        Some(Self { key: key.into(), project_id, branch_id, base_url })
    }
}

fn base_url(vars: &Vars, faults: &mut Faults) -> Option<Url> {
    const NAME: &str = "NEON_API_BASE_URL";
    faults.url(NAME, vars.get(NAME).unwrap_or(DEFAULT_BASE_URL))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: (&str, &str) = ("NEON_API_KEY", "napi_s3cret");
    const PROJECT: (&str, &str) = ("NEON_PROJECT_ID", "cool-sound-1");
    const BRANCH: (&str, &str) = ("NEON_BRANCH_ID", "br-a");

    /// The settings, the variables with faults, and the warnings.
    fn read(vars: &[(&str, &str)]) -> (Option<NeonApiSettings>, Vec<String>, Vec<String>) {
        let vars = Vars::new(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let (mut faults, mut warnings) = (Faults::default(), Vec::new());
        let settings = NeonApiSettings::read(&vars, &mut faults, &mut warnings);
        let faults = faults.into_result(()).err().map(|errors| errors.0).unwrap_or_default();
        (settings, faults.into_iter().map(|fault| fault.variable).collect(), warnings)
    }

    #[test]
    fn it_is_there_with_all_three_and_not_without_any() {
        let (settings, faults, warnings) = read(&[KEY, PROJECT, BRANCH]);
        assert_eq!(settings.unwrap().base_url.as_str(), DEFAULT_BASE_URL);
        assert!(faults.is_empty() && warnings.is_empty());
        for nothing in [&[][..], &[("NEON_API_BASE_URL", "ftp://x")]] {
            let (settings, faults, warnings) = read(nothing);
            assert!(settings.is_none() && faults.is_empty() && warnings.is_empty());
        }
    }

    #[test]
    fn a_part_of_it_is_a_warning_that_names_what_is_missing() {
        for (vars, expected) in [
            (&[KEY][..], "for want of NEON_PROJECT_ID and NEON_BRANCH_ID"),
            (&[KEY, BRANCH], "for want of NEON_PROJECT_ID"),
        ] {
            let (settings, faults, warnings) = read(vars);
            assert!(settings.is_none() && faults.is_empty());
            assert_eq!(warnings.len(), 1);
            assert!(warnings[0].ends_with(expected) && !warnings[0].contains("s3cret"), "{warnings:?}");
        }
    }

    #[test]
    fn a_key_is_not_sent_over_plain_http() {
        let (settings, faults, _) =
            read(&[KEY, PROJECT, BRANCH, ("NEON_API_BASE_URL", "http://example.com")]);
        assert!(settings.is_none());
        assert_eq!(faults, ["NEON_API_BASE_URL"]);
    }
}
