//! Which event does what.

use super::{DeliveryPreference, Event, NeonEvent, RefuseReason, Targets, User};

/// What is done with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Send the code by SMS.
    Sms,
    /// Ask the app now; its answer is the reply.
    Forward,
    /// Answer 200 and bring it to the app in the background.
    Queue,
    /// Nothing to deliver: answer 200.
    Acknowledge,
    /// Let the sign-up pass.
    AllowSignUp,
    /// Stop the sign-up: nobody is here to decide about it.
    DenySignUp,
    /// It cannot be delivered by anybody here.
    Refuse(RefuseReason),
}

/// What the operator configured about events that are not for SMS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routing {
    /// `BEFORE_CREATE=allow`: sign-ups pass where no app is asked.
    pub allow_sign_up: bool,
    /// The apps that take them.
    pub targets: Targets,
}

/// Decides by the event alone.
///
/// A code or a link that nobody delivers is refused: subscribing a webhook to it switches Neon's own
/// e-mail off, so a 2xx would make it vanish.
pub fn route(event: &Event, routing: &Routing) -> Route {
    let has_app = routing.targets.of(event.endpoint.as_ref()).is_some();
    match &event.kind {
        NeonEvent::SendOtp(otp) => match (otp.preference, event.user) {
            (DeliveryPreference::Sms, _) => Route::Sms,
            (DeliveryPreference::Absent, User { has_phone: true, has_email: false, .. }) => Route::Sms,
            (DeliveryPreference::Absent | DeliveryPreference::Other, _) if has_app => Route::Forward,
            (DeliveryPreference::Absent | DeliveryPreference::Other, _) => {
                Route::Refuse(RefuseReason::NoDeliveryChannel)
            }
        },
        NeonEvent::SendMagicLink | NeonEvent::SendOther | NeonEvent::BeforeCreate if has_app => {
            Route::Forward
        }
        NeonEvent::SendMagicLink | NeonEvent::SendOther => Route::Refuse(RefuseReason::NoDeliveryChannel),
        NeonEvent::BeforeCreate if routing.allow_sign_up => Route::AllowSignUp,
        NeonEvent::BeforeCreate => Route::DenySignUp,
        NeonEvent::UserCreated | NeonEvent::PhoneVerified(_) | NeonEvent::Invitation | NeonEvent::Unknown => {
            if has_app {
                Route::Queue
            } else {
                Route::Acknowledge
            }
        }
    }
}

/// What an operator has to know about a branch that subscribes to events of this name and has no app; `None` if
/// they are taken care of all the same.
pub fn unhandled(event_name: &str, allow_sign_up: bool) -> Option<&'static str> {
    match event_name {
        "phone_number.verified" => None,
        "send.otp" => Some(
            "codes that are not for SMS are refused, and Neon does not e-mail them itself; set FORWARD_URL",
        ),
        "send.magic_link" => {
            Some("links are refused, and Neon does not e-mail them itself; set FORWARD_URL, or unsubscribe")
        }
        name if name.starts_with("send.") => Some(
            "they are refused, since nobody here delivers what is not an SMS; set FORWARD_URL, or unsubscribe",
        ),
        "user.before_create" if allow_sign_up => None,
        "user.before_create" => {
            Some("every sign-up is denied; set FORWARD_URL or BEFORE_CREATE=allow, or unsubscribe")
        }
        _ => Some("they are acknowledged and go nowhere; set FORWARD_URL, or unsubscribe"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Destination, EndpointId, EventId, OtpCode, OtpType, SendOtp};
    use url::Url;

    fn event(kind: NeonEvent, has_email: bool, has_phone: bool) -> Event {
        Event {
            id: EventId::new("id").unwrap(),
            name: "name".into(),
            endpoint: None,
            project_name: None,
            user: User { has_email, has_phone, has_id: false },
            subject: None,
            address: None,
            kind,
        }
    }

    fn otp(preference: DeliveryPreference) -> NeonEvent {
        NeonEvent::SendOtp(SendOtp {
            preference,
            destination: Destination::Missing,
            code: OtpCode::new("123456"),
            otp_type: OtpType::SignIn,
            expires_at: None,
        })
    }

    #[test]
    fn each_event_goes_where_the_table_says() {
        use DeliveryPreference::{Absent, Other, Sms};
        use Route::{Acknowledge, DenySignUp, Forward, Queue};
        let no_channel = Route::Refuse(RefuseReason::NoDeliveryChannel);
        // Who the user is, then the routes without an app and with one.
        let table = [
            (otp(Sms), (false, true), Route::Sms, Route::Sms),
            (otp(Sms), (true, true), Route::Sms, Route::Sms),
            (otp(Sms), (true, false), Route::Sms, Route::Sms),
            (otp(Other), (false, true), no_channel, Forward),
            (otp(Other), (true, false), no_channel, Forward),
            (otp(Absent), (false, true), Route::Sms, Route::Sms),
            (otp(Absent), (true, true), no_channel, Forward),
            (otp(Absent), (true, false), no_channel, Forward),
            (otp(Absent), (false, false), no_channel, Forward),
            (NeonEvent::SendMagicLink, (true, false), no_channel, Forward),
            (NeonEvent::SendOther, (false, true), no_channel, Forward),
            (NeonEvent::BeforeCreate, (true, false), DenySignUp, Forward),
            (NeonEvent::UserCreated, (true, false), Acknowledge, Queue),
            (NeonEvent::PhoneVerified(Destination::Missing), (false, true), Acknowledge, Queue),
            (NeonEvent::Invitation, (true, false), Acknowledge, Queue),
            (NeonEvent::Unknown, (false, false), Acknowledge, Queue),
        ];
        let (without, with) = (Routing::default(), with_app());
        for (kind, (has_email, has_phone), alone, forwarding) in table {
            let event = event(kind, has_email, has_phone);
            assert_eq!((route(&event, &without), route(&event, &with)), (alone, forwarding), "{event:?}");
        }
    }

    fn with_app() -> Routing {
        let default = Some(Url::parse("https://app.example/hook").unwrap());
        Routing { allow_sign_up: false, targets: Targets { default, ..Targets::default() } }
    }

    #[test]
    fn an_event_of_a_branch_whose_app_is_unknown_has_no_app() {
        let mut event = event(NeonEvent::SendMagicLink, true, false);
        let mut routing = with_app();
        let own = routing.targets.default.take().unwrap();
        routing.targets.by_endpoint = [(EndpointId::new("ep-a").unwrap(), own)].into();
        for (endpoint, expected) in
            [("ep-a", Route::Forward), ("ep-b", Route::Refuse(RefuseReason::NoDeliveryChannel))]
        {
            event.endpoint = EndpointId::new(endpoint);
            assert_eq!(route(&event, &routing), expected, "{endpoint}");
        }
    }

    #[test]
    fn what_nobody_handles_is_named_with_a_way_out() {
        for name in ["send.otp", "send.magic_link", "user.before_create", "user.created", "passkey.created"] {
            assert!(unhandled(name, false).unwrap().contains("FORWARD_URL"), "{name}");
        }
        assert!(unhandled("send.whatsapp", true).unwrap().contains("refused"));
        assert_eq!(unhandled("phone_number.verified", false), None);
        assert_eq!(unhandled("user.before_create", true), None);
    }

    #[test]
    fn sign_ups_pass_only_if_the_operator_says_so() {
        let event = event(NeonEvent::BeforeCreate, true, false);
        assert_eq!(route(&event, &Routing { allow_sign_up: true, ..Routing::default() }), Route::AllowSignUp);
        let asked = Routing { allow_sign_up: true, ..with_app() };
        assert_eq!(route(&event, &asked), Route::Forward);
    }
}
