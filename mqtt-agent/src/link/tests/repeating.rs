//! The packets that are sent again after a lost connection, with a simulated broker.

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::poison::packet;
use super::{DEADLINE, open, options, soon};
use crate::link::{Filter, Message};

/// A PUBLISH as it was sent: its DUP flag, its packet id and its topic.
type Sent = (bool, u16, String);

async fn accept(listener: &TcpListener, session_present: bool) -> TcpStream {
    let (mut socket, _) = soon(listener.accept()).await.unwrap();
    let (kind, _) = soon(packet(&mut socket)).await.unwrap();
    assert_eq!(kind >> 4, 1, "a CONNECT");
    socket.write_all(&[0x20, 3, u8::from(session_present), 0, 0]).await.unwrap();
    socket
}

async fn publish(socket: &mut TcpStream) -> Sent {
    let (kind, body) = soon(packet(socket)).await.unwrap();
    assert_eq!(kind & 0xf6, 0x32, "a PUBLISH at QoS 1, not {kind:#x}");
    let topic = usize::from(u16::from_be_bytes([body[0], body[1]]));
    let id = u16::from_be_bytes([body[2 + topic], body[3 + topic]]);
    (kind & 8 != 0, id, String::from_utf8(body[2..2 + topic].to_vec()).unwrap())
}

async fn acknowledge(socket: &mut TcpStream, (_, id, _): &Sent) {
    let [high, low] = id.to_be_bytes();
    socket.write_all(&[0x40, 2, high, low]).await.unwrap();
}

fn topics(sent: &[Sent]) -> Vec<&str> {
    sent.iter().map(|(_, _, topic)| topic.as_str()).collect()
}

async fn repeats(session_present: bool) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("mqtt://{}", listener.local_addr().unwrap());
    let (link, mut broker) = tokio::join!(open(options(url)), accept(&listener, false));
    let mut receipts = Vec::new();
    for topic in ["a", "b", "c", "d"] {
        receipts.push(link.try_enqueue(Message::new(topic, "")).unwrap());
    }
    let mut first = Vec::new();
    for _ in 0..4 {
        first.push(publish(&mut broker).await);
    }
    assert!(first.iter().all(|(repeated, ..)| !repeated));
    // The one in the middle is acknowledged, and then the connection is gone.
    acknowledge(&mut broker, &first[1]).await;
    soon(receipts.remove(1)).await.unwrap();
    drop(broker);

    let mut broker = accept(&listener, session_present).await;
    receipts.push(link.try_enqueue(Message::new("e", "")).unwrap());
    let mut second = Vec::new();
    for _ in 0..4 {
        second.push(publish(&mut broker).await);
    }
    assert_eq!(topics(&second), ["a", "c", "d", "e"]);
    if session_present {
        let expected: Vec<Sent> =
            [&first[0], &first[2], &first[3]].map(|(_, id, topic)| (true, *id, topic.clone())).into();
        assert_eq!(second[..3], expected);
        assert!(!second[3].0);
        assert!(first.iter().all(|(_, id, _)| *id != second[3].1), "a new id for a new message");
    } else {
        assert!(second.iter().all(|(repeated, ..)| !repeated), "all are new to a new session");
    }
    for sent in &second {
        acknowledge(&mut broker, sent).await;
    }
    for receipt in receipts {
        soon(receipt).await.unwrap();
    }
    link.abort().await;
}

#[tokio::test]
async fn a_kept_session_gets_the_same_packet_ids_marked_as_repeated() {
    repeats(true).await;
}

#[tokio::test]
async fn a_new_session_gets_new_packets() {
    repeats(false).await;
}

#[tokio::test]
async fn subscriptions_leave_before_publishes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("mqtt://{}", listener.local_addr().unwrap());
    let (link, mut broker) = tokio::join!(open(options(url)), accept(&listener, false));
    let subscribing = {
        let link = link.clone();
        tokio::spawn(async move {
            link.subscribe(vec![Filter::new("answers")], crate::link::MessageHandler::in_memory(|_| {})).await
        })
    };
    let (kind, body) = soon(packet(&mut broker)).await.unwrap();
    assert_eq!(kind, 0x82, "a SUBSCRIBE");
    broker.write_all(&[0x90, 4, body[0], body[1], 0, 1]).await.unwrap();
    let _granted = soon(subscribing).await.unwrap();
    let receipt = link.try_enqueue(Message::new("question", "")).unwrap();
    publish(&mut broker).await;
    drop(broker);

    let mut broker = accept(&listener, false).await;
    let (kind, _) = soon(packet(&mut broker)).await.unwrap();
    assert_eq!(kind, 0x82, "the SUBSCRIBE first");
    let question = publish(&mut broker).await;
    acknowledge(&mut broker, &question).await;
    soon(receipt).await.unwrap();
    soon(link.close(DEADLINE / 60)).await;
}
