//! Faults that tests switch on, to check that the schedules of [`machine`](super::machine) find them. Outside tests
//! they cannot be switched on.

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), allow(dead_code))]
pub(super) enum Bug {
    /// A task is acknowledged before it is stored.
    EarlyAcknowledgement,
    /// A handler runs though the store doesn't know of the attempt.
    BeginsUnstored,
    /// An attempt isn't counted.
    UncountedAttempt,
    /// A task that must not begin again begins again.
    BeginsTwice,
    /// A store that failed at the end is believed to have worked.
    EndBelieved,
    /// A result is sent before it is stored.
    SentUnstored,
    /// A result counts as sent before it was.
    EarlySettled,
    /// A result that nobody received counts as sent.
    ForgottenResult,
    /// The store is believed to have a change because it has an earlier one.
    ChangeBelieved,
    /// A cancel that was stored is forgotten by the next process.
    ForgottenCancel,
    /// An answer that comes twice answers twice.
    AnswersTwice,
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
