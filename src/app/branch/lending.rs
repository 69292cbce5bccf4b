//! The branch's webhook, lent to a tunnel and given back: nothing that somebody else has set is overwritten.

use super::kept::{Keep, KeepError, Kept};
use super::targets::is_of_a_tunnel;
use super::writing::{WriteError, write};
use crate::neon::api::{ApiError, Document, NeonApi, Webhook};
use std::time::Duration;
use url::Url;

/// What `dev --tunnel` has to see: the codes, and which of them were used.
const NEEDED: [&str; 2] = ["send.otp", "phone_number.verified"];
/// How often it is tried to restore what a passing trouble of Neon's is in the way of.
const TRIES: usize = 4;
const PAUSE: Duration = Duration::from_secs(1);

/// Why the branch could not be lent or given back.
#[derive(Debug, thiserror::Error)]
pub enum LendingError {
    /// What is to be restored cannot be kept.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// The branch's configuration cannot be read.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What came of giving the webhook back.
#[derive(Debug, PartialEq, Eq)]
pub enum GivenBack {
    /// Nothing was lent.
    Nothing,
    /// The branch is as it was before.
    Restored(Webhook),
    /// It was as before already.
    Already(Webhook),
    /// The webhook was pointed elsewhere meanwhile, and stays as it is.
    ChangedMeanwhile {
        /// What holds.
        now: Webhook,
        /// What was there before.
        before: Webhook,
    },
}

/// What the webhook will be restored to, once what it is now is no longer wanted.
///
/// The address of a tunnel that has ended is nobody's: such a branch has no webhook.
pub fn to_restore(now: &Webhook) -> Webhook {
    match now.url() {
        Some(url) if is_of_a_tunnel(&url) => Webhook { more: now.more.clone(), ..Webhook::default() },
        _ => now.clone(),
    }
}

/// The webhook that a tunnel at `url` is lent: whatever was subscribed, and what the relay needs.
pub fn lent(now: &Webhook, url: &Url) -> Webhook {
    let mut lent = now.clone();
    if !now.enabled {
        // What stands there from earlier days is not what anybody is sent.
        lent.enabled_events = None;
    }
    (lent.enabled, lent.webhook_url) = (true, Some(url.to_string()));
    lent.with_events(&NEEDED)
}

/// Points the branch, which was read as `now`, to `url`, after what it was is kept.
///
/// # Errors
/// If that fails; then the branch is as it was, as far as Neon can be reached.
pub async fn lend(api: &NeonApi, keep: &Keep, now: &Webhook, url: &Url) -> Result<Webhook, LendingError> {
    let (before, after) = (to_restore(now), lent(now, url));
    keep.write(&Kept { before, after: after.clone() })?;
    let written = write(api, now, &after).await;
    match &written {
        Ok(()) => {}
        Err(WriteError::Unread(_) | WriteError::ChangedMeanwhile | WriteError::Refused(_)) => {
            keep.forget()?
        }
        Err(WriteError::Doubtful(_) | WriteError::DoesNotHold(_)) => {
            // Whatever of it was written is taken back; what is kept stays if that fails.
            let _ = give_back(api, keep).await;
        }
    }
    Ok(written.map(|()| after)?)
}

/// Restores what was lent, unless somebody has changed it since.
///
/// # Errors
/// If it is not known to be restored. What is kept stays, to be tried again.
pub async fn give_back(api: &NeonApi, keep: &Keep) -> Result<GivenBack, LendingError> {
    let Some(kept) = keep.read()? else { return Ok(GivenBack::Nothing) };
    let mut tries = 1;
    loop {
        match once(api, keep, &kept).await {
            Err(
                LendingError::Api(error)
                | LendingError::Write(WriteError::Unread(error) | WriteError::Refused(error)),
            ) if error.is_passing() && tries < TRIES => {}
            // Looked at again, it is known what is left to do.
            Err(LendingError::Write(WriteError::ChangedMeanwhile | WriteError::Doubtful(_)))
                if tries < TRIES => {}
            result => return result,
        }
        tries += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn once(api: &NeonApi, keep: &Keep, Kept { before, after }: &Kept) -> Result<GivenBack, LendingError> {
    let now = api.webhook().await?;
    let given_back = if now.differs_from(before).is_empty() {
        GivenBack::Already(now)
    } else if now.differs_from(after).contains(&"webhook_url") {
        GivenBack::ChangedMeanwhile { now, before: before.clone() }
    } else {
        let back = now.taking_back(before, after);
        write(api, &now, &back).await?;
        GivenBack::Restored(back)
    };
    keep.forget()?;
    Ok(given_back)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(enabled: bool, url: &str, events: &[&str]) -> Webhook {
        let events = events.iter().map(|event| (*event).to_owned()).collect();
        Webhook {
            enabled,
            webhook_url: Some(url.to_owned()),
            enabled_events: Some(events),
            ..Webhook::default()
        }
    }

    #[test]
    fn the_address_of_a_tunnel_is_never_what_is_restored() {
        let production = webhook(true, "https://sms.example.com/webhooks/neon-auth", &["send.otp"]);
        assert_eq!(to_restore(&production), production);
        let left_over = webhook(true, "https://x.trycloudflare.com/webhooks/neon-auth", &["send.otp"]);
        assert_eq!(to_restore(&left_over), Webhook::default());
        assert_eq!(to_restore(&Webhook::default()), Webhook::default());
    }

    #[test]
    fn what_was_subscribed_stays_so_and_what_is_needed_comes_to_it() {
        let url = Url::parse("https://x.trycloudflare.com/webhooks/neon-auth").unwrap();
        for (now, expected) in [
            (
                webhook(true, "https://a.example", &["user.created", "send.otp"]),
                &["user.created", "send.otp", "phone_number.verified"][..],
            ),
            (
                webhook(false, "https://a.example", &["user.before_create"]),
                &["send.otp", "phone_number.verified"],
            ),
            (Webhook::default(), &["send.otp", "phone_number.verified"]),
        ] {
            let lent = lent(&now, &url);
            assert_eq!(lent.subscribed(), expected);
            assert_eq!(lent.url(), Some(url.clone()));
        }
    }
}
