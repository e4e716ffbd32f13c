//! W3C trace context in User Properties (`SUB-13`, an extension of this library).

/// A `traceparent`, with its `tracestate` if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    traceparent: Box<str>,
    tracestate: Option<Box<str>>,
}

/// The maximum length of a `tracestate`; W3C requires at least 512.
const LONGEST_STATE: usize = 8192;

impl TraceContext {
    /// Parses a trace context of version `00`; `None` if `traceparent` is invalid.
    #[must_use]
    pub fn new(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let fields: Vec<_> = traceparent.split('-').collect();
        let [version, trace, parent, flags] = fields.as_slice() else { return None };
        let hex = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let zero = |text: &str| text.bytes().all(|b| b == b'0');
        let valid = *version == "00" && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
        if !valid || zero(trace) || zero(parent) {
            return None;
        }
        let tracestate = tracestate.filter(|state| !state.is_empty() && state.len() <= LONGEST_STATE);
        Some(Self { traceparent: traceparent.into(), tracestate: tracestate.map(Into::into) })
    }

    /// The trace id and the caller's span id.
    #[must_use]
    pub fn traceparent(&self) -> &str {
        &self.traceparent
    }

    /// The vendor-specific part.
    #[must_use]
    pub fn tracestate(&self) -> Option<&str> {
        self.tracestate.as_deref()
    }

    /// Reads it from User Properties.
    #[must_use]
    pub fn from_user_properties(properties: &[(String, String)]) -> Option<Self> {
        let find = |name| properties.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        Self::new(find("traceparent")?, find("tracestate"))
    }

    /// As User Properties.
    pub fn to_user_properties(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let state = self.tracestate.as_ref().map(|state| ("tracestate".to_owned(), state.to_string()));
        std::iter::once(("traceparent".to_owned(), self.traceparent.to_string())).chain(state)
    }
}
