#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::{ConnectOptions, Reader};
use crate::error::Error;
use crate::link::CredentialSource;

fn from(variables: &[(&str, &str)]) -> Result<ConnectOptions, Vec<String>> {
    let get = |name: &str| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| OsString::from(value))
    };
    ConnectOptions::from_variables(get).map_err(|error| match error {
        Error::Invalid(problems) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    })
}

const AT: (&str, &str) = ("MQTT_AGENT_URL", "mqtt://me:right@localhost");

/// What options print that are made by hand and stand for those of an environment.
fn as_from_env(options: ConnectOptions) -> String {
    format!("{:?}", ConnectOptions { asks_env: true, ..options })
}

#[test]
fn credentials_that_the_program_gives_are_not_those_of_the_environment() {
    let asks_env = |options: ConnectOptions| options.link("id".to_owned(), Duration::ZERO).asks_env;
    assert!(asks_env(from(&[AT]).unwrap()));
    assert!(!asks_env(from(&[AT]).unwrap().credentials("me", "s3cret")));
    assert!(!asks_env(ConnectOptions::new(AT.1)));
}

#[test]
fn a_url_is_enough_and_the_rest_has_its_defaults() {
    let options = from(&[AT]).unwrap();
    assert_eq!(format!("{options:?}"), as_from_env(ConnectOptions::new(AT.1)));
}

#[test]
fn each_variable_is_an_option() {
    let options = from(&[
        AT,
        ("MQTT_AGENT_USERNAME", "me"),
        ("MQTT_AGENT_PASSWORD", "s3cret"),
        ("MQTT_AGENT_ID", "scout"),
        ("MQTT_AGENT_INSTANCE", "1"),
        ("MQTT_AGENT_NAMESPACE", "plant"),
        ("MQTT_AGENT_CONNECT_TIMEOUT", "2.5"),
        ("MQTT_AGENT_RETRY_FIRST_CONNECTION", "true"),
        ("MQTT_AGENT_SESSION_EXPIRY", "60"),
        ("MQTT_AGENT_WILL_DELAY", "3"),
        ("MQTT_AGENT_KEEP_ALIVE", "20"),
        ("MQTT_AGENT_MAX_PACKET_SIZE", "2048"),
        ("MQTT_AGENT_CALL_TIMEOUT", "7"),
    ])
    .unwrap();
    let expected = ConnectOptions::new(AT.1)
        .credentials("me", "s3cret")
        .id("scout")
        .instance("1")
        .namespace("plant")
        .connect_timeout(Duration::from_millis(2500))
        .retry_first_connection()
        .session_expiry(Duration::from_secs(60))
        .will_delay(Duration::from_secs(3))
        .keep_alive(Duration::from_secs(20))
        .max_packet_size(2048)
        .call_timeout(Duration::from_secs(7));
    assert_eq!(format!("{options:?}"), as_from_env(expected));
}

#[test]
fn an_empty_variable_is_not_set() {
    let options = from(&[AT, ("MQTT_AGENT_ID", ""), ("MQTT_AGENT_KEEP_ALIVE", "")]).unwrap();
    assert_eq!(format!("{options:?}"), as_from_env(ConnectOptions::new(AT.1)));
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_no_value_is_repeated() {
    let problems = from(&[
        ("MQTT_AGENT_PASSWORD", "s3cret"),
        ("MQTT_AGENT_CA_FILE", "/nowhere/ca.pem"),
        ("MQTT_AGENT_KEY_FILE", "/nowhere/key.pem"),
        ("MQTT_AGENT_CONNECT_TIMEOUT", "s3cret"),
        ("MQTT_AGENT_WILL_DELAY", "-1"),
        ("MQTT_AGENT_RETRY_FIRST_CONNECTION", "yes"),
        ("MQTT_AGENT_MAX_PACKET_SIZE", "1 MiB"),
    ])
    .unwrap_err();
    assert_eq!(
        problems,
        [
            "`MQTT_AGENT_URL` is not set; give the broker's address, as `mqtt://localhost:1883`",
            "`MQTT_AGENT_PASSWORD` is set and `MQTT_AGENT_USERNAME` is not; give the user name too",
            "`MQTT_AGENT_CA_FILE` names `/nowhere/ca.pem`, which can't be read: No such file or directory (os error 2); give \
             a file that is there",
            "`MQTT_AGENT_KEY_FILE` is set and `MQTT_AGENT_CERTIFICATE_FILE` is not; give the certificate too",
            "`MQTT_AGENT_CONNECT_TIMEOUT` is no number of seconds; write it as `10` or `0.5`",
            "`MQTT_AGENT_RETRY_FIRST_CONNECTION` is neither `true` nor `false`; write one of them",
            "`MQTT_AGENT_WILL_DELAY` is no number of seconds; write it as `10` or `0.5`",
            "`MQTT_AGENT_MAX_PACKET_SIZE` is no number of bytes; write it as `1048576`",
        ]
    );
}

#[test]
fn a_password_in_two_places_is_refused() {
    let problems = from(&[
        AT,
        ("MQTT_AGENT_USERNAME", "me"),
        ("MQTT_AGENT_PASSWORD", "s3cret"),
        ("MQTT_AGENT_PASSWORD_FILE", "/run/secrets/broker"),
    ]);
    assert_eq!(
        problems.unwrap_err(),
        ["`MQTT_AGENT_PASSWORD_FILE` and `MQTT_AGENT_PASSWORD` are both set; leave one of them out"]
    );
}

#[cfg(unix)]
#[test]
fn what_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStringExt;

    let not_utf8 = |name: &str| (name == "MQTT_AGENT_URL").then(|| OsString::from_vec(vec![0xff]));
    let error = ConnectOptions::from_variables(not_utf8).unwrap_err();
    assert_eq!(error.to_string(), "cannot start: `MQTT_AGENT_URL` is no UTF-8 text; write it in UTF-8");
}

#[tokio::test]
async fn a_password_file_is_read_again_for_each_connection() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let options = from(&[AT, ("MQTT_AGENT_USERNAME", "me"), ("MQTT_AGENT_PASSWORD_FILE", path)]).unwrap();
    let Some(source @ CredentialSource::File(_)) = &options.credentials else { panic!("{options:?}") };
    let turns = Arc::new(Semaphore::new(1));
    for (text, password) in [("first\n", "first"), ("second\r\n", "second"), ("with\nlines\n", "with\nlines")]
    {
        std::fs::write(path, text).unwrap();
        assert_eq!(source.ask(&turns).await.unwrap(), crate::link::Credentials::new("me", password));
    }
    file.close().unwrap();
    let error = source.ask(&turns).await.unwrap_err();
    assert!(error.starts_with("`MQTT_AGENT_PASSWORD_FILE` (`"), "{error}");
}

/// A pipe that nobody writes to, as a file on a disk that hangs.
#[cfg(unix)]
#[test]
fn a_file_that_is_not_read_in_time_is_told_and_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for name in ["MQTT_AGENT_PASSWORD_FILE", "MQTT_AGENT_CA_FILE"] {
        let variable = |asked: &'static str| match asked {
            "MQTT_AGENT_URL" => Some("mqtt://localhost".into()),
            "MQTT_AGENT_USERNAME" => Some("me".into()),
            asked => (asked == name).then(|| pipe.clone().into_os_string()),
        };
        let patience = Duration::from_millis(100);
        let began = std::time::Instant::now();
        let error = ConnectOptions::read_by(Reader { variable, problems: Vec::new(), patience }).unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        let told =
            format!("`{name}` names `{}`, which can't be read: reading it took too long", pipe.display());
        assert!(error.to_string().contains(&told), "{error}");
    }
}
