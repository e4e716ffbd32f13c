//! MQTT 5 at the level of bytes: small enough to write also what no codec would.

/// The identifiers of properties.
pub mod property {
    #![allow(missing_docs)]
    pub const SUBSCRIPTION_IDENTIFIER: u8 = 11;
    pub const SESSION_EXPIRY: u8 = 17;
    pub const ASSIGNED_CLIENT_ID: u8 = 18;
    pub const SERVER_KEEP_ALIVE: u8 = 19;
    pub const SERVER_REFERENCE: u8 = 28;
    pub const REASON_STRING: u8 = 31;
    pub const RECEIVE_MAXIMUM: u8 = 33;
    pub const TOPIC_ALIAS_MAXIMUM: u8 = 34;
    pub const TOPIC_ALIAS: u8 = 35;
    pub const MAXIMUM_QOS: u8 = 36;
    pub const RETAIN_AVAILABLE: u8 = 37;
    pub const USER_PROPERTY: u8 = 38;
    pub const MAXIMUM_PACKET_SIZE: u8 = 39;
    pub const WILDCARDS_AVAILABLE: u8 = 40;
    pub const IDENTIFIERS_AVAILABLE: u8 = 41;
    pub const SHARED_AVAILABLE: u8 = 42;
}

/// What a property holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// One byte.
    Byte(u8),
    /// Two bytes.
    Two(u16),
    /// Four bytes.
    Four(u32),
    /// A variable byte integer.
    Variable(u32),
    /// UTF-8 or binary data with its length before it.
    Bytes(Vec<u8>),
    /// A user property.
    Pair(String, String),
}

/// The properties of a packet, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties(pub Vec<(u8, Value)>);

impl Properties {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more; its identifier decides nothing, so that a wrong type can be written.
    #[must_use]
    pub fn with(mut self, id: u8, value: Value) -> Self {
        self.0.push((id, value));
        self
    }

    /// One more text.
    #[must_use]
    pub fn text(self, id: u8, text: &str) -> Self {
        self.with(id, Value::Bytes(text.as_bytes().to_vec()))
    }

    /// A reason string.
    #[must_use]
    pub fn reason(self, text: &str) -> Self {
        self.text(property::REASON_STRING, text)
    }

    /// A server reference.
    #[must_use]
    pub fn server(self, address: &str) -> Self {
        self.text(property::SERVER_REFERENCE, address)
    }

    /// The first number of an identifier.
    #[must_use]
    pub fn number(&self, id: u8) -> Option<u32> {
        self.numbers(id).first().copied()
    }

    /// All numbers of an identifier.
    #[must_use]
    pub fn numbers(&self, id: u8) -> Vec<u32> {
        let of_id = self.0.iter().filter(|(given, _)| *given == id);
        of_id
            .filter_map(|(_, value)| match value {
                Value::Byte(number) => Some(u32::from(*number)),
                Value::Two(number) => Some(u32::from(*number)),
                Value::Four(number) | Value::Variable(number) => Some(*number),
                Value::Bytes(_) | Value::Pair(..) => None,
            })
            .collect()
    }

    pub(super) fn encoded(&self) -> Vec<u8> {
        let mut inner = Vec::new();
        for (id, value) in &self.0 {
            inner.push(*id);
            match value {
                Value::Byte(number) => inner.push(*number),
                Value::Two(number) => inner.extend(number.to_be_bytes()),
                Value::Four(number) => inner.extend(number.to_be_bytes()),
                Value::Variable(number) => inner.extend(variable(*number)),
                Value::Bytes(bytes) => inner.extend(text(bytes)),
                Value::Pair(key, value) => {
                    inner.extend(text(key));
                    inner.extend(text(value));
                }
            }
        }
        let mut all = variable(inner.len() as u32);
        all.extend(inner);
        all
    }
}

/// A variable byte integer.
#[must_use]
pub fn variable(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number % 128) as u8;
        number /= 128;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// A text, or binary data, with its length before it.
#[must_use]
pub fn text(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    let mut all = u16::try_from(bytes.len()).expect("at most 65535 bytes").to_be_bytes().to_vec();
    all.extend(bytes);
    all
}

/// A whole packet: its first byte, the length of the rest, the rest.
#[must_use]
pub fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut all = vec![first];
    all.extend(variable(body.len() as u32));
    all.extend(body);
    all
}

/// What a client sent that is no MQTT.
pub(super) type Malformed = &'static str;

/// Reads a packet's body.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or("it ends too soon")?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn two(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_be_bytes(self.take(2)?.try_into().expect("two bytes")))
    }

    pub(super) fn four(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_be_bytes(self.take(4)?.try_into().expect("four bytes")))
    }

    pub(super) fn variable(&mut self) -> Result<u32, Malformed> {
        let mut number = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            number |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("a variable byte integer has more than four bytes")
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, Malformed> {
        let length = self.two()?;
        Ok(self.take(length.into())?.to_vec())
    }

    pub(super) fn text(&mut self) -> Result<String, Malformed> {
        let text = String::from_utf8(self.bytes()?).map_err(|_| "a text is not UTF-8")?;
        if text.contains('\0') { Err("a text has a NUL") } else { Ok(text) }
    }

    pub(super) fn properties(&mut self) -> Result<Properties, Malformed> {
        let length = self.variable()?;
        let mut inner = Reader(self.take(length as usize)?);
        let mut properties = Properties::new();
        while !inner.0.is_empty() {
            let id = inner.byte()?;
            let value = match id {
                1 | 23 | 25 | 36 | 37 | 40..=42 => Value::Byte(inner.byte()?),
                19 | 33..=35 => Value::Two(inner.two()?),
                2 | 17 | 24 | 39 => Value::Four(inner.four()?),
                11 => Value::Variable(inner.variable()?),
                9 | 22 => Value::Bytes(inner.bytes()?),
                3 | 8 | 18 | 21 | 26 | 28 | 31 => Value::Bytes(inner.text()?.into_bytes()),
                38 => Value::Pair(inner.text()?, inner.text()?),
                _ => return Err("a property has an unknown identifier"),
            };
            properties.0.push((id, value));
        }
        Ok(properties)
    }
}
