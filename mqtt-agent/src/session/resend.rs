//! Sending a task once more: its agent or the broker may have lost it, and agents take a task once (`A2A-14`).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::delegation::{Asked, Sent};
use super::delegations::Delegations;
use crate::link::{ConnectionState, Link, Published};
use crate::wire::Namespace;

impl Delegations {
    /// An agent is online: what it was asked for is sent again where it may never have got it.
    pub(crate) async fn came_online(&self, link: &Link, namespace: &Namespace, agent: &str, retained: bool) {
        let now = Sent::now(link);
        self.again(link, namespace, now, |asked| asked.is_for(agent, retained, now)).await;
    }

    /// What an earlier process has asked for goes on: what it did not send, and what the broker may have lost.
    pub(crate) async fn resume(&self, link: &Link, namespace: &Namespace) {
        // Only then it is known whether the session is the one of the earlier process.
        if link.state().wait_for(ConnectionState::is_connected).await.is_err() {
            return;
        }
        let now = Sent::now(link);
        self.again(link, namespace, now, |asked| !asked.wanted.load(Ordering::Acquire) && asked.is_lost(now))
            .await;
    }

    async fn again(&self, link: &Link, namespace: &Namespace, now: Sent, which: impl Fn(&Asked) -> bool) {
        let again: Vec<_> = self.live().values().filter(|asked| which(asked)).cloned().collect();
        let mut receipts = Vec::with_capacity(again.len());
        for asked in again {
            // Before it is sent: whoever comes online meanwhile is not to get it a second time.
            asked.set_sent(Some(now));
            match link.enqueue(asked.message(namespace)).await {
                Ok(receipt) => receipts.push((asked, receipt)),
                Err(error) => {
                    asked.set_sent(None);
                    tracing::warn!(task = %asked.task.task_id, %error, "a task was not sent again");
                }
            }
        }
        for (asked, receipt) in receipts {
            match receipt.await {
                Ok(Published { no_subscribers: false }) => self.again_sent(link, namespace, &asked).await,
                // It waits for its agent to come online.
                Ok(Published { no_subscribers: true }) => asked.set_sent(None),
                Err(error) => {
                    asked.set_sent(None);
                    tracing::warn!(task = %asked.task.task_id, %error, "a task was not sent again");
                }
            }
        }
    }

    async fn again_sent(&self, link: &Link, namespace: &Namespace, asked: &Arc<Asked>) {
        self.note_sent(asked).await;
        // The broker may have lost this as well.
        if asked.canceled.load(Ordering::Acquire)
            && let Err(error) = link.enqueue(asked.cancel(namespace)).await
        {
            tracing::warn!(task = %asked.task.task_id, %error, "that a task is not wanted was not sent again");
        }
    }
}
