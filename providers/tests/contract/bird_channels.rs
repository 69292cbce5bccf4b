//! Bird's Channels API.

use crate::upstream::{Answer, Upstream};
use crate::vendor::{Vendor, to_britain};
use sms_providers::messagebird::{BirdChannels, ChannelsConfig};
use sms_providers::{FailureKind, ProviderName, SmsProvider};
use url::Url;

macro_rules! fixture {
    ($status:literal, $name:literal) => {
        Answer::new($status, include_str!(concat!("../../../fixtures/messagebird/", $name, ".json")))
    };
}

const CHANNELS: Vendor = Vendor {
    name: ProviderName::MessageBird,
    snapshot: "bird_channels",
    schema: include_str!("../../../fixtures/messagebird/channels_request.schema.json"),
    provider,
    steady: str::to_owned,
    senders: ("/channels/channel-gb/messages", "/channels/channel-1/messages"),
    accepted: fixture!(202, "channels_accepted"),
    accepted_id: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
    bill: (None, None),
    bad_number: fixture!(202, "channels_unknown_subscriber"),
    // Among the failures that "customers" cause, and to Bird we are one of them.
    opted_out: None,
    bad_credentials: fixture!(401, "channels_bad_credentials"),
    no_balance: fixture!(402, "channels_no_balance"),
    throttled: fixture!(429, "channels_throttled"),
    internal_error: fixture!(500, "channels_internal_error"),
    unavailable: Answer::new(503, ""),
    unknown_code: (fixture!(202, "channels_unknown_code"), FailureKind::Unavailable),
};

contract!(CHANNELS);

#[tokio::test]
async fn a_failure_on_somebodys_side_leaves_the_next_provider_a_chance() {
    let error = CHANNELS.send(Upstream::Reply(fixture!(202, "channels_customer"))).await.unwrap_err();
    assert_eq!((error.kind, error.hint.is_some()), (FailureKind::Misconfigured, true));
}

fn provider(base_url: Url, http: reqwest::Client) -> Box<dyn SmsProvider> {
    let config = ChannelsConfig {
        access_key: "access-secret".into(),
        workspace_id: "workspace-1".into(),
        channel_id: "channel-1".into(),
        channels: to_britain("channel-gb".into()),
        signing_key: None,
        base_url,
    };
    Box::new(BirdChannels::new(config, http))
}
