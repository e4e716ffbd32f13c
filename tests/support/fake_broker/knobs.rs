//! How a [`FakeBroker`](super::FakeBroker) behaves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::bytes::Properties;
use super::seen::Event;

/// What it announces, what it does, and what it does wrong. The default is a whole MQTT 5 broker that does nothing wrong.
#[derive(Debug, Clone)]
pub struct Knobs {
    /// Retained messages.
    pub retain: bool,
    /// Filters with `+` and `#`.
    pub wildcards: bool,
    /// Subscription identifiers.
    pub identifiers: bool,
    /// Shared subscriptions.
    pub shared: bool,
    /// The Maximum QoS: 0 to 2.
    pub max_qos: u8,
    /// Whether CONNACK says what there is not.
    pub announced: bool,
    /// What happens to a client that uses what there is not.
    pub missing: Missing,
    /// The Receive Maximum; a client that is over it is always sent away with 0x93.
    pub receive_maximum: Option<u16>,
    /// The Maximum Packet Size; a client that is over it is always sent away with 0x95.
    pub max_packet_size: Option<u32>,
    /// The Topic Alias Maximum.
    pub topic_alias_maximum: Option<u16>,
    /// The Server Keep Alive, in seconds.
    pub server_keep_alive: Option<u16>,
    /// The Session Expiry Interval, in seconds.
    pub session_expiry: Option<u32>,
    /// The Assigned Client Identifier.
    pub assigned_id: Option<&'static str>,
    /// Further properties of CONNACK, such as a reason string.
    pub connack_properties: Properties,
    /// Refuses CONNECT with this reason and these properties.
    pub refuse: Option<(u8, Properties)>,
    /// Answers CONNECT as a broker that knows nothing later than MQTT 3.1.1.
    pub only_3_1_1: bool,
    /// Refuses subscriptions whose filter contains the text.
    pub refuse_subscribe: Vec<(&'static str, u8)>,
    /// Refuses messages whose topic contains the text.
    pub refuse_publish: Vec<(&'static str, u8)>,
    /// A reason string in each PUBACK and SUBACK that refuses.
    pub refusal_reason: Option<&'static str>,
    /// The most that subscriptions are granted.
    pub granted_qos: u8,
    /// Sends a message that several subscriptions of a client match once, with all their identifiers.
    pub merge: bool,
    /// Delivers to shared subscriptions. Without it they are granted, and nothing comes.
    pub deliver_shared: bool,
    /// When CONNACK is sent.
    pub connack: Answer,
    /// When PUBACK is sent.
    pub puback: Answer,
    /// When SUBACK and UNSUBACK are sent.
    pub suback: Answer,
    /// Whether PINGREQ is answered.
    pub pong: bool,
    /// Writes one byte at a time, with this pause after it.
    pub byte_by_byte: Option<Duration>,
    /// What becomes of sessions.
    pub sessions: Sessions,
    /// What becomes of retained messages.
    pub retained: Retained,
    /// SUBACK carries another packet id.
    pub wrong_suback_id: bool,
    /// How many CONNACKs answer a CONNECT.
    pub connacks: usize,
    /// Looks at what a client sent first, and may decide.
    pub hook: Hook,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            retain: true,
            wildcards: true,
            identifiers: true,
            shared: true,
            max_qos: 2,
            announced: true,
            missing: Missing::Disconnect,
            receive_maximum: None,
            max_packet_size: None,
            topic_alias_maximum: None,
            server_keep_alive: None,
            session_expiry: None,
            assigned_id: None,
            connack_properties: Properties::new(),
            refuse: None,
            only_3_1_1: false,
            refuse_subscribe: Vec::new(),
            refuse_publish: Vec::new(),
            refusal_reason: None,
            granted_qos: 2,
            merge: false,
            deliver_shared: true,
            connack: Answer::AtOnce,
            puback: Answer::AtOnce,
            suback: Answer::AtOnce,
            pong: true,
            byte_by_byte: None,
            sessions: Sessions::Kept,
            retained: Retained::Kept,
            wrong_suback_id: false,
            connacks: 1,
            hook: Hook::default(),
        }
    }
}

/// What happens to a client that uses what there is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// DISCONNECT with the reason, as MQTT says.
    Disconnect,
    /// SUBACK or PUBACK with the reason.
    Refused,
    /// It works all the same.
    Taken,
}

/// When something is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// At once.
    AtOnce,
    /// Later.
    After(Duration),
    /// One after the other, each so long after the one before.
    Each(Duration),
    /// Not at all.
    Never,
}

/// What becomes of a session when its client comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    /// It goes on.
    Kept,
    /// It is new each time.
    Lost,
    /// It goes on without its shared subscriptions, as in Mosquitto 2.0 after a restart.
    WithoutShared,
}

/// What becomes of retained messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retained {
    /// Kept, and sent to subscribers.
    Kept,
    /// Taken, and thrown away.
    Dropped,
    /// Kept, but not sent for a filter with wildcards.
    NotForWildcards,
    /// Kept, and sent without the identifier of the subscription, as mochi-mqtt 2.7 does.
    Unidentified,
}

/// What a [`Hook`] decides.
#[derive(Debug, Clone)]
pub enum Action {
    /// Nothing is answered.
    Ignore,
    /// These bytes are the answer.
    Send(Vec<u8>),
    /// DISCONNECT, and the end.
    Disconnect(u8, Properties),
    /// The connection is closed without a word.
    Close,
}

type Decide = dyn Fn(&Event) -> Option<Action> + Send + Sync;

/// Decides over what a client sent before the broker does; `None` leaves it to the broker.
#[derive(Clone, Default)]
pub struct Hook(Option<Arc<Decide>>);

impl Hook {
    /// From a function.
    pub fn new(decide: impl Fn(&Event) -> Option<Action> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(decide)))
    }

    pub(super) fn decide(&self, event: &Event) -> Option<Action> {
        self.0.as_ref().and_then(|decide| decide(event))
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hook").field(&self.0.is_some()).finish()
    }
}
