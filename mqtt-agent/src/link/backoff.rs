//! How long to wait before the next try to connect.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);

/// The wait after so many tries in a row: doubles from 0.1 s to `most`, and half of it is left to chance, so that many
/// clients of a restarted broker do not come back at once.
pub(super) fn delay(tries: u32, most: Duration) -> Duration {
    let doubled = FIRST.saturating_mul(1_u32.checked_shl(tries.min(16)).unwrap_or(u32::MAX));
    doubled.min(most).mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_and_stays_within_bounds() {
        let most = Duration::from_secs(30);
        assert!(delay(0, most) <= FIRST);
        for tries in 0..200 {
            let delay = delay(tries, most);
            assert!(delay >= FIRST / 2 && delay <= most);
        }
        assert!(delay(20, most) >= most / 2);
    }
}
