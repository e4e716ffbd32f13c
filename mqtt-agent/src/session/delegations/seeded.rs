//! Faults that tests switch on, to check that the schedules of [`schedules`](super::schedules) find them. Outside tests
//! they cannot be switched on.

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), allow(dead_code))]
pub(super) enum Bug {
    /// A result is acknowledged when it comes, not when it is stored.
    EarlyAcknowledgement,
    /// A store that failed is believed to have worked.
    IgnoredStoreError,
    /// A copy is sent beside the one that the connection has.
    SecondCopy,
    /// Each `online` of an agent counts as a loss.
    RepeatedOnline,
    /// A task counts as settled before its result was taken.
    EarlySettled,
    /// The broker's new session is not noticed.
    SessionBelieved,
    /// A result of any sender ends a task.
    AnySender,
    /// What is sent again goes out all at once.
    Unpaced,
    /// The end is told again with each delivery of the result.
    ToldTwice,
    /// A task that nobody waited to be sent stays in the store as given.
    NotWithdrawn,
    /// A task that is still being inserted is taken for one that was sent.
    BelievedUnsent,
    /// An answer is forgotten once the connection has it.
    AnswerForgotten,
}

#[cfg(test)]
thread_local! {
    static SEEDED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Runs something with a fault.
#[cfg(test)]
pub(super) fn with<T>(bug: Option<Bug>, run: impl FnOnce() -> T) -> T {
    SEEDED.set(bug);
    let outcome = run();
    SEEDED.set(None);
    outcome
}

#[cfg(test)]
pub(super) fn seeded(bug: Bug) -> bool {
    SEEDED.get() == Some(bug)
}

#[cfg(not(test))]
pub(super) const fn seeded(_: Bug) -> bool {
    false
}
