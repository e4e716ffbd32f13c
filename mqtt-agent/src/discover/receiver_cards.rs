//! [`ReceiverCards`]: the limits of a receiver by its card: the largest message (`SUB-14`), and whether an agent
//! accepts more than tasks (`A2A-12`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};

use super::error::DiscoverError;
use super::fetch::subscribe;
use super::latest::Latest;
use crate::link::Link;

/// What is smaller is sent without a look at the receiver's card.
pub(crate) const SMALL: usize = 64 * 1024;

/// How long a card may take to come once its subscription is granted. A broker sends what is retained right then.
const LOOK: Duration = Duration::from_millis(200);

/// How long what was read is used again. A receiver that was restarted may say something else.
const FRESH: Duration = Duration::from_secs(10);

/// The most that are remembered.
const MOST: usize = 1024;

/// What a card says, of whichever kind it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReceiverCard {
    pub(crate) max_message_bytes: Option<u64>,
    /// Whether an agent takes messages that are about a task and are none.
    pub(crate) takes_intents: bool,
    /// Whether an agent tells where tasks are (`A2A-16`).
    pub(crate) takes_queries: bool,
}

type Known = (Instant, Arc<OnceCell<Option<ReceiverCard>>>);

/// What the cards of one connection's receivers say, by the cards' topics.
#[derive(Debug, Default)]
pub(crate) struct ReceiverCards(Mutex<HashMap<String, Known>>);

impl ReceiverCards {
    /// What the card on a topic says; `None` where there is none that can be read.
    pub(crate) async fn of(&self, link: &Link, card: String) -> Option<ReceiverCard> {
        // Those who ask at the same time wait for one look.
        let known = self.known(&card);
        known.get_or_try_init(|| look(link, card)).await.ok().copied().flatten()
    }

    /// Looks again the next time.
    pub(crate) fn forget(&self, card: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(card);
    }

    fn known(&self, card: &str) -> Arc<OnceCell<Option<ReceiverCard>>> {
        let now = Instant::now();
        let mut cards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |(since, _): &Known| now.duration_since(*since) < FRESH;
        if let Some(known) = cards.get(card).filter(|known| is_fresh(known)) {
            return Arc::clone(&known.1);
        }
        if cards.len() >= MOST {
            cards.retain(|_, known| is_fresh(known));
        }
        let known = Arc::default();
        // One more is looked up each time.
        if cards.len() < MOST || cards.contains_key(card) {
            cards.insert(card.to_owned(), (now, Arc::clone(&known)));
        }
        known
    }
}

/// What the card says. A subscription that isn't granted says nothing, and is tried again the next time.
async fn look(link: &Link, card: String) -> Result<Option<ReceiverCard>, DiscoverError> {
    let latest = Latest::new();
    let _subscription = subscribe(link, card, &latest).await?;
    // Where none comes there is none.
    let _ = timeout(LOOK, latest.arrived()).await;
    let payload = latest.all().pop_first().map(|(_, payload)| payload);
    let card = payload.and_then(|payload| serde_json::from_slice::<Map<String, Value>>(&payload).ok());
    Ok(card.map(|card| {
        let features = card.get("features").and_then(Value::as_array);
        let has =
            |name: &str| features.is_some_and(|features| features.iter().any(|feature| feature == name));
        ReceiverCard {
            max_message_bytes: card.get("max_message_bytes").and_then(Value::as_u64),
            takes_intents: has("intents"),
            takes_queries: has("query"),
        }
    }))
}
