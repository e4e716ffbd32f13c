//! What to do when a broker refuses a login. It names the user, and never a password.

use super::credentials::Credentials;
use crate::shown::shown;

/// Where the user name and the password come from.
pub(super) enum Source<'s> {
    /// From the options, or from the variables of the environment that stand for them.
    Given,
    /// They are in the broker's URL, wherever that comes from.
    Url,
    /// The password is in a file, which is called so.
    File(&'s str),
}

/// What was given, and what to do. `from_env`: the environment's variables decide what is given.
pub(super) fn advice(given: Option<&Credentials>, source: &Source<'_>, from_env: bool) -> String {
    let with = match from_env {
        true => "in `MQTT_AGENT_USERNAME` and `MQTT_AGENT_PASSWORD`",
        false => "with `ConnectOptions::credentials`",
    };
    let Some(given) = given else { return format!("no user name was given: give one {with}") };
    if given.password().is_empty() {
        return match source {
            Source::File(named) => format!("{named} is empty: write the password into it"),
            // The name may be a token then.
            Source::Given | Source::Url => {
                format!("a user name without a password was given: give both {with}")
            }
        };
    }
    let place = match source {
        Source::Given if from_env => " (`MQTT_AGENT_USERNAME`, `MQTT_AGENT_PASSWORD`)".to_owned(),
        Source::Given => String::new(),
        Source::Url => " in the URL".to_owned(),
        Source::File(named) => format!(" in {named}"),
    };
    format!("check the user name `{}` and its password{place}", shown(given.username()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_told_without_a_password_or_a_token() {
        let (ada, token) = (Credentials::new("ada", "s3cret"), Credentials::new("t0ken", ""));
        for (given, source, from_env, told) in [
            (
                None,
                Source::Given,
                false,
                "no user name was given: give one with `ConnectOptions::credentials`",
            ),
            (
                None,
                Source::Given,
                true,
                "no user name was given: give one in `MQTT_AGENT_USERNAME` and `MQTT_AGENT_PASSWORD`",
            ),
            (Some(&ada), Source::Given, false, "check the user name `ada` and its password"),
            (
                Some(&ada),
                Source::Given,
                true,
                "check the user name `ada` and its password (`MQTT_AGENT_USERNAME`, `MQTT_AGENT_PASSWORD`)",
            ),
            (Some(&ada), Source::Url, false, "check the user name `ada` and its password in the URL"),
            (Some(&ada), Source::Url, true, "check the user name `ada` and its password in the URL"),
            (
                Some(&ada),
                Source::File("`/run/password`"),
                false,
                "check the user name `ada` and its password in `/run/password`",
            ),
            (
                Some(&token),
                Source::Given,
                false,
                "a user name without a password was given: give both with `ConnectOptions::credentials`",
            ),
            (
                Some(&token),
                Source::Url,
                true,
                "a user name without a password was given: give both in `MQTT_AGENT_USERNAME` and `MQTT_AGENT_PASSWORD`",
            ),
            (
                Some(&token),
                Source::File("`/run/password`"),
                true,
                "`/run/password` is empty: write the password into it",
            ),
        ] {
            assert_eq!(advice(given, &source, from_env), told);
        }
    }
}
