//! The users of an embedded broker. The password table of the broker library is not used: its slow password hash takes
//! a second for each connection in a debug build, and here the passwords are in the program's memory anyway.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;

use mqtt5::broker::auth::{AuthProvider, AuthResult};
use mqtt5::packet::connect::ConnectPacket;
use mqtt5::protocol::v5::reason_codes::ReasonCode;

type Decision<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Passwords by user. Who has one may publish and subscribe everything.
pub(super) struct Users(pub(super) HashMap<String, String>);

impl AuthProvider for Users {
    fn authenticate<'a>(
        &'a self,
        connect: &'a ConnectPacket,
        _: SocketAddr,
    ) -> Decision<'a, mqtt5::Result<AuthResult>> {
        let user = connect.username.as_deref().unwrap_or_default();
        let is_right = match (self.0.get(user), &connect.password) {
            (Some(password), Some(given)) => password.as_bytes() == AsRef::<[u8]>::as_ref(given),
            _ => false,
        };
        let result = if is_right {
            AuthResult::success_with_user(user)
        } else {
            AuthResult::fail(ReasonCode::BadUsernameOrPassword)
        };
        Box::pin(async move { Ok(result) })
    }

    fn authorize_publish<'a>(&'a self, _: &str, _: Option<&'a str>, _: &'a str) -> Decision<'a, bool> {
        Box::pin(async { true })
    }

    fn authorize_subscribe<'a>(&'a self, _: &str, _: Option<&'a str>, _: &'a str) -> Decision<'a, bool> {
        Box::pin(async { true })
    }
}
