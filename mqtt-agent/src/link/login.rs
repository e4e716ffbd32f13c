//! What to do when a broker refuses a login. It names the user, and never a password.

use super::credentials::Credentials;
use crate::shown::shown;

/// What was given, and what to do. `from_env`: the environment's variables decide what is given.
pub(super) fn advice(given: Option<&Credentials>, from_env: bool) -> String {
    let (with, place) = if from_env {
        (
            "in `MQTT_AGENT_USERNAME` and `MQTT_AGENT_PASSWORD`",
            " (`MQTT_AGENT_USERNAME`, `MQTT_AGENT_PASSWORD`)",
        )
    } else {
        ("with `ConnectOptions::credentials`", "")
    };
    match given {
        None => format!("no user name was given: give one {with}"),
        // The name may be a token then.
        Some(given) if given.password().is_empty() => {
            format!("a user name without a password was given: give both {with}")
        }
        Some(given) => {
            format!("check the user name `{}` and its password{place}", shown(given.username()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_told_without_a_password_or_a_token() {
        let (ada, token) = (Credentials::new("ada", "s3cret"), Credentials::new("t0ken", ""));
        for (given, from_env, told) in [
            (None, false, "no user name was given: give one with `ConnectOptions::credentials`"),
            (
                None,
                true,
                "no user name was given: give one in `MQTT_AGENT_USERNAME` and `MQTT_AGENT_PASSWORD`",
            ),
            (Some(&ada), false, "check the user name `ada` and its password"),
            (
                Some(&ada),
                true,
                "check the user name `ada` and its password (`MQTT_AGENT_USERNAME`, `MQTT_AGENT_PASSWORD`)",
            ),
            (
                Some(&token),
                false,
                "a user name without a password was given: give both with `ConnectOptions::credentials`",
            ),
        ] {
            assert_eq!(advice(given, from_env), told);
        }
    }
}
