//! The properties of received packets: which properties a packet may have, how often, and their meaning.

use std::time::Duration;

use bytes::Bytes;

use super::reader::Reader;
use super::{ConnAck, Identifiers, MOST_PROPERTIES, Malformed, property, reasons};
use crate::link::message::{Properties, QoS};

/// Prefix of the user properties that the embedded broker adds about the sender. They are the broker's, so they
/// would turn up beside a peer's own ones and differ from broker to broker.
const BROKERS_OWN: &str = "x-mqtt-";

const MISPLACED: Malformed = Malformed::protocol("a property doesn't belong to its packet");

/// Goes through the properties of a packet, and refuses a second value of one that may have only one.
struct Walk<'a> {
    reader: Reader<'a>,
    /// A bit for each identifier that occurred.
    seen: u64,
    /// How many there were of those that may occur more than once.
    many: usize,
}

impl<'a> Walk<'a> {
    #[inline]
    fn new(reader: Reader<'a>) -> Self {
        Self { reader, seen: 0, many: 0 }
    }

    /// The next property's identifier; the caller then reads its value.
    #[inline]
    fn next(&mut self) -> Result<Option<u8>, Malformed> {
        if self.reader.is_empty() {
            return Ok(None);
        }
        let id = self.reader.u8()?;
        if matches!(id, property::USER | property::SUBSCRIPTION_IDENTIFIER) {
            self.many += 1;
            return Ok(Some(id));
        }
        let bit = 1u64.checked_shl(id.into()).ok_or(MISPLACED)?;
        if self.seen & bit != 0 {
            return Err(Malformed::protocol("a property occurs twice"));
        }
        self.seen |= bit;
        Ok(Some(id))
    }

    #[inline]
    fn string(&mut self) -> Result<Option<String>, Malformed> {
        Ok(Some(self.reader.text()?.to_owned()))
    }

    /// A string that a peer chose. One that is no valid text is that peer's fault, and not the broker's.
    fn peers_string(&mut self, is_valid: &mut bool) -> Result<Option<&'a str>, Malformed> {
        let text = std::str::from_utf8(self.reader.data()?).ok().filter(|text| !text.contains('\0'));
        *is_valid &= text.is_some();
        Ok(text)
    }

    /// Reads over a user property that nobody here wants.
    fn skip_user(&mut self) -> Result<(), Malformed> {
        self.reader.text()?;
        self.reader.text()?;
        Ok(())
    }
}

/// The properties of a PUBLISH, `frame` being the packet whose slices they become, and whether their strings are valid.
///
/// What a peer wrote never ends the connection: the broker would deliver it again for ever. More than 1,000 user properties
/// are left out, and a message with an invalid string is told apart.
#[inline]
pub(super) fn publish(
    reader: Reader<'_>,
    frame: &Bytes,
) -> Result<(Properties, Identifiers, bool), Malformed> {
    let mut properties = Properties::default();
    let mut identifiers = Identifiers::default();
    let mut is_valid = true;
    let mut walk = Walk::new(reader);
    while let Some(id) = walk.next()? {
        match id {
            property::PAYLOAD_FORMAT => properties.utf8_payload = walk.reader.u8()? == 1,
            property::MESSAGE_EXPIRY => {
                properties.expiry = Some(Duration::from_secs(walk.reader.u32()?.into()));
            }
            property::CONTENT_TYPE => {
                properties.content_type = walk.peers_string(&mut is_valid)?.map(str::to_owned);
            }
            property::RESPONSE_TOPIC => {
                properties.response_topic = walk.peers_string(&mut is_valid)?.map(str::to_owned);
            }
            property::CORRELATION_DATA => {
                properties.correlation_data = Some(frame.slice_ref(walk.reader.data()?));
            }
            property::SUBSCRIPTION_IDENTIFIER => match u32::try_from(walk.reader.varint()?) {
                Ok(identifier) if identifier != 0 && walk.many <= MOST_PROPERTIES => {
                    identifiers.push(identifier)
                }
                Ok(identifier) if identifier != 0 => {}
                _ => return Err(Malformed::protocol("a subscription identifier is 0")),
            },
            property::USER => {
                let (key, value) = (walk.peers_string(&mut is_valid)?, walk.peers_string(&mut is_valid)?);
                if let (Some(key), Some(value)) = (key, value)
                    && !key.starts_with(BROKERS_OWN)
                    && properties.user.len() < MOST_PROPERTIES
                {
                    properties.user.push((key.to_owned(), value.to_owned()));
                }
            }
            property::TOPIC_ALIAS => {
                let what = "a message has a topic alias, which this client doesn't allow";
                return Err(Malformed::new(reasons::TOPIC_ALIAS_INVALID, what));
            }
            _ => return Err(MISPLACED),
        }
    }
    Ok((properties, identifiers, is_valid))
}

/// The properties of a CONNACK.
pub(super) fn connack(reader: Reader<'_>, connack: &mut ConnAck) -> Result<(), Malformed> {
    let mut walk = Walk::new(reader);
    while let Some(id) = walk.next()? {
        match id {
            property::SESSION_EXPIRY => connack.session_expiry = Some(walk.reader.u32()?),
            property::RECEIVE_MAXIMUM => {
                connack.receive_maximum = walk.reader.u16()?;
                if connack.receive_maximum == 0 {
                    return Err(Malformed::protocol("the receive maximum is 0"));
                }
            }
            property::MAXIMUM_QOS => {
                connack.maximum_qos = if walk.reader.bool()? { QoS::AtLeastOnce } else { QoS::AtMostOnce };
            }
            property::RETAIN_AVAILABLE => connack.retain_available = walk.reader.bool()?,
            property::MAXIMUM_PACKET_SIZE => {
                let size = walk.reader.u32()?;
                if size == 0 {
                    return Err(Malformed::protocol("the maximum packet size is 0"));
                }
                connack.maximum_packet_size = Some(size);
            }
            property::ASSIGNED_CLIENT_ID => connack.assigned_client_id = walk.string()?,
            property::TOPIC_ALIAS_MAXIMUM => connack.topic_alias_maximum = walk.reader.u16()?,
            property::REASON_STRING => connack.reason_string = walk.string()?,
            property::WILDCARD_AVAILABLE => connack.wildcard_available = walk.reader.bool()?,
            property::IDENTIFIERS_AVAILABLE => connack.identifiers_available = walk.reader.bool()?,
            property::SHARED_AVAILABLE => connack.shared_available = walk.reader.bool()?,
            property::SERVER_KEEP_ALIVE => connack.server_keep_alive = Some(walk.reader.u16()?),
            property::SERVER_REFERENCE => connack.server_reference = walk.string()?,
            property::RESPONSE_INFORMATION | property::AUTHENTICATION_METHOD => {
                walk.reader.text()?;
            }
            property::AUTHENTICATION_DATA => {
                walk.reader.data()?;
            }
            property::USER => walk.skip_user()?,
            _ => return Err(MISPLACED),
        }
    }
    Ok(())
}

/// The reason string of an acknowledgement.
pub(super) fn reason_string(reader: Reader<'_>) -> Result<Option<String>, Malformed> {
    match explanation(reader)? {
        (reason_string, None) => Ok(reason_string),
        (_, Some(_)) => Err(MISPLACED),
    }
}

/// Reason string and server reference, which only a DISCONNECT has both of.
pub(super) fn explanation(reader: Reader<'_>) -> Result<(Option<String>, Option<String>), Malformed> {
    let (mut reason_string, mut server_reference) = (None, None);
    let mut walk = Walk::new(reader);
    while let Some(id) = walk.next()? {
        match id {
            property::REASON_STRING => reason_string = walk.string()?,
            property::SERVER_REFERENCE => server_reference = walk.string()?,
            property::USER => walk.skip_user()?,
            _ => return Err(MISPLACED),
        }
    }
    Ok((reason_string, server_reference))
}
