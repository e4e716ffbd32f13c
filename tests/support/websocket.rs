//! A WebSocket listener in front of a broker: it shakes hands, and relays bytes. Without a library, for those log what they
//! are sent.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// A listener that lives as long as its test.
#[derive(Debug)]
pub struct WebSocketRelay {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl WebSocketRelay {
    /// Relays to a broker. The first connections are answered with these texts instead, and closed.
    pub async fn start(broker: SocketAddr, refusals: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, mut refusals) = (Arc::clone(&requests), VecDeque::from(refusals.to_vec()));
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let (seen, refusal) = (Arc::clone(&seen), refusals.pop_front());
                connections.spawn(async move {
                    let request = request(&mut stream).await?;
                    seen.lock().unwrap().push(request.clone());
                    match refusal {
                        Some(text) => stream.write_all(text.as_bytes()).await,
                        None => relay(stream, &request, broker).await,
                    }
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, requests, task }
    }

    /// Host and port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The first lines of the handshakes so far.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter_map(|request| request.lines().next()).map(str::to_owned).collect()
    }
}

impl Drop for WebSocketRelay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn request(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        text.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8(text).expect("a handshake is text"))
}

async fn relay(mut stream: TcpStream, request: &str, broker: SocketAddr) -> std::io::Result<()> {
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
    let accept = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = STANDARD.encode(Sha1::digest(accept));
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await?;
    let (from_client, to_client) = stream.into_split();
    let (from_broker, to_broker) = TcpStream::connect(broker).await?.into_split();
    tokio::select! {
        relayed = to_the_broker(from_client, to_broker) => relayed,
        relayed = to_the_client(from_broker, to_client) => relayed,
    }
}

async fn to_the_broker(mut client: OwnedReadHalf, mut broker: OwnedWriteHalf) -> std::io::Result<()> {
    loop {
        let [first, second] = client.read_u16().await?.to_be_bytes();
        let length = match second & 0x7f {
            126 => u64::from(client.read_u16().await?),
            127 => client.read_u64().await?,
            length => u64::from(length),
        };
        assert_eq!(second & 0x80, 0x80, "a client masks");
        let mask = client.read_u32().await?.to_be_bytes();
        let mut payload = vec![0; usize::try_from(length).expect("it fits")];
        client.read_exact(&mut payload).await?;
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        match first & 0x0f {
            0x2 => broker.write_all(&payload).await?,
            0x8 => return Ok(()),
            _ => {}
        }
    }
}

async fn to_the_client(mut broker: OwnedReadHalf, mut client: OwnedWriteHalf) -> std::io::Result<()> {
    let mut buffer = vec![0; 0xffff];
    loop {
        let length = broker.read(&mut buffer).await?;
        if length == 0 {
            return client.write_all(&[0x88, 0]).await;
        }
        let [high, low] = u16::try_from(length).expect("it fits").to_be_bytes();
        client.write_all(&[0x82, 126, high, low]).await?;
        client.write_all(&buffer[..length]).await?;
    }
}
