//! Which event does what.

use super::{DeliveryPreference, Event, NeonEvent, RefuseReason, User};

/// What is done with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Send the code by SMS.
    Sms,
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Routing {
    /// `BEFORE_CREATE=allow`: sign-ups pass.
    pub allow_sign_up: bool,
}

/// Decides by the event alone.
///
/// A code or a link that nobody delivers is refused: subscribing a webhook to it switches Neon's own
/// e-mail off, so a 2xx would make it vanish.
pub fn route(event: &Event, routing: &Routing) -> Route {
    match &event.kind {
        NeonEvent::SendOtp(otp) => match (otp.preference, event.user) {
            (DeliveryPreference::Sms, _) => Route::Sms,
            (DeliveryPreference::Absent, User { has_phone: true, has_email: false }) => Route::Sms,
            (DeliveryPreference::Absent | DeliveryPreference::Other, _) => {
                Route::Refuse(RefuseReason::NoDeliveryChannel)
            }
        },
        NeonEvent::SendMagicLink => Route::Refuse(RefuseReason::NoDeliveryChannel),
        NeonEvent::BeforeCreate if routing.allow_sign_up => Route::AllowSignUp,
        NeonEvent::BeforeCreate => Route::DenySignUp,
        NeonEvent::UserCreated | NeonEvent::PhoneVerified | NeonEvent::Invitation | NeonEvent::Unknown => {
            Route::Acknowledge
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Destination, EventId, OtpCode, OtpType, SendOtp};

    fn event(kind: NeonEvent, has_email: bool, has_phone: bool) -> Event {
        Event {
            id: EventId::new("id").unwrap(),
            name: "name".into(),
            endpoint: None,
            project_name: None,
            user: User { has_email, has_phone },
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
        let no_channel = Route::Refuse(RefuseReason::NoDeliveryChannel);
        let table = [
            (otp(Sms), (false, true), Route::Sms),
            (otp(Sms), (true, true), Route::Sms),
            (otp(Sms), (true, false), Route::Sms),
            (otp(Other), (false, true), no_channel),
            (otp(Other), (true, false), no_channel),
            (otp(Absent), (false, true), Route::Sms),
            (otp(Absent), (true, true), no_channel),
            (otp(Absent), (true, false), no_channel),
            (otp(Absent), (false, false), no_channel),
            (NeonEvent::SendMagicLink, (true, false), no_channel),
            (NeonEvent::BeforeCreate, (true, false), Route::DenySignUp),
            (NeonEvent::UserCreated, (true, false), Route::Acknowledge),
            (NeonEvent::PhoneVerified, (false, true), Route::Acknowledge),
            (NeonEvent::Invitation, (true, false), Route::Acknowledge),
            (NeonEvent::Unknown, (false, false), Route::Acknowledge),
        ];
        for (kind, (has_email, has_phone), expected) in table {
            let event = event(kind, has_email, has_phone);
            assert_eq!(route(&event, &Routing::default()), expected, "{event:?}");
        }
    }

    #[test]
    fn sign_ups_pass_only_if_the_operator_says_so() {
        let event = event(NeonEvent::BeforeCreate, true, false);
        assert_eq!(route(&event, &Routing { allow_sign_up: true }), Route::AllowSignUp);
    }
}
