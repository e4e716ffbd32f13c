//! A broker that is lost in the middle of a look at its cards.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::fake_broker::{Action, Event, FakeBroker, Hook, Knobs, Packet, Properties, disconnect};
use crate::raw::RawPeer;

// Longer than a look takes by itself, shorter than one may take.
const LOST: Duration = Duration::from_millis(1500);

/// Has retained messages, and grants so many subscriptions of the next client to cards and statuses. It sends nothing
/// behind the last of these, but goes away for a while.
pub async fn lost_behind_the_grant(retained: &[(String, String)], granted: usize) -> FakeBroker {
    let broker = FakeBroker::start(Knobs::default()).await;
    RawPeer::connect(&broker.url(), "publisher").await.retain_all(retained.iter().cloned()).await;
    let (asked, lost) = (AtomicUsize::new(0), AtomicBool::new(false));
    let back: Arc<Mutex<Option<tokio::time::Instant>>> = Arc::default();
    let decide = move |event: &Event| match &event.packet {
        Packet::Subscribe(subscribe)
            if subscribe
                .filters
                .iter()
                .any(|(filter, _)| filter.ends_with("/card") || filter.ends_with("/status")) =>
        {
            if asked.fetch_add(1, Ordering::SeqCst) + 1 != granted || lost.swap(true, Ordering::SeqCst) {
                return None;
            }
            *back.lock().unwrap() = Some(tokio::time::Instant::now() + LOST);
            let [high, low] = subscribe.id.to_be_bytes();
            let mut suback = vec![0x90, 3 + u8::try_from(subscribe.filters.len()).unwrap(), high, low, 0];
            suback.extend(subscribe.filters.iter().map(|_| 1));
            // In one write, so that nothing can come in between.
            suback.extend(disconnect(0x8b, &Properties::new()));
            Some(Action::Send(suback))
        }
        Packet::Connect(_) => {
            let back = *back.lock().unwrap();
            back.is_some_and(|back| tokio::time::Instant::now() < back).then_some(Action::Close)
        }
        _ => None,
    };
    broker.set(|knobs| knobs.hook = Hook::new(decide));
    broker
}
