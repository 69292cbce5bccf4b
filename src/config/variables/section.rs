//! What variables are about.

/// What a variable is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Whose events are believed.
    Neon,
    /// Neon's management API.
    NeonApi,
    /// What is sent by whom.
    Sms,
    /// Twilio's account.
    Twilio,
    /// MessageBird's or Bird's account.
    MessageBird,
    /// Vonage's account.
    Vonage,
    /// What is sent to whom, how often, and for how much.
    Guard,
    /// Where and how to listen, log and answer.
    Server,
    /// How the world is reached.
    Network,
    /// Traces for OpenTelemetry.
    Traces,
    /// What is remembered where.
    Store,
    /// Events that are not for SMS.
    Forwarding,
    /// Numbers that are never texted.
    TestNumbers,
    /// `neon-sms-relay dev`.
    Development,
}

impl Section {
    /// The heading of its variables, wherever they are listed.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Neon => "Neon",
            Self::NeonApi => "Neon's API",
            Self::Sms => "SMS",
            Self::Twilio => "Twilio",
            Self::MessageBird => "MessageBird, Bird",
            Self::Vonage => "Vonage",
            Self::Guard => "Limits",
            Self::Server => "Server",
            Self::Network => "Network",
            Self::Traces => "Traces",
            Self::Store => "Store",
            Self::Forwarding => "Events that are not for SMS",
            Self::TestNumbers => "Test numbers",
            Self::Development => "Development",
        }
    }
}
