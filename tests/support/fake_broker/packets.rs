//! What clients send, read; and what the broker sends, written.

use super::bytes::{Malformed, Properties, Reader, packet, text};

/// A CONNECT.
#[derive(Debug, Clone)]
pub struct Connect {
    /// 5 for MQTT 5.
    pub level: u8,
    /// The client id.
    pub client_id: String,
    /// Clean Start.
    pub clean_start: bool,
    /// In seconds.
    pub keep_alive: u16,
    /// Its properties.
    pub properties: Properties,
    /// The Will, where there is one.
    pub will: Option<Publish>,
    /// The user name.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Vec<u8>>,
}

/// A PUBLISH, or a Will.
#[derive(Debug, Clone, Default)]
pub struct Publish {
    /// The topic.
    pub topic: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// 0 to 2.
    pub qos: u8,
    /// The RETAIN flag.
    pub retain: bool,
    /// The DUP flag.
    pub dup: bool,
    /// The packet id; 0 where there is none.
    pub id: u16,
    /// Its properties.
    pub properties: Properties,
    /// The size of the whole packet; 0 for a Will.
    pub size: usize,
}

/// A SUBSCRIBE.
#[derive(Debug, Clone)]
pub struct Subscribe {
    /// The packet id.
    pub id: u16,
    /// Each filter with its options byte.
    pub filters: Vec<(String, u8)>,
    /// The subscription identifier.
    pub identifier: Option<u32>,
}

/// What a client did.
#[derive(Debug, Clone)]
pub enum Packet {
    /// It opened a TCP connection.
    Opened,
    /// CONNECT.
    Connect(Connect),
    /// PUBLISH.
    Publish(Publish),
    /// PUBACK.
    PubAck {
        /// The packet id.
        id: u16,
        /// The reason code.
        reason: u8,
    },
    /// SUBSCRIBE.
    Subscribe(Subscribe),
    /// UNSUBSCRIBE.
    Unsubscribe {
        /// The packet id.
        id: u16,
        /// The filters.
        filters: Vec<String>,
    },
    /// PINGREQ.
    Ping,
    /// DISCONNECT.
    Disconnect {
        /// The reason code; 0 where none was sent.
        reason: u8,
        /// The whole body, byte by byte.
        body: Vec<u8>,
    },
    /// Another packet.
    Other {
        /// Its first byte.
        first: u8,
        /// Its body.
        body: Vec<u8>,
    },
    /// What is no MQTT 5.
    Malformed {
        /// What is wrong with it.
        why: &'static str,
        /// Its first byte.
        first: u8,
    },
    /// The TCP connection ended.
    Closed,
}

impl Packet {
    pub(super) fn read(first: u8, body: &[u8], size: usize) -> Self {
        match Self::parse(first, body, size) {
            Ok(packet) => packet,
            Err(why) => Self::Malformed { why, first },
        }
    }

    fn parse(first: u8, body: &[u8], size: usize) -> Result<Self, Malformed> {
        let mut reader = Reader(body);
        let flags = first & 0x0f;
        if matches!(first >> 4, 1 | 4 | 12 | 14) && flags != 0 || matches!(first >> 4, 8 | 10) && flags != 2 {
            return Err("its flags are not what the packet's type demands");
        }
        let packet = match first >> 4 {
            1 => Self::Connect(connect(&mut reader)?),
            3 => Self::Publish(publish(flags, &mut reader, size)?),
            4 => {
                let id = packet_id(&mut reader)?;
                Self::PubAck { id, reason: reason(&mut reader)? }
            }
            8 => Self::Subscribe(subscribe(&mut reader)?),
            10 => {
                let id = packet_id(&mut reader)?;
                reader.properties()?;
                let mut filters = Vec::new();
                while !reader.0.is_empty() {
                    filters.push(reader.text()?);
                }
                Self::Unsubscribe { id, filters }
            }
            12 => Self::Ping,
            14 => Self::Disconnect { reason: reason(&mut reader)?, body: body.to_vec() },
            _ => return Ok(Self::Other { first, body: body.to_vec() }),
        };
        if reader.0.is_empty() { Ok(packet) } else { Err("it has bytes after its end") }
    }
}

fn packet_id(reader: &mut Reader<'_>) -> Result<u16, Malformed> {
    match reader.two()? {
        0 => Err("its packet id is 0"),
        id => Ok(id),
    }
}

/// A reason code and properties, both of which may be left out.
fn reason(reader: &mut Reader<'_>) -> Result<u8, Malformed> {
    if reader.0.is_empty() {
        return Ok(0);
    }
    let reason = reader.byte()?;
    if !reader.0.is_empty() {
        reader.properties()?;
    }
    Ok(reason)
}

fn connect(reader: &mut Reader<'_>) -> Result<Connect, Malformed> {
    if reader.text()? != "MQTT" {
        return Err("its protocol is not MQTT");
    }
    let level = reader.byte()?;
    let flags = reader.byte()?;
    let keep_alive = reader.two()?;
    let properties = reader.properties()?;
    let client_id = reader.text()?;
    let mut will = None;
    if flags & 0x04 != 0 {
        let properties = reader.properties()?;
        let (topic, payload) = (reader.text()?, reader.bytes()?);
        let (qos, retain) = (flags >> 3 & 3, flags & 0x20 != 0);
        will = Some(Publish { topic, payload, qos, retain, properties, ..Publish::default() });
    }
    let user = if flags & 0x80 != 0 { Some(reader.text()?) } else { None };
    let password = if flags & 0x40 != 0 { Some(reader.bytes()?) } else { None };
    let clean_start = flags & 0x02 != 0;
    Ok(Connect { level, client_id, clean_start, keep_alive, properties, will, user, password })
}

fn publish(flags: u8, reader: &mut Reader<'_>, size: usize) -> Result<Publish, Malformed> {
    let qos = flags >> 1 & 3;
    let topic = reader.text()?;
    if topic.contains(['+', '#']) {
        return Err("its topic has a wildcard");
    }
    let id = if qos == 0 { 0 } else { packet_id(reader)? };
    let properties = reader.properties()?;
    let payload = std::mem::take(&mut reader.0).to_vec();
    let (retain, dup) = (flags & 1 != 0, flags & 8 != 0);
    Ok(Publish { topic, payload, qos, retain, dup, id, properties, size })
}

fn subscribe(reader: &mut Reader<'_>) -> Result<Subscribe, Malformed> {
    let id = packet_id(reader)?;
    let identifier = reader.properties()?.number(super::bytes::property::SUBSCRIPTION_IDENTIFIER);
    let mut filters = Vec::new();
    while !reader.0.is_empty() {
        let (filter, options) = (reader.text()?, reader.byte()?);
        if options & 0xc0 != 0 {
            return Err("reserved bits of a subscription's options are set");
        }
        if filter.starts_with("$share/") && options & 4 != 0 {
            return Err("a shared subscription has No Local");
        }
        filters.push((filter, options));
    }
    if filters.is_empty() { Err("it has no filter") } else { Ok(Subscribe { id, filters, identifier }) }
}

/// A CONNACK.
#[must_use]
pub fn connack(session_present: bool, reason: u8, properties: &Properties) -> Vec<u8> {
    let mut body = vec![u8::from(session_present), reason];
    body.extend(properties.encoded());
    packet(0x20, &body)
}

/// A PUBLISH. Anything may be wrong in it.
#[must_use]
pub fn publish_bytes(topic: impl AsRef<[u8]>, publish: &Publish) -> Vec<u8> {
    let mut body = text(topic);
    if publish.qos > 0 {
        body.extend(publish.id.to_be_bytes());
    }
    body.extend(publish.properties.encoded());
    body.extend(&publish.payload);
    let flags = u8::from(publish.dup) << 3 | publish.qos << 1 | u8::from(publish.retain);
    packet(0x30 | flags, &body)
}

/// A PUBACK (0x40), SUBACK (0x90) or UNSUBACK (0xb0) with its reason codes.
#[must_use]
pub fn ack(first: u8, id: u16, reasons: &[u8], properties: &Properties) -> Vec<u8> {
    let mut body = id.to_be_bytes().to_vec();
    if first == 0x40 {
        body.extend(reasons);
        body.extend(properties.encoded());
    } else {
        body.extend(properties.encoded());
        body.extend(reasons);
    }
    packet(first, &body)
}

/// A DISCONNECT.
#[must_use]
pub fn disconnect(reason: u8, properties: &Properties) -> Vec<u8> {
    let mut body = vec![reason];
    body.extend(properties.encoded());
    packet(0xe0, &body)
}
