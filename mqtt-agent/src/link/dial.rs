//! One attempt to connect: name, TCP, TLS, WebSocket, CONNECT and CONNACK.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::{TcpStream, lookup_host};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use super::codec::encode::{self, seconds};
use super::codec::{ConnAck, Connect, Packet, reasons};
use super::credentials::{CredentialSource, Credentials};
use super::disconnect::Ended;
use super::error::ConnectError;
use super::login::{self, Source};
use super::options::LinkOptions;
use super::stream::{Quick, Stream};
use super::transport_hint::hint;
use super::url::{Scheme, Target};
use super::wire::Wire;
use crate::deadline;

/// Where and how to connect, checked once.
pub(super) struct Address {
    pub(super) target: Target,
    /// Which of the host's addresses the last attempt began at that failed. Not its place: resolvers change the order.
    failed: Mutex<Option<SocketAddr>>,
    /// The largest packet that is accepted.
    largest: usize,
    /// One at a time asks for credentials.
    turns: Arc<Semaphore>,
    #[cfg(feature = "tls")]
    tls: Option<Arc<rustls::ClientConfig>>,
}

impl Address {
    pub(super) fn new(options: &LinkOptions) -> Result<Arc<Self>, ConnectError> {
        let target = Target::parse(&options.url)?;
        target.check(options.tls.is_some())?;
        #[cfg(feature = "tls")]
        let tls = match target.scheme {
            Scheme::Mqtts | Scheme::Wss => Some(super::tls::configuration(options.tls.as_ref())?),
            Scheme::Mqtt | Scheme::Ws => None,
        };
        let address = Self {
            target,
            failed: Mutex::default(),
            largest: usize::try_from(options.max_packet_size).unwrap_or(usize::MAX),
            turns: Arc::new(Semaphore::new(1)),
            #[cfg(feature = "tls")]
            tls,
        };
        let credentials = match &options.credentials {
            Some(CredentialSource::Fixed(credentials)) => Some(credentials),
            // Not known yet; checked when they are.
            Some(CredentialSource::File(_) | CredentialSource::Callback(_)) => None,
            None => address.target.credentials.as_ref(),
        };
        connect(options, credentials, true).check().map_err(|reason| ConnectError::InvalidOption {
            option: "connect",
            reason: format!("{reason}; shorten it"),
        })?;
        Ok(Arc::new(address))
    }

    /// The credentials for one attempt.
    async fn credentials(&self, options: &LinkOptions) -> Result<Option<Credentials>, Ended> {
        let Some(source) = &options.credentials else { return Ok(self.target.credentials.clone()) };
        source.ask(&self.turns).await.map(Some).map_err(|error| {
            // It may pass, as where the service that gives them is not up yet.
            Ended::attempt(format!("failed to get the credentials: {error}"), None)
        })
    }

    /// A connection to one of the host's addresses.
    async fn tcp(&self, deadline: Instant) -> io::Result<TcpStream> {
        let Target { host, port, .. } = &self.target;
        let mut addresses: Vec<SocketAddr> = lookup_host((host.as_str(), *port)).await?.collect();
        {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            begin_after(*failed, &mut addresses);
            // Until this attempt succeeds.
            *failed = addresses.first().copied();
        }
        connect_any(&addresses, deadline).await
    }

    async fn stream(&self, writes_soon: Arc<AtomicBool>, deadline: Instant) -> Result<Stream, Ended> {
        let tcp = self.tcp(deadline).await.map_err(|error| Ended::attempt_io(&error))?;
        // Without it each small packet may wait for the acknowledgement of the one before.
        let _ = tcp.set_nodelay(true);
        let stream: Stream = Box::new(Quick::new(tcp, writes_soon));
        #[cfg(feature = "tls")]
        let stream = match &self.tls {
            Some(config) => {
                let shaken = super::tls::open(stream, &self.target.host, config).await?;
                shaken.map_err(|error| self.unanswered(&error, true))?
            }
            None => stream,
        };
        #[cfg(feature = "websocket")]
        let stream = match self.target.scheme {
            Scheme::Ws | Scheme::Wss => {
                super::websocket::open(stream, &self.target.host_header(), &self.target.resource).await?
            }
            Scheme::Mqtt | Scheme::Mqtts => stream,
        };
        Ok(stream)
    }

    /// The end of an attempt by an error of the socket or of TLS, before the broker's first word.
    fn unanswered(&self, error: &io::Error, in_tls: bool) -> Ended {
        let hint = match self.target.scheme {
            Scheme::Mqtt => hint(error, "mqtts", true),
            Scheme::Mqtts if in_tls => hint(error, "mqtt", false),
            Scheme::Wss if in_tls => hint(error, "ws", false),
            // Over WebSocket the peer has answered already.
            Scheme::Mqtts | Scheme::Ws | Scheme::Wss => None,
        };
        let mut ended = Ended::attempt_io(error);
        if let Some(hint) = hint {
            ended.text = format!("{} before it answered; {hint}", ended.text);
        }
        ended
    }
}

/// Puts the address first that follows the one that failed.
fn begin_after(failed: Option<SocketAddr>, addresses: &mut [SocketAddr]) {
    let failed = failed.and_then(|failed| addresses.iter().position(|address| *address == failed));
    if let Some(next) = failed.and_then(|place| (place + 1).checked_rem(addresses.len())) {
        addresses.rotate_left(next);
    }
}

/// Connects to the first address that answers. One that is silent gets its share of the time that is left; for the last one
/// that is all of it, and the end of it the caller's affair.
async fn connect_any(addresses: &[SocketAddr], deadline: Instant) -> io::Result<TcpStream> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
    for (tried, address) in addresses.iter().enumerate() {
        let left = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = deadline.saturating_duration_since(Instant::now()) / left;
        let connecting = TcpStream::connect(address);
        let outcome = if left > 1 { timeout(share, connecting).await } else { Ok(connecting.await) };
        failure = match outcome {
            Ok(Ok(tcp)) => return Ok(tcp),
            Ok(Err(error)) => error,
            Err(_) => io::ErrorKind::TimedOut.into(),
        };
    }
    Err(failure)
}

fn connect<'a>(
    options: &'a LinkOptions,
    credentials: Option<&'a Credentials>,
    clean_start: bool,
) -> Connect<'a> {
    Connect {
        client_id: &options.client_id,
        clean_start,
        keep_alive: u16::try_from(options.keep_alive.as_secs()).unwrap_or(u16::MAX),
        session_expiry: seconds(options.session_expiry),
        receive_maximum: options.announced_receive_maximum(),
        // Unannounced, larger messages would end the connection at each delivery; announced, the broker keeps them.
        maximum_packet_size: options.max_packet_size,
        will: options.will.as_ref(),
        credentials: credentials.map(|credentials| (credentials.username(), credentials.password())),
    }
}

/// Connects, and returns the connection with the broker's CONNACK, which accepts it.
pub(super) async fn dial(
    address: Arc<Address>,
    options: Arc<LinkOptions>,
    clean_start: bool,
) -> Result<(Wire, Box<ConnAck>), Ended> {
    let mut has_credentials = false;
    let deadline = deadline::after(std::time::Instant::now(), options.connect_timeout).into();
    let attempt = async {
        // Before there is a socket: brokers give little time for CONNECT.
        let credentials = address.credentials(&options).await?;
        has_credentials = true;
        let connect = connect(&options, credentials.as_ref(), clean_start);
        connect.check().map_err(|reason| Ended::attempt(format!("{reason}; shorten it"), None))?;
        let writes_soon = Arc::new(AtomicBool::new(false));
        let stream = address.stream(Arc::clone(&writes_soon), deadline).await?;
        let mut wire = Wire::new(stream, writes_soon, address.largest);
        encode::connect(&mut wire.unsent, &connect);
        let unanswered = |error: io::Error| address.unanswered(&error, false);
        poll_fn(|cx| wire.poll_write(cx, &mut 0)).await.map_err(unanswered)?;
        loop {
            match wire.next() {
                Ok(Some(Packet::ConnAck(ack))) => {
                    return accepted(wire, ack)
                        .map_err(|ack| refused(&address, &options, credentials.as_ref(), &ack));
                }
                Ok(Some(_)) => return Err(not_mqtt("its first packet was no CONNACK")),
                Ok(None) => {}
                Err(malformed) => return Err(not_mqtt(malformed.what)),
            }
            poll_fn(|cx| wire.poll_read(cx)).await.map_err(unanswered)?;
        }
    };
    let outcome = match timeout_at(deadline, attempt).await {
        Ok(outcome) => outcome,
        Err(_) => {
            let source = options.credentials.as_ref().filter(|_| !has_credentials);
            let late =
                source.map_or_else(|| "the broker did not answer in time".to_owned(), CredentialSource::late);
            Err(Ended::attempt(late, None))
        }
    };
    if outcome.is_ok() {
        // The same one again, should the connection be lost. What answers at its socket alone would be tried for ever.
        *address.failed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
    outcome
}

fn not_mqtt(what: &str) -> Ended {
    let failure = ConnectError::Protocol { reason: what.to_owned() };
    Ended::attempt(failure.to_string(), Some(failure))
}

fn accepted(wire: Wire, ack: Box<ConnAck>) -> Result<(Wire, Box<ConnAck>), Box<ConnAck>> {
    if ack.reason == 0x00 { Ok((wire, ack)) } else { Err(ack) }
}

/// The end of an attempt by the broker's answer.
fn refused(
    address: &Address,
    options: &LinkOptions,
    credentials: Option<&Credentials>,
    ack: &ConnAck,
) -> Ended {
    let reason = ack.reason_string.clone();
    let broker = address.target.address.clone();
    // Without a password it may be a token.
    let user =
        credentials.filter(|given| !given.password().is_empty()).map(|given| given.username().to_owned());
    let source = match &options.credentials {
        Some(CredentialSource::File(file)) => Source::File(file.named()),
        None if address.target.credentials.is_some() => Source::Url,
        None | Some(CredentialSource::Fixed(_) | CredentialSource::Callback(_)) => Source::Given,
    };
    let advice = login::advice(credentials, &source, options.asks_env);
    let failure = match ack.reason {
        // As brokers answer that speak 3.1.1 alone.
        0x01 | 0x84 => ConnectError::OldProtocol,
        0x04 | 0x86 => ConnectError::Credentials { broker, user, advice, reason },
        0x05 | 0x87 => ConnectError::NotAuthorized { broker, user, advice, reason },
        code => ConnectError::Refused {
            code,
            name: reasons::name(code),
            reason,
            server: ack.server_reference.clone(),
        },
    };
    let text = failure.to_string();
    // Busy, unavailable, over a quota or a rate: it may pass.
    let passing = matches!(ack.reason, 0x03 | 0x88 | 0x89 | 0x97 | 0x9f);
    Ended::attempt(text, (!passing).then_some(failure))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::time::Duration;

    use tokio::net::{TcpListener, TcpSocket};

    use super::*;
    use crate::link::LinkOptions;

    /// A listener whose queue is full, so that it answers nobody, and what fills it.
    async fn silent() -> (SocketAddr, TcpListener, Vec<TcpStream>) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queue = Vec::new();
        while let Ok(tcp) = timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
            queue.push(tcp.unwrap());
            assert!(queue.len() < 64, "the queue is never full");
        }
        (address, listener, queue)
    }

    #[tokio::test]
    async fn an_address_that_is_silent_leaves_time_for_the_next() {
        let (silent, _listener, _queue) = silent().await;
        let live = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let live = (live.local_addr().unwrap(), live);
        let deadline = Instant::now() + Duration::from_secs(4);
        let tcp = timeout_at(deadline, connect_any(&[silent, live.0], deadline)).await;
        assert_eq!(tcp.unwrap().unwrap().peer_addr().unwrap(), live.0);
    }

    #[tokio::test]
    async fn an_attempt_that_failed_is_remembered_by_its_address() {
        let refused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let options = Arc::new(LinkOptions::new(format!("mqtt://{refused}"), "next"));
        let address = Address::new(&options).unwrap();
        assert!(dial(Arc::clone(&address), Arc::clone(&options), true).await.is_err());
        assert_eq!(*address.failed.lock().unwrap(), Some(refused));
    }

    #[test]
    fn the_address_after_the_one_that_failed_comes_first_in_whatever_order_they_come() {
        let [a, b, c] = [1, 2, 3].map(|last| SocketAddr::from(([127, 0, 0, last], 1883)));
        for (failed, found, tried) in [
            (None, [a, b, c], [a, b, c]),
            (Some(a), [a, b, c], [b, c, a]),
            (Some(a), [b, c, a], [b, c, a]),
            (Some(c), [a, b, c], [a, b, c]),
        ] {
            let mut addresses = found;
            begin_after(failed, &mut addresses);
            assert_eq!(addresses, tried, "{failed:?} failed");
        }
    }
}
