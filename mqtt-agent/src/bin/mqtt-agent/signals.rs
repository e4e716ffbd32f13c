//! Ctrl-C, and the signal by which a supervisor ends a process.

use crate::exit::Exit;

/// Waits until the process is asked to end.
pub(crate) async fn asked_to_end() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = terminate.recv() => return,
            _ = tokio::signal::ctrl_c() => return,
        }
    }
    // Where signals cannot be listened for, the system ends the process itself.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Ends the process at the second signal, whatever it waits for: stdout may be blocked by its reader.
pub(crate) fn end_at_the_second() {
    tokio::spawn(async {
        asked_to_end().await;
        asked_to_end().await;
        std::process::exit(Exit::Interrupted as i32);
    });
}
