//! Simulated brokers that send unreadable packets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{DEADLINE, connect, options, soon};
use crate::link::{ConnectionState, Link, Message, PublishError, QoS};

/// A broker that accepts everything, except that its answer to topics with `poison` is `bad`, and then the end.
async fn poisoned(bad: fn(u16) -> Vec<u8>) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve(socket, bad));
        }
    });
    (address, connections)
}

pub(super) async fn packet(socket: &mut TcpStream) -> std::io::Result<(u8, Vec<u8>)> {
    let kind = socket.read_u8().await?;
    let (mut length, mut shift) = (0usize, 0);
    loop {
        let byte = socket.read_u8().await?;
        length |= usize::from(byte & 127) << shift;
        shift += 7;
        if byte & 128 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    Ok((kind, body))
}

async fn serve(mut socket: TcpStream, bad: fn(u16) -> Vec<u8>) -> std::io::Result<()> {
    packet(&mut socket).await?;
    socket.write_all(&[0x20, 3, 0, 0, 0]).await?;
    loop {
        let (kind, body) = packet(&mut socket).await?;
        let answer = match kind >> 4 {
            3 if kind & 6 == 2 => {
                let topic = usize::from(u16::from_be_bytes([body[0], body[1]]));
                let id = u16::from_be_bytes([body[2 + topic], body[3 + topic]]);
                if body[2..2 + topic].windows(6).any(|part| part == b"poison") {
                    socket.write_all(&bad(id)).await?;
                    socket.shutdown().await?;
                    // Unread data would reset the connection, and the answer could be lost with it.
                    return socket.read_to_end(&mut Vec::new()).await.map(drop);
                }
                let [high, low] = id.to_be_bytes();
                vec![0x40, 2, high, low]
            }
            12 => vec![0xd0, 0],
            14 => return Ok(()),
            _ => Vec::new(),
        };
        socket.write_all(&answer).await?;
    }
}

#[tokio::test]
async fn a_message_whose_acknowledgement_ends_the_connection_is_given_up() {
    // An acknowledgement with a property that it can't have.
    let (address, connections) = poisoned(|id| {
        let [high, low] = id.to_be_bytes();
        vec![0x40, 6, high, low, 0, 2, 0x01, 1]
    })
    .await;
    let link = connect(format!("mqtt://{address}")).await;
    let before = soon(link.enqueue(Message::new("a", ""))).await.unwrap();
    let poison = soon(link.enqueue(Message::new("poison", ""))).await.unwrap();
    let after = soon(link.enqueue(Message::new("b", ""))).await.unwrap();
    soon(before).await.unwrap();
    assert_eq!(soon(poison).await, Err(PublishError::Interrupted));
    soon(after).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 4, "three tries, and one for the rest");
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn mosquittos_refusal_of_a_large_message_is_its_senders_error() {
    // Mosquitto's answer to a message over its `message_size_limit`, which the standard doesn't give a PUBACK.
    let (address, connections) = poisoned(|id| {
        let [high, low] = id.to_be_bytes();
        vec![0x40, 3, high, low, 0x95]
    })
    .await;
    let link = connect(format!("mqtt://{address}")).await;
    let refused = soon(link.publish(Message::new("poison", ""))).await;
    assert!(matches!(refused, Err(PublishError::Rejected { code: 0x95, .. })), "{refused:?}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn a_message_at_which_the_broker_hangs_up_is_given_up_too() {
    let (address, _) = poisoned(|_| Vec::new()).await;
    let mut options = options(format!("mqtt://{address}"));
    options.max_backoff = std::time::Duration::from_millis(100);
    let link = Link::open(options).unwrap();
    let poison = soon(link.enqueue(Message::new("poison", ""))).await.unwrap();
    let after = soon(link.enqueue(Message::new("b", ""))).await.unwrap();
    assert_eq!(soon(poison).await, Err(PublishError::Interrupted));
    soon(after).await.unwrap();
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn quality_0_is_sent_and_forgotten() {
    let (address, connections) = poisoned(|_| Vec::new()).await;
    let link = connect(format!("mqtt://{address}")).await;
    let sent = soon(link.publish(Message::new("poison", "").with_qos(QoS::AtMostOnce))).await.unwrap();
    assert!(!sent.no_subscribers);
    soon(link.publish(Message::new("b", ""))).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    assert!(matches!(&*link.state().borrow(), ConnectionState::Connected { epoch: 1, .. }));
    link.close(DEADLINE).await;
}

/// A broker that refuses the first publish, but tells only after many later ones, so that its packet id would have come
/// round again.
async fn late_refusal() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        packet(&mut socket).await.unwrap();
        socket.write_all(&[0x20, 3, 0, 0, 0]).await.unwrap();
        let mut seen = Vec::new();
        while let Ok((kind, body)) = packet(&mut socket).await {
            let answer = match kind >> 4 {
                3 => {
                    let topic = usize::from(u16::from_be_bytes([body[0], body[1]]));
                    seen.push([body[2 + topic], body[3 + topic]]);
                    let (first, last) = (seen[0], seen[seen.len() - 1]);
                    match seen.len() {
                        1 => Vec::new(),
                        64 => vec![0x40, 2, last[0], last[1], 0x40, 3, first[0], first[1], 0x87],
                        _ => vec![0x40, 2, last[0], last[1]],
                    }
                }
                12 => vec![0xd0, 0],
                14 => return,
                _ => Vec::new(),
            };
            socket.write_all(&answer).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_late_refusal_does_not_strand_the_next_with_its_packet_id() {
    let address = late_refusal().await;
    let mut options = options(format!("mqtt://{address}"));
    options.window = 4;
    let link = super::open(options).await;
    let first = soon(link.enqueue(Message::new("t", "first"))).await.unwrap();
    let mut later = Vec::new();
    for _ in 0..100 {
        later.push(soon(link.enqueue(Message::new("t", "later"))).await.unwrap());
    }
    assert!(matches!(soon(first).await, Err(PublishError::Denied { topic, .. }) if topic == "t"));
    for receipt in later {
        soon(receipt).await.unwrap();
    }
    assert!(matches!(&*link.state().borrow(), ConnectionState::Connected { epoch: 1, .. }));
    link.close(DEADLINE).await;
}
