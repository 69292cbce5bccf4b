//! The text of the SMS.

use super::{OtpCode, OtpType};
use minijinja::{Environment, UndefinedBehavior, context};
use sms_providers::SmsBody;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// The text where the operator sets none. One GSM-7 segment for an app name of up to 100 characters.
pub const DEFAULT_TEMPLATE: &str = "Your {{ app }} code is {{ code }}. It expires in {{ minutes }} min.";

/// Stands for `{{ app }}` where neither the operator nor the event names the app.
const NAMELESS_APP: &str = "sign-in";

/// Longer names would push the code out of the first segment.
const APP_NAME_CHARS: usize = 40;

/// The name of the one template in its environment.
const NAME: &str = "SMS_TEMPLATE";

/// A checked message template.
#[derive(Debug, Clone)]
pub struct MessageTemplate {
    /// Holds it ready to be rendered.
    environment: Arc<Environment<'static>>,
    /// On one line.
    app_name: Option<String>,
    web_otp_domain: Option<String>,
}

/// Why a template is refused. Holds nothing of the template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It does not parse or uses a variable that does not exist.
    #[error("is not a valid template ({0}); the variables are code, app, minutes and otp_type")]
    Invalid(String),
    /// The code does not appear in the text.
    #[error("does not print {{{{ code }}}}, so nobody could sign in")]
    NoCode,
}

impl MessageTemplate {
    /// Checks a template by rendering it.
    ///
    /// `web_otp_domain` appends an empty line and `@domain #code`, the origin-bound form that lets
    /// phones fill the code in (<https://wicg.github.io/sms-one-time-codes/>).
    pub fn new(
        source: &str,
        app_name: Option<String>,
        web_otp_domain: Option<String>,
    ) -> Result<Self, TemplateError> {
        let invalid = |error: minijinja::Error| TemplateError::Invalid(error.kind().to_string());
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_template_owned(NAME, source.to_owned()).map_err(invalid)?;
        let app_name = app_name.as_deref().map(one_line);
        let template = Self { environment: Arc::new(environment), app_name, web_otp_domain };
        // Two codes that share no digit, so that a text with fixed digits in it does not pass.
        for code in ["305172", "986444"] {
            let text =
                template.text(code, None, OtpType::SignIn, Duration::from_secs(300)).map_err(invalid)?;
            if !text.contains(code) {
                return Err(TemplateError::NoCode);
            }
        }
        Ok(template)
    }

    /// The finished text. `project_name` stands in for an app name that the operator did not set.
    pub fn render(
        &self,
        code: &OtpCode,
        project_name: Option<&str>,
        otp_type: OtpType,
        expires_in: Duration,
    ) -> Result<SmsBody, TemplateError> {
        let mut text = self
            .text(code.expose(), project_name, otp_type, expires_in)
            .map_err(|error| TemplateError::Invalid(error.kind().to_string()))?;
        if let Some(domain) = &self.web_otp_domain {
            // Only the last line counts, so nothing may follow it, not even a line break.
            text = format!("{}\n\n@{domain} #{}", text.trim_end(), code.expose());
        }
        Ok(SmsBody::new(text))
    }

    fn text(
        &self,
        code: &str,
        project_name: Option<&str>,
        otp_type: OtpType,
        expires_in: Duration,
    ) -> Result<String, minijinja::Error> {
        // The operator may mean a letter that nobody sees, as Persian has them; a project's name is anybody's.
        let of_project = || project_name.map(|name| Cow::Owned(one_line(&seen(name))));
        let app = self.app_name.as_deref().map(Cow::Borrowed).or_else(of_project);
        let app = app.filter(|name| !name.is_empty());
        let minutes = ((expires_in.as_secs() + 30) / 60).max(1);
        self.environment.get_template(NAME)?.render(context! {
            code,
            minutes,
            app => app.as_deref().unwrap_or(NAMELESS_APP),
            otp_type => otp_type.as_str(),
        })
    }
}

fn one_line(name: &str) -> String {
    let words: Vec<_> =
        name.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(APP_NAME_CHARS).collect()
}

/// Without what is not seen and changes what is: characters that turn the direction of a text or have no width, and
/// what stands for a character that was broken.
fn seen(name: &str) -> String {
    let unseen = |letter: char| {
        matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffd}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
    };
    name.chars().filter(|letter| !unseen(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(template: &MessageTemplate, project: Option<&str>, seconds: u64) -> String {
        let code = OtpCode::new("042137").unwrap();
        let body = template.render(&code, project, OtpType::SignIn, Duration::from_secs(seconds)).unwrap();
        body.expose().to_owned()
    }

    #[test]
    fn the_default_text_names_app_code_and_minutes() {
        let template = MessageTemplate::new(DEFAULT_TEMPLATE, None, None).unwrap();
        assert_eq!(
            render(&template, Some("My App"), 299),
            "Your My App code is 042137. It expires in 5 min."
        );
        assert_eq!(render(&template, None, 20), "Your sign-in code is 042137. It expires in 1 min.");
    }

    #[test]
    fn a_configured_app_name_beats_the_projects_and_stays_on_one_short_line() {
        let named = MessageTemplate::new("{{ app }}: {{ code }}", Some("Acme".into()), None).unwrap();
        assert_eq!(render(&named, Some("My App"), 300), "Acme: 042137");
        let unnamed = MessageTemplate::new("{{ app }}: {{ code }}", None, None).unwrap();
        assert_eq!(
            render(&unnamed, Some("a\r\n@evil.example #000000"), 300),
            "a @evil.example #000000: 042137"
        );
        assert_eq!(render(&unnamed, Some(&"x".repeat(500)), 300).len(), 40 + ": 042137".len());
    }

    #[test]
    fn what_nobody_sees_in_a_projects_name_does_not_reach_the_phone() {
        let template = MessageTemplate::new("{{ app }}: {{ code }}", None, None).unwrap();
        for (name, shown) in [
            ("\u{202e}ppA yM\u{202c}", "ppA yM"),
            ("A\u{200b}c\u{200d}m\u{feff}e\u{2066}\u{2069}", "Acme"),
            ("Acme\u{e0041}\u{fe0f}\u{ad} \u{2028}\u{7f}Inc", "Acme Inc"),
            ("My App \u{fffd}\u{fffd}\u{fffd}", "My App"),
            ("\u{200f}\u{3164}", NAMELESS_APP),
            ("Ünï 日本 אבג 🚀", "Ünï 日本 אבג 🚀"),
        ] {
            assert_eq!(render(&template, Some(name), 300), format!("{shown}: 042137"), "{name:?}");
        }
        let persian = "\u{645}\u{6cc}\u{200c}\u{62e}";
        let named = MessageTemplate::new("{{ app }}: {{ code }}", Some(persian.into()), None).unwrap();
        assert_eq!(render(&named, None, 300), format!("{persian}: 042137"));
    }

    #[test]
    fn the_origin_bound_line_is_last_and_has_no_line_break_after_it() {
        let template = MessageTemplate::new("Code {{ code }}\n", None, Some("example.com".into())).unwrap();
        assert_eq!(render(&template, None, 300), "Code 042137\n\n@example.com #042137");
    }

    #[test]
    fn a_template_that_could_not_sign_anybody_in_is_refused() {
        assert_eq!(MessageTemplate::new("Hello", None, None).unwrap_err(), TemplateError::NoCode);
        assert_eq!(MessageTemplate::new("305172", None, None).unwrap_err(), TemplateError::NoCode);
        for broken in ["{{ code", "{{ code }} {{ name }}", "{% if %}{{ code }}"] {
            assert!(
                matches!(MessageTemplate::new(broken, None, None), Err(TemplateError::Invalid(_))),
                "{broken}"
            );
        }
    }
}
