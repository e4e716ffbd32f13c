//! The floor: one task, one socket, packets made by hand, one write a round. No client that does more can be faster.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::callers::{Tally, Window};
use crate::roles::{Counts, Line, Order, Outcome, fail, say};

const REQUEST: &str = "bench/floor/request";
const ANSWER: &str = "bench/floor/answer";

/// A connection with one subscription. MQTT 5, QoS 1.
struct Connection {
    stream: TcpStream,
    read: BytesMut,
    write: Vec<u8>,
    /// What waits for the window, and the window.
    waiting: VecDeque<Bytes>,
    receive_maximum: usize,
    in_flight: usize,
    packet_id: u16,
}

impl Connection {
    async fn open(address: SocketAddr, id: &str, filter: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut connection = Self {
            stream,
            read: BytesMut::with_capacity(64 * 1024),
            write: Vec::with_capacity(64 * 1024),
            waiting: VecDeque::new(),
            receive_maximum: 65_535,
            in_flight: 0,
            packet_id: 0,
        };
        // CONNECT: version 5, clean start, no keep-alive, no properties.
        let mut body = vec![0, 4, b'M', b'Q', b'T', b'T', 5, 0x02, 0, 0, 0];
        put_text(&mut body, id);
        connection.put(0x10, &[&body]);
        let acknowledged = connection.wait_for(0x20).await?;
        if let Some(maximum) = receive_maximum(&acknowledged) {
            connection.receive_maximum = maximum;
        }
        // SUBSCRIBE: packet id 65535, which no publish uses, no properties, QoS 1.
        let mut body = vec![0xff, 0xff, 0];
        put_text(&mut body, filter);
        body.push(1);
        connection.put(0x82, &[&body]);
        connection.wait_for(0x90).await?;
        Ok(connection)
    }

    fn put(&mut self, first: u8, parts: &[&[u8]]) {
        self.write.push(first);
        let mut left: usize = parts.iter().map(|part| part.len()).sum();
        loop {
            let (low, rest) = ((left % 128) as u8, left / 128);
            self.write.push(if rest > 0 { low | 0x80 } else { low });
            left = rest;
            if left == 0 {
                break;
            }
        }
        for part in parts {
            self.write.extend_from_slice(part);
        }
    }

    /// Publishes what waits, as far as the window allows.
    fn publish_waiting(&mut self, topic: &str) {
        while self.in_flight < self.receive_maximum
            && let Some(payload) = self.waiting.pop_front()
        {
            self.packet_id = if self.packet_id >= 65_000 { 1 } else { self.packet_id + 1 };
            self.in_flight += 1;
            let id = self.packet_id.to_be_bytes();
            let length = (topic.len() as u16).to_be_bytes();
            self.put(0x32, &[&length, topic.as_bytes(), &id, &[0], &payload]);
        }
    }

    /// Writes what there is and waits for more to read. The kernel acknowledges at once where nothing is written, so that
    /// a broker under Nagle's algorithm goes on.
    async fn round(&mut self) -> io::Result<()> {
        if self.write.is_empty() {
            self.acknowledge_at_once();
        } else {
            self.stream.write_all(&self.write).await?;
            self.write.clear();
        }
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    #[cfg(target_os = "linux")]
    fn acknowledge_at_once(&self) {
        // Without it the call only takes longer.
        drop(socket2::SockRef::from(&self.stream).set_tcp_quickack(true));
    }

    #[cfg(not(target_os = "linux"))]
    fn acknowledge_at_once(&self) {}

    /// The next whole packet that was read: its first byte and what follows its length.
    fn packet(&mut self) -> Option<(u8, Bytes)> {
        let (mut length, mut at) = (0_usize, 1);
        loop {
            let byte = *self.read.get(at)?;
            length |= usize::from(byte & 0x7f) << (7 * (at - 1));
            at += 1;
            if byte < 0x80 {
                break;
            }
        }
        if self.read.len() < at + length {
            return None;
        }
        let first = self.read[0];
        self.read.advance(at);
        Some((first, self.read.split_to(length).freeze()))
    }

    async fn wait_for(&mut self, first: u8) -> io::Result<Bytes> {
        loop {
            match self.packet() {
                Some((found, body)) if found == first => return Ok(body),
                Some(_) => {}
                None => self.round().await?,
            }
        }
    }

    /// The next message that was read, acknowledged.
    fn message(&mut self) -> Option<Bytes> {
        loop {
            match self.packet()? {
                (0x40, _) => self.in_flight -= 1,
                (first, mut body) if first & 0xf6 == 0x32 => {
                    let topic = usize::from(body.get_u16());
                    body.advance(topic);
                    let id = body.get_u16().to_be_bytes();
                    // Properties, which nobody here sends: their length is one byte.
                    let properties = usize::from(body.get_u8());
                    body.advance(properties);
                    self.put(0x40, &[&id]);
                    return Some(body);
                }
                (first, _) => fail(&format!("a packet that begins with {first:#x} was not expected")),
            }
        }
    }
}

fn put_text(body: &mut Vec<u8>, text: &str) {
    body.extend_from_slice(&(text.len() as u16).to_be_bytes());
    body.extend_from_slice(text.as_bytes());
}

/// The receive maximum in a CONNACK; the broker's other properties are stepped over.
fn receive_maximum(body: &[u8]) -> Option<usize> {
    if *body.get(1)? != 0 {
        fail("the broker refused the connection");
    }
    let mut rest = body.get(3..)?;
    while let Some((id, value)) = rest.split_first() {
        let length = match id {
            0x21 => return Some(usize::from(u16::from_be_bytes([*value.first()?, *value.get(1)?]))),
            0x24 | 0x25 | 0x28 | 0x29 | 0x2a => 1,
            0x13 | 0x22 => 2,
            0x11 | 0x27 => 4,
            0x12 | 0x15 | 0x1a | 0x1c | 0x1f => {
                2 + usize::from(u16::from_be_bytes([*value.first()?, *value.get(1)?]))
            }
            _ => return None,
        };
        rest = value.get(length..)?;
    }
    None
}

pub(crate) async fn serve(address: SocketAddr) {
    if let Err(error) = answer(address).await {
        fail(&error.to_string());
    }
}

async fn answer(address: SocketAddr) -> io::Result<()> {
    let mut connection = Connection::open(address, "bench-floor-server", REQUEST).await?;
    say(&Line::Ready);
    loop {
        connection.round().await?;
        while let Some(payload) = connection.message() {
            connection.waiting.push_back(payload);
        }
        connection.publish_waiting(ANSWER);
    }
}

pub(crate) async fn call(address: SocketAddr, mut orders: UnboundedReceiver<Order>) {
    let mut connection = match Connection::open(address, "bench-floor-client", ANSWER).await {
        Ok(connection) => connection,
        Err(error) => fail(&error.to_string()),
    };
    say(&Line::Ready);
    while let Some(order) = orders.recv().await {
        match calls(&mut connection, &order).await {
            Ok(outcome) => say(&Line::Done(outcome)),
            Err(error) => fail(&error.to_string()),
        }
    }
}

/// Keeps `order.callers` calls in flight. Answers come in the order of the calls.
async fn calls(connection: &mut Connection, order: &Order) -> io::Result<Outcome> {
    let payload = Bytes::from(vec![b'x'; order.bytes]);
    let window = Window::of(order);
    let mut marks =
        [(window.begin, Line::Begin as fn(Counts) -> Line), (window.end, Line::End)].into_iter().peekable();
    let mut tally = Tally::default();
    let mut began: VecDeque<Instant> = (0..order.callers).map(|_| Instant::now()).collect();
    connection.waiting.extend((0..order.callers).map(|_| payload.clone()));
    while !began.is_empty() {
        connection.publish_waiting(REQUEST);
        connection.round().await?;
        while connection.message().is_some() {
            let now = Instant::now();
            tally.add(&window, began.pop_front().expect("a call for each answer"), now);
            if now < window.end {
                began.push_back(now);
                connection.waiting.push_back(payload.clone());
            }
        }
        while let Some((_, line)) = marks.next_if(|(at, _)| Instant::now() >= *at) {
            say(&line(Counts::now()));
        }
    }
    for (_, line) in marks {
        say(&line(Counts::now()));
    }
    Ok(tally.outcome())
}
