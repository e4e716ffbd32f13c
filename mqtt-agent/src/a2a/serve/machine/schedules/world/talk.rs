//! The messages of a running task: its questions, their answers, and its cancel.

use std::sync::Arc;

use super::super::super::super::dialogue::{Heard, Replay, put_answer, put_question};
use super::super::super::super::ledger::Standing;
use super::super::super::{Event, Step};
use super::{Id, World};
use crate::store::TaskRecord;
use crate::wire::{Part, Role, TaskMessage};
use tokio::sync::oneshot;

/// A message about a task that is at the broker, and was not acknowledged.
#[derive(Debug)]
pub(super) struct Mail {
    pub(super) id: Id,
    pub(super) what: What,
    /// The change that it made in this process.
    pub(super) change: Option<u64>,
    /// It was delivered before, which the broker says with the next delivery.
    delivered: bool,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    Cancel,
    Answer(usize, TaskMessage),
}

/// How many questions a task asks.
fn questions(id: Id) -> usize {
    id % 3
}

fn question(number: usize) -> Vec<Part> {
    vec![Part::text(format!("question {number}"))]
}

impl World {
    /// Its owner does not want some task any more.
    pub(super) fn cancel(&mut self) {
        let ids: Vec<_> = self.live.keys().copied().collect();
        if let Some(&id) = ids.get(self.random.below(ids.len())) {
            self.mails.push(Mail { id, what: What::Cancel, change: None, delivered: false });
        }
    }

    /// The broker delivers a message about some task.
    pub(super) fn deliver_mail(&mut self) {
        let open: Vec<_> = (0..self.mails.len()).filter(|&at| self.mails[at].change.is_none()).collect();
        let Some(&at) = open.get(self.random.below(open.len())) else { return };
        let (id, what) = (self.mails[at].id, self.mails[at].what.clone());
        let redelivered = std::mem::replace(&mut self.mails[at].delivered, true);
        let Some(live) = self.live.get_mut(&id) else {
            // It is left to the next start, or about none that runs.
            if !self.stopping {
                self.mails.remove(at);
                let open = self.store.get(&id).is_some_and(|kept| !kept.task.status.is_terminal());
                if open && !self.seen[&id].rejected {
                    self.broke(format!("{what:?} about task {id} was dropped, and it has not ended"));
                }
            }
            return;
        };
        let ended = live.ledger.task.status.is_terminal();
        let change = match what {
            What::Cancel => {
                live.canceled = true;
                if !ended && !live.ledger.canceled {
                    Arc::make_mut(live.ledger.change()).canceled = true;
                    self.keep(id);
                }
                Some(self.live[&id].ledger.changes())
            }
            What::Answer(..) if ended || live.canceled => None,
            What::Answer(_, message) => {
                match live.dialogue.hear(&live.ledger.task.messages, &message, redelivered) {
                    Heard::Again => Some(live.ledger.changes()),
                    Heard::Unasked => None,
                    heard => {
                        let goes_on = matches!(heard, Heard::Awaited(_));
                        put_answer(&mut Arc::make_mut(live.ledger.change()).task, message.clone(), goes_on);
                        let change = live.ledger.changes();
                        self.keep(id);
                        if let Heard::Awaited(waiting) = heard {
                            drop(waiting.send(message));
                        }
                        Some(change)
                    }
                }
            }
        };
        match change {
            Some(change) => self.mails[at].change = Some(change),
            None => drop(self.mails.remove(at)),
        }
    }

    /// Acknowledges some message whose change the store has, or tries the store again.
    pub(super) fn settle_mail(&mut self) {
        let waiting: Vec<_> = (0..self.mails.len()).filter(|&at| self.mails[at].change.is_some()).collect();
        let Some(&at) = waiting.get(self.random.below(waiting.len())) else { return };
        let (id, what, change) = (self.mails[at].id, self.mails[at].what.clone(), self.mails[at].change);
        let Some(live) = self.live.get(&id) else { return };
        let refused = matches!(live.step, Step::Withdraw);
        if change.and_then(|change| live.standing.evidence(change)).is_some() {
            self.mails.remove(at);
            let kept = &self.store[&id];
            let has = match &what {
                What::Cancel => kept.canceled,
                What::Answer(_, message) => kept.task.messages.contains(message),
            };
            if !has && !kept.task.status.is_terminal() {
                return self.broke(format!("{what:?} about task {id} was acknowledged, and is not stored"));
            }
            self.seen.get_mut(&id).unwrap().canceled |= matches!(what, What::Cancel);
        } else if refused {
            self.mails.remove(at);
        } else if !live.ledger.task.status.is_terminal() {
            self.keep(id);
            if !self.healthy && self.random.one_in(8) {
                // Documented: its message is acknowledged after 10 s all the same.
                self.mails.remove(at);
            }
        }
    }

    /// Puts the record into the store as it is, unless it is being inserted.
    fn keep(&mut self, id: Id) {
        if matches!(self.live[&id].standing, Standing::Unknown) {
            return;
        }
        let fails = self.fails();
        if !fails || self.random.one_in(3) {
            let record = TaskRecord::clone(&self.live[&id].ledger);
            self.write(id, record);
        }
        if !fails {
            self.live.get_mut(&id).unwrap().note_kept();
        }
    }

    /// Whether the handler has a question left, which it asks or waits for.
    pub(super) fn asks(&mut self, id: Id) -> bool {
        let live = self.live.get_mut(&id).unwrap();
        if live.canceled {
            return false;
        }
        let number = live.answered;
        if let Some(asking) = &mut live.asking {
            if let Ok(answer) = asking.try_recv() {
                live.asking = None;
                self.answered(id, number, &answer);
            } else if !live.ledger.task.messages.iter().any(|message| message.role == Role::Agent) {
                self.broke(format!("task {id} waits for an answer to what is not asked"));
            } else {
                self.tell_question(id, number);
            }
            return true;
        }
        if number >= questions(id) {
            return false;
        }
        match live.dialogue.replay(&live.ledger.task.messages, &question(number)) {
            Replay::Answered(answer) => self.answered(id, number, &answer),
            asked => self.ask(id, number, asked == Replay::New),
        }
        true
    }

    fn ask(&mut self, id: Id, number: usize, new: bool) {
        let fails = self.fails();
        let written = !fails || self.random.one_in(3);
        let live = self.live.get_mut(&id).unwrap();
        let mut with = TaskRecord::clone(&live.ledger);
        put_question(&mut with.task, question(number), new);
        if !fails {
            let (sender, answer) = oneshot::channel();
            live.dialogue.waiting = Some(sender);
            live.asking = Some(answer);
            *live.ledger.change() = Arc::new(with.clone());
            live.note_kept();
        }
        if written {
            self.write(id, with);
        }
        if fails {
            // The handler gets the error, and ends with it or asks once more.
            if self.random.one_in(2) {
                let error = crate::wire::TaskError::new("task_error", "not asked");
                self.on(id, Event::Ended(Err(Box::new(error))));
            }
        } else {
            self.tell_question(id, number);
        }
    }

    /// The owner hears a question, and answers it unless an answer is on its way: one that was acknowledged was lost.
    fn tell_question(&mut self, id: Id, number: usize) {
        let on_its_way = self.mails.iter().any(|mail| {
            mail.id == id && matches!(&mail.what, What::Answer(answered, _) if *answered == number)
        });
        if !self.owner_is_there || on_its_way {
            return;
        }
        self.numbers += 1;
        let mut answer = TaskMessage::new(Role::User, vec![Part::text(format!("answer {number}"))]);
        answer.timestamp = format!("{}", self.numbers);
        self.mails.push(Mail { id, what: What::Answer(number, answer), change: None, delivered: false });
    }

    fn answered(&mut self, id: Id, number: usize, answer: &TaskMessage) {
        self.live.get_mut(&id).unwrap().answered += 1;
        if answer.content != [Part::text(format!("answer {number}"))] {
            self.broke(format!("question {number} of task {id} was given {:?}", answer.content));
        }
    }
}
