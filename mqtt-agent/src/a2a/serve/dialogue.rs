//! The state of a task's questions and answers (`A2A-12`). Pure bookkeeping; asking is in `ask`.
//!
//! Both are messages in the task's record. A later attempt that asks the same questions as an earlier one passes them
//! in order, and gets the stored answers.

use tokio::sync::oneshot;

use super::seeded::{Bug, seeded};
use crate::wire::{Part, Role, Task, TaskMessage, TaskState, now_rfc3339};

/// How far one attempt's questions have come.
#[derive(Debug, Default)]
pub(super) struct Dialogue {
    /// How many of the task's messages this attempt has come past.
    pub(super) past: usize,
    /// Who waits for an answer; closed when it does not any more.
    pub(super) waiting: Option<oneshot::Sender<TaskMessage>>,
}

/// What an earlier attempt left of a question.
#[derive(Debug, PartialEq)]
pub(super) enum Replay {
    New,
    /// It was asked, and not answered yet.
    Asked,
    Answered(TaskMessage),
}

/// What a message to a task is.
#[derive(Debug)]
pub(super) enum Heard {
    /// It came before.
    Again,
    /// Nothing was asked.
    Unasked,
    /// The answer to a question that an earlier attempt asked, and this one has not asked yet.
    Early,
    /// The answer that is waited for.
    Awaited(oneshot::Sender<TaskMessage>),
}

impl Dialogue {
    /// Takes a message: the waiter is given out once. `redelivered`: the broker says that it sent it before.
    pub(super) fn hear(
        &mut self,
        messages: &[TaskMessage],
        message: &TaskMessage,
        redelivered: bool,
    ) -> Heard {
        // Without a time an answer cannot be told from a second one of the same words; the broker's word has to do then.
        let again = |known: &TaskMessage| message.is_again(known) || (redelivered && message == known);
        if messages.iter().any(again) && !seeded(Bug::AnswersTwice) {
            return Heard::Again;
        }
        let early = self.is_ahead(messages);
        match self.waiting.take_if(|waiting| !waiting.is_closed()) {
            Some(waiting) => {
                self.past = messages.len().saturating_add(1);
                Heard::Awaited(waiting)
            }
            None if early => Heard::Early,
            None => Heard::Unasked,
        }
    }

    /// Looks for a question among those that this attempt has not come past; an answer is used once.
    pub(super) fn replay(&mut self, messages: &[TaskMessage], question: &[Part]) -> Replay {
        for (index, message) in messages.iter().enumerate().skip(self.past) {
            if message.role != Role::Agent || message.content != question {
                continue;
            }
            match messages.get(index.saturating_add(1)) {
                None => return Replay::Asked,
                Some(answer) if answer.role == Role::User => {
                    self.past = index.saturating_add(2);
                    return Replay::Answered(answer.clone());
                }
                // It was taken back, and another one asked.
                Some(_) => {}
            }
        }
        Replay::New
    }

    /// Whether a question of an earlier attempt waits for its answer, which this one has not come to yet.
    pub(super) fn is_ahead(&self, messages: &[TaskMessage]) -> bool {
        self.waiting.is_none()
            && messages.len() > self.past
            && messages.last().is_some_and(|last| last.role == Role::Agent)
    }
}

/// A task asks. `new`: unless an earlier attempt has asked this, and nobody has answered.
pub(super) fn put_question(task: &mut Task, question: Vec<Part>, new: bool) {
    if new {
        task.messages.push(TaskMessage::new(Role::Agent, question));
    }
    task.status = TaskState::InputRequired;
    task.updated_at = now_rfc3339();
}

/// A task is answered; it goes on if its handler has asked already.
pub(super) fn put_answer(task: &mut Task, answer: TaskMessage, goes_on: bool) {
    task.messages.push(answer);
    if goes_on {
        task.status = TaskState::Working;
    }
    task.updated_at = now_rfc3339();
}

/// Nobody waits for the answer any more.
pub(super) fn remove_question(task: &mut Task) {
    task.messages.pop_if(|last| last.role == Role::Agent);
    task.status = TaskState::Working;
    task.updated_at = now_rfc3339();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn said(role: Role, text: &str) -> TaskMessage {
        TaskMessage::new(role, vec![Part::text(text)])
    }

    fn messages() -> Vec<TaskMessage> {
        let user = |text| said(Role::User, text);
        let agent = |text| said(Role::Agent, text);
        vec![user("do it"), agent("Sure?"), user("maybe"), agent("Sure?"), user("yes"), agent("When?")]
    }

    #[test]
    fn each_answer_is_given_once_and_in_order() {
        let (messages, mut dialogue) = (messages(), Dialogue::default());
        let sure = [Part::text("Sure?")];
        assert_eq!(dialogue.replay(&messages, &sure), Replay::Answered(messages[2].clone()));
        assert_eq!(dialogue.replay(&messages, &sure), Replay::Answered(messages[4].clone()));
        assert_eq!(dialogue.replay(&messages, &sure), Replay::New);
        assert_eq!(dialogue.replay(&messages, &[Part::text("When?")]), Replay::Asked);
    }

    #[test]
    fn an_answer_is_ahead_as_long_as_the_last_question_has_none() {
        let (mut messages, dialogue) = (messages(), Dialogue::default());
        assert!(dialogue.is_ahead(&messages));
        messages.push(said(Role::User, "now"));
        assert!(!dialogue.is_ahead(&messages));
        assert!(!dialogue.is_ahead(&messages[..1]));
    }

    #[test]
    fn a_question_that_was_taken_back_has_no_answer() {
        let messages =
            [said(Role::Agent, "Sure?"), said(Role::Agent, "Really sure?"), said(Role::User, "yes")];
        let mut dialogue = Dialogue::default();
        assert_eq!(dialogue.replay(&messages, &[Part::text("Sure?")]), Replay::New);
        assert!(matches!(dialogue.replay(&messages, &[Part::text("Really sure?")]), Replay::Answered(_)));
    }

    #[test]
    fn a_message_that_comes_twice_is_known_by_its_time() {
        let yes = said(Role::User, "yes");
        assert!(yes.is_again(&yes.clone()));
        let timeless = TaskMessage { timestamp: String::new(), ..yes.clone() };
        assert!(!timeless.is_again(&timeless.clone()), "nothing tells it from a second one");
        assert!(!said(Role::User, "no").is_again(&yes));
    }

    #[test]
    fn an_answer_without_a_time_that_the_broker_delivers_again_answers_one_question() {
        let (mut dialogue, (sender, mut answer)) = (Dialogue::default(), oneshot::channel());
        dialogue.waiting = Some(sender);
        let timeless = TaskMessage { timestamp: String::new(), ..said(Role::User, "yes") };
        let messages = [said(Role::Agent, "Sure?"), timeless.clone(), said(Role::Agent, "Really?")];
        assert!(matches!(dialogue.hear(&messages, &timeless, true), Heard::Again));
        assert!(answer.try_recv().is_err());
        let other = TaskMessage { timestamp: String::new(), ..said(Role::User, "no") };
        // It was sent before, and did not arrive.
        assert!(matches!(dialogue.hear(&messages, &other, true), Heard::Awaited(_)));
    }

    #[test]
    fn the_same_answer_without_a_time_answers_the_next_question() {
        let (mut dialogue, (sender, _answer)) = (Dialogue::default(), oneshot::channel());
        dialogue.waiting = Some(sender);
        let timeless = TaskMessage { timestamp: String::new(), ..said(Role::User, "yes") };
        let messages = [said(Role::Agent, "Sure?"), timeless.clone(), said(Role::Agent, "Really?")];
        assert!(matches!(dialogue.hear(&messages, &timeless, false), Heard::Awaited(_)));
    }
}
