//! Serving tools: [`Server`] subscribes to their calls, publishes their cards, answers, and stops cleanly.
//!
//! The steps of a call: [`service`] reads it, recognises a redelivery by [`dedup`] and waits for its turn
//! ([`Admission`]); [`crate::handler::run`] runs the handler; [`answer`] sends the response.

mod answer;
mod asked;
mod cards;
mod change;
mod chunks;
mod dedup;
mod look;
mod served_tool;
mod service;
mod shared;
mod stats;
mod stop;
mod tally;

use crate::serve::{Admission, Announcer, Limits, Retained, own_places};
pub(crate) use cards::{Cards, SDK, tool_card};
use cards::{SharedCards, read};
pub(crate) use served_tool::ServedTool;
pub(crate) use stats::{StatsServer, Tallies};

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::error::{Error, Result};
use crate::handler::context::States;
use crate::handler::layer::Layers;
use crate::link::{Filter, Link, Message, MessageHandler, RetainHandling, SubscribeError, Subscription};
use crate::schema::Arguments;
use crate::session::SessionHandle;
use crate::spawn;
use change::Gone;
use chunks::Transfers;
use dedup::Dedup;
use look::Room;
use service::Service;
use shared::Shared;
use tally::Tally;

/// Tasks that send an answer again which nobody received.
const RETRIERS: usize = 64;

/// How tools are served.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServeOptions {
    /// Whether calls are shared with other processes.
    pub(crate) replicas: bool,
    /// How long the broker may take to answer at the start.
    pub(crate) within: Duration,
}

/// One tool, checked and ready to be served.
#[derive(Debug)]
pub(crate) struct ReadyTool {
    pub(crate) tool: ServedTool,
    pub(crate) arguments: Arc<Arguments>,
    pub(crate) layers: Layers,
}

/// One tool that is served.
#[derive(Debug)]
struct Serving {
    calls: Subscription,
    /// `None` where the broker denies it.
    cancels: Option<Subscription>,
    layers: Layers,
    tally: Arc<Tally>,
    /// Its calls that are in hand.
    running: TaskTracker,
}

/// The tools of one agent, served over its connection.
#[derive(Debug)]
pub(crate) struct ToolServer {
    shared: Arc<Shared>,
    cards: SharedCards,
    /// Tools that are served no more and whose cards may not say so.
    gone: Gone,
    tallies: Tallies,
    how: ServeOptions,
    serving: Mutex<BTreeMap<&'static str, Serving>>,
    // Publishes the cards again after each reconnect.
    announcer: AbortOnDropHandle<()>,
    // A server that is dropped without a stop leaves no handler behind.
    abandon: DropGuard,
}

impl ToolServer {
    /// Subscribes the calls of all tools, then publishes their cards: a tool is online when it can be called.
    pub(crate) async fn start(
        handle: SessionHandle,
        states: Arc<States>,
        limits: Limits,
        tools: Vec<ReadyTool>,
        cards: Cards,
        how: ServeOptions,
    ) -> Result<Self> {
        let session = handle.session();
        let shared = Arc::new(Shared {
            link: session.link().clone(),
            namespace: session.namespace().clone(),
            handle: handle.clone(),
            states,
            tasks: TaskTracker::new(),
            abandon: CancellationToken::new(),
            stopping: CancellationToken::new(),
            admission: Admission::new(limits.call_capacity()),
            room: Room::of(session.link(), session.namespace(), tools.iter().map(|ready| ready.tool.name)),
            retriers: Semaphore::new(RETRIERS),
            transfers: Transfers::new(),
            limits,
        });

        let tallies = Tallies::default();
        let serving: BTreeMap<_, _> = subscribe_all(&shared, tools, how).await?.into_iter().collect();
        serving.iter().for_each(|(name, serving)| tallies.add(name, Arc::clone(&serving.tally)));
        let serving = Mutex::new(serving);

        let cards = Arc::new(RwLock::new(cards));
        let announcer = Announcer::new(&shared.link);
        let announced_in_time = announce(&shared.link, &cards);
        let announced_in_time =
            shared.link.answered("the PUBLISH of the cards", how.within, announced_in_time).await;
        if let Err(error) = announced_in_time.unwrap_or_else(|late| Err(late.into())) {
            // Whatever was published already must not stay online.
            stop::retire(&shared, &cards, Vec::new()).await;
            return Err(error);
        }
        let gone = Gone::default();
        let (sharing, online, left) = (Arc::clone(&shared), Arc::clone(&cards), gone.clone());
        let announcer = spawn::owned(announcer.again("the cards", move || {
            let (shared, online, left) = (Arc::clone(&sharing), Arc::clone(&online), left.clone());
            async move {
                announce(&shared.link, &online).await?;
                left.retire_again(&shared, &online).await;
                Ok(())
            }
        }));
        let abandon = shared.abandon.clone().drop_guard();
        Ok(Self { shared, cards, gone, tallies, how, serving, announcer, abandon })
    }

    /// What is counted of its tools (`MCP-20`).
    pub(crate) fn tallies(&self) -> Tallies {
        self.tallies.clone()
    }

    /// What is to be at the broker while it serves (`SUB-16`).
    pub(crate) fn retained(&self) -> Vec<Retained> {
        Cards::retained(&self.cards)
    }

    /// Short look-ups only: the lock is never held across an await.
    fn serving(&self) -> MutexGuard<'_, BTreeMap<&'static str, Serving>> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Subscribes the calls and the cancels of tools. Where one of them is not granted, none is served.
async fn subscribe_all(
    shared: &Arc<Shared>,
    tools: Vec<ReadyTool>,
    how: ServeOptions,
) -> Result<Vec<(&'static str, Serving)>> {
    // One connection keeps them in order, so they need not wait for each other.
    let subscribed = tools.into_iter().map(|ready| {
        let ReadyTool { tool, arguments, layers } = ready;
        let dedup = Dedup::new(shared.limits.remembered_calls, shared.limits.remembered_bytes);
        let places = own_places(tool.concurrency);
        let service = Arc::new(Service {
            tool,
            arguments,
            layers,
            places,
            dedup,
            tally: Arc::default(),
            running: TaskTracker::new(),
            shared: Arc::clone(shared),
        });
        async move {
            let (calls, cancels) = subscribe(shared, Arc::clone(&service), how.replicas).await?;
            Ok::<_, Error>((service, calls, cancels))
        }
    });
    let granted = shared.link.answered_each("the SUBSCRIBE of the tools", how.within, subscribed).await?;
    let (mut serving, mut denied) = (Vec::with_capacity(granted.len()), None);
    for subscriptions in granted {
        let (service, calls, cancels) = subscriptions?;
        let cancels = cancels.map_err(|error| denied = Some(error)).ok();
        let (layers, tally) = (service.layers.clone(), Arc::clone(&service.tally));
        let running = service.running.clone();
        serving.push((service.tool.name, Serving { calls, cancels, layers, tally, running }));
    }
    if let Some(error) = denied {
        crate::log::warn!(%error, "failed to subscribe to cancels: calls cannot be cancelled; allow the agent to subscribe to the cancel topics of its tools");
    }
    Ok(serving)
}

async fn subscribe(
    shared: &Shared,
    service: Arc<Service>,
    replicas: bool,
) -> Result<(Subscription, std::result::Result<Subscription, SubscribeError>)> {
    let name = service.tool.name;
    let canceller = Arc::clone(&service);
    // SUB-15: what is retained is no work.
    let work = |filter| Filter::new(filter).with_retain_handling(RetainHandling::DoNotSend);
    let cancels = work(shared.namespace.cancel(name));
    let calls = work(match replicas {
        true => shared.namespace.shared_tool_call(name),
        false => shared.namespace.tool_call(name),
    });
    let cancel = MessageHandler::in_memory(move |inbound| canceller.cancel(&inbound));
    let call = MessageHandler::acknowledging_soon(move |inbound, ack| service.receive(inbound, ack));
    // The cancels first, in one go with the calls: a call that is taken can be cancelled.
    let (cancels, calls) = tokio::join!(biased; shared.link.subscribe_one(cancels, cancel), shared.link.subscribe_one(calls, call));
    let cancels = match cancels {
        // It is no right that a server needs (MCP-17).
        denied @ Err(SubscribeError::Denied { .. }) => denied,
        other => Ok(other?),
    };
    Ok((calls?, cancels))
}

async fn announce(link: &Link, cards: &SharedCards) -> Result<()> {
    let online = read(cards).online();
    publish_all(link, online).await
}

async fn publish_all(link: &Link, cards: Vec<Message>) -> Result<()> {
    let sent = futures_util::future::join_all(cards.into_iter().map(|card| link.publish(card))).await;
    for outcome in sent {
        outcome?;
    }
    Ok(())
}
