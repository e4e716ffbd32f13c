//! [`Agents`]: which agents are online, and which tasks are sent to them again, a limited number at a time (`A2A-14`).

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::near::near;
use crate::wire::Identifier;

/// So many tasks go out once more without a sign of life.
pub(super) const AT_ONCE: usize = if cfg!(test) { 4 } else { 64 };

/// Without any sign for so long the next ones go out all the same: not every agent tells of a task before its end.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is for an agent that is not known to be online waits so long for it, and goes out then: the broker may keep it for
/// the agent, and not every agent has a status.
const HOLD: Duration = Duration::from_secs(2);

/// The most agents of which it is remembered that they are online.
const MOST: usize = 100_000;

/// How long after a look at an agent's card the next one comes, at first and at most: a look may have found nothing
/// because the connection was lost.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
const LOOK_AGAIN_MOST: Duration = Duration::from_secs(600);

/// With so many ids one that none has is compared.
const COMPARED: usize = 256;

/// What is known of agents, and what waits for them.
#[derive(Debug, Default)]
pub(super) struct Agents {
    online: HashSet<Arc<str>>,
    /// Those that number their updates: they take further messages about a task.
    understanding: HashSet<Arc<str>>,
    /// Those whose cards were looked at for that.
    looked_at: HashMap<Arc<str>, Look>,
    /// Whether it was logged that more are online than are remembered.
    is_full: bool,
    queues: HashMap<Arc<str>, Queue>,
}

/// A look at an agent's card.
#[derive(Debug, Clone, Copy)]
struct Look {
    at: Instant,
    /// How long after it the next one may come.
    wait: Duration,
}

/// What waits for one inbox.
#[derive(Debug)]
struct Queue {
    due: VecDeque<Again>,
    /// What went out and was not heard of since.
    out: HashSet<Identifier>,
    since: Instant,
}

/// A task that is to be sent again, or asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Again {
    Send(Identifier),
    Ask(Identifier),
}

impl Again {
    pub(super) fn id(&self) -> &Identifier {
        let (Self::Send(id) | Self::Ask(id)) = self;
        id
    }
}

impl Agents {
    pub(super) fn is_online(&self, agent: &str) -> bool {
        self.online.contains(agent)
    }

    /// Whether one is online that fits.
    pub(super) fn is_any_online(&self, fits: impl Fn(&str) -> bool) -> bool {
        self.online.iter().any(|agent| fits(agent))
    }

    /// Some of those that are online and fit.
    pub(super) fn some_online(&self, fits: impl Fn(&str) -> bool, most: usize) -> Vec<Arc<str>> {
        self.online.iter().filter(|agent| fits(agent)).take(most).cloned().collect()
    }

    /// Whether it is online, or one of its replicas.
    pub(super) fn is_there(&self, agent: &str) -> bool {
        is_there(&self.online, agent)
    }

    /// One that is online and may be meant by an id that none has, for its id is similar; not our `own`.
    pub(super) fn near(&self, agent: &str, own: &str) -> Option<Arc<str>> {
        let others = self.online.iter().map(|online| &**online).filter(|online| *online != own);
        let near = near(agent, others.take(COMPARED))?;
        self.online.get(near).cloned()
    }

    /// Whether it was not online, as far as is known.
    pub(super) fn came_online(&mut self, agent: &Arc<str>) -> bool {
        if self.online.len() >= MOST && !self.online.contains(agent) {
            if !std::mem::replace(&mut self.is_full, true) {
                crate::log::warn!(
                    "more than {MOST} agents are online; to the others tasks are not sent again when they come back"
                );
            }
            return false;
        }
        self.online.insert(Arc::clone(agent))
    }

    pub(super) fn went_offline(&mut self, agent: &str) {
        self.online.remove(agent);
        self.understanding.remove(agent);
        self.looked_at.remove(agent);
    }

    /// The broker has forgotten what it said of them.
    pub(super) fn forget_all(&mut self) {
        self.online.clear();
    }

    pub(super) fn understands(&mut self, agent: &str) {
        if !self.understanding.contains(agent) && self.understanding.len() < MOST {
            self.understanding.insert(agent.into());
        }
    }

    /// Whether an agent's card is to be looked at now: while it is online, again and again until it is known to
    /// understand.
    pub(super) fn is_to_learn(&mut self, agent: &str, now: Instant) -> bool {
        if !self.is_online(agent) || self.understanding.contains(agent) {
            return false;
        }
        match self.looked_at.get_mut(agent) {
            Some(look) if now.saturating_duration_since(look.at) < look.wait => false,
            Some(look) => {
                *look = Look { at: now, wait: look.wait.saturating_mul(2).min(LOOK_AGAIN_MOST) };
                true
            }
            None => {
                let has_room = self.looked_at.len() < MOST;
                if has_room {
                    self.looked_at.insert(agent.into(), Look { at: now, wait: LOOK_AGAIN });
                }
                has_room
            }
        }
    }

    pub(super) fn is_understanding(&self, agent: &str) -> bool {
        self.understanding.contains(agent)
    }

    /// Puts a task at the end of a queue.
    pub(super) fn push(&mut self, agent: &str, again: Again, now: Instant) {
        match self.queues.get_mut(agent) {
            Some(queue) => queue.due.push_back(again),
            None => {
                let queue = Queue { due: VecDeque::from([again]), out: HashSet::new(), since: now };
                self.queues.insert(agent.into(), queue);
            }
        }
    }

    /// What goes out next for an agent, if its window has room. Those that are not wanted any more are taken off by
    /// the requester: [`Agents::sent`] says that one went out.
    pub(super) fn next(&mut self, agent: &str) -> Option<Again> {
        let queue = self.queues.get_mut(agent)?;
        if queue.out.len() >= AT_ONCE {
            return None;
        }
        let next = queue.due.pop_front();
        if next.is_none() && queue.out.is_empty() {
            self.queues.remove(agent);
        }
        next
    }

    /// It went out; the name of the queue.
    pub(super) fn sent(&mut self, agent: &str, id: Identifier, now: Instant) -> Option<Arc<str>> {
        let name = self.queues.get_key_value(agent).map(|(name, _)| Arc::clone(name))?;
        let queue = self.queues.get_mut(agent)?;
        queue.out.insert(id);
        queue.since = now;
        Some(name)
    }

    /// Something was heard of a task, or it has ended.
    pub(super) fn heard(&mut self, agent: &str, id: &Identifier, now: Instant) {
        if let Some(queue) = self.queues.get_mut(agent) {
            queue.out.remove(id);
            queue.since = now;
            if queue.out.is_empty() && queue.due.is_empty() {
                self.queues.remove(agent);
            }
        }
    }

    /// The agents whose windows are open: those that were silent for too long are opened.
    pub(super) fn open(&mut self, now: Instant) -> Vec<Arc<str>> {
        let Self { online, queues, .. } = self;
        let mut open = Vec::new();
        for (agent, queue) in queues {
            if now.saturating_duration_since(queue.since) < HOLD && !is_there(online, agent) {
                continue;
            }
            if queue.out.len() >= AT_ONCE && now.saturating_duration_since(queue.since) >= PATIENCE {
                queue.out.clear();
                queue.since = now;
            }
            if queue.out.len() < AT_ONCE {
                open.push(Arc::clone(agent));
            }
        }
        open
    }
}

fn is_there(online: &HashSet<Arc<str>>, agent: &str) -> bool {
    let is_replica = |id: &str| id.strip_prefix(agent).is_some_and(|rest| rest.starts_with('-'));
    online.contains(agent) || online.iter().any(|id| is_replica(id))
}
