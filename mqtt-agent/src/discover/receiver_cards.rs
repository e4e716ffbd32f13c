//! [`ReceiverCards`]: the limits of a receiver by its card: the largest message (`SUB-14`), and whether an agent
//! accepts more than tasks (`A2A-12`).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::{Instant, timeout, timeout_at};

use super::error::DiscoverError;
use super::fetch::subscribe;
use super::latest::Latest;
use super::unbroken::Unbroken;
use crate::link::{Link, SubscribeError};
use crate::once::Once;

/// What is smaller is sent without a look at the receiver's card.
pub(crate) const SMALL: usize = 64 * 1024;

/// How long a card may take to come once its subscription is granted. A broker sends what is retained right then.
const LOOK: Duration = Duration::from_millis(200);

/// How often it is asked whether there are more agents to look for.
const AGAIN: Duration = Duration::from_millis(100);

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

/// Since when, and what. The error does not matter: it is looked up again.
type Known = (Instant, Arc<Once<Option<ReceiverCard>, ()>>);

/// What the cards of one connection's receivers say, by the cards' topics.
#[derive(Debug, Default)]
pub(crate) struct ReceiverCards(Mutex<HashMap<String, Known>>);

impl ReceiverCards {
    /// What the card on a topic says; `None` where there is none that can be read.
    pub(crate) async fn of(&self, link: &Link, card: String) -> Option<ReceiverCard> {
        // Those who ask at the same time wait for one look.
        let known = self.known(&card);
        let look = || {
            let link = link.clone();
            async move { look(&link, card).await.map_err(drop) }
        };
        known.get_or_try_init(look).await.ok().flatten()
    }

    /// What the first of some agents takes that has a card. Cards may arrive late, so the subscriptions are held until a card
    /// is there, for `within` at most. `agents` may name more of them meanwhile. `None`: no card came, or `is_enough` said that
    /// none is needed any more. A connection that was lost meanwhile is an error where no card came.
    pub(crate) async fn of_some(
        &self,
        link: &Link,
        agents: impl Fn() -> Vec<(Arc<str>, String)>,
        is_enough: impl Fn() -> bool,
        within: Duration,
    ) -> Result<Option<ReceiverCard>, DiscoverError> {
        let give_up = Instant::now() + within;
        let unbroken = Unbroken::since_now(link);
        let (latest, mut subscribed) = (Latest::new(), HashMap::new());
        loop {
            for (agent, topic) in agents() {
                if let Some(card) = self.fresh(&topic) {
                    return Ok(Some(card));
                }
                if let Some(card) = latest.get(&agent).and_then(|payload| read(&payload)) {
                    self.learn(topic, card);
                    return Ok(Some(card));
                }
                if let Entry::Vacant(entry) = subscribed.entry(agent) {
                    entry.insert(match subscribe(link, topic, &latest).await {
                        // It counts as an agent without a card.
                        Err(DiscoverError::Subscribe(SubscribeError::Denied { .. })) => None,
                        subscription => Some(subscription?),
                    });
                }
            }
            let now = Instant::now();
            if is_enough() {
                return Ok(None);
            }
            if now >= give_up {
                return unbroken.or_unknown(link).map(|()| None);
            }
            let _ = timeout_at(give_up.min(now + AGAIN), latest.arrived()).await;
        }
    }

    /// What was read a moment ago.
    fn fresh(&self, card: &str) -> Option<ReceiverCard> {
        let cards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, known) = cards.get(card)?;
        known.get().copied().flatten().filter(|_| since.elapsed() < FRESH)
    }

    fn learn(&self, card: String, says: ReceiverCard) {
        let mut cards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cards.len() < MOST || cards.contains_key(&card) {
            cards.insert(card, (Instant::now(), Arc::new(Once::from(Some(says)))));
        }
    }

    fn known(&self, card: &str) -> Arc<Once<Option<ReceiverCard>, ()>> {
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

/// What the card says. A subscription that isn't granted says nothing, nor does a connection that was lost: it is tried
/// again the next time.
async fn look(link: &Link, card: String) -> Result<Option<ReceiverCard>, DiscoverError> {
    let (latest, unbroken) = (Latest::new(), Unbroken::since_now(link));
    let _subscription = subscribe(link, card, &latest).await?;
    // Where none comes there is none.
    if timeout(LOOK, latest.arrived()).await.is_err() {
        unbroken.or_unknown(link)?;
    }
    Ok(latest.all().pop_first().and_then(|(_, payload)| read(&payload)))
}

/// What a card says; `None` where it cannot be read.
fn read(payload: &[u8]) -> Option<ReceiverCard> {
    let card: Map<String, Value> = serde_json::from_slice(payload).ok()?;
    let features = card.get("features").and_then(Value::as_array);
    let has = |name: &str| features.is_some_and(|features| features.iter().any(|feature| feature == name));
    Some(ReceiverCard {
        max_message_bytes: card.get("max_message_bytes").and_then(Value::as_u64),
        takes_intents: has("intents"),
        takes_queries: has("query"),
    })
}
