//! The cost of a PUBLISH in this codec and in rumqttc's.

use std::hint::black_box;
use std::time::Instant;

use ::rumqttc::v5::mqttbytes::v5 as theirs;

use super::*;

const ROUNDS: usize = 200;
const PACKETS: usize = 1000;

/// The best round's nanoseconds for each packet.
fn best(mut round: impl FnMut() -> Duration) -> u128 {
    (0..ROUNDS).map(|_| round()).min().unwrap().as_nanos() / PACKETS as u128
}

#[test]
#[ignore = "prints numbers; run it with --release --ignored --nocapture"]
fn codec_speed() {
    let call = Message::json("a2a/v1/servers/files/tools/read/call", vec![b'x'; 200])
        .with_response("a2a/v1/clients/0123456789abcdef/answers", vec![7; 16]);
    let traced =
        call.clone().with_user("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let plain = Message::new("sensors/kitchen/temperature", vec![b'x'; 20]);
    for (name, message) in
        [("plain, 20 bytes", plain), ("call, 200 bytes", call), ("call with a trace", traced)]
    {
        let mut out = BytesMut::with_capacity(PACKETS * 1024);
        let ours_encode = best(|| {
            out.clear();
            let begin = Instant::now();
            (0..PACKETS).for_each(|_| encode::publish(&mut out, black_box(&message), 7, false, None));
            begin.elapsed()
        });
        let theirs_encode = best(|| {
            out.clear();
            let begin = Instant::now();
            for _ in 0..PACKETS {
                super::rumqttc::publish(black_box(&message), 7, false, &[]).write(&mut out).unwrap();
            }
            begin.elapsed()
        });
        let ready = super::rumqttc::publish(&message, 7, false, &[]);
        let theirs_write = best(|| {
            out.clear();
            let begin = Instant::now();
            for _ in 0..PACKETS {
                black_box(&ready).write(&mut out).unwrap();
            }
            begin.elapsed()
        });
        let packet = written(|out| {
            super::rumqttc::publish(&message, 7, false, &[2_097_153]).write(out).unwrap();
        });
        let input = packet.repeat(PACKETS);
        let ours_decode = best(|| {
            let mut buffer = BytesMut::from(&input[..]);
            let begin = Instant::now();
            while let Some(packet) = decode(&mut buffer, MOST).unwrap() {
                drop(black_box(packet));
            }
            begin.elapsed()
        });
        let theirs_decode = best(|| {
            let mut buffer = BytesMut::from(&input[..]);
            let begin = Instant::now();
            while let Ok(packet) = theirs::Packet::read(&mut buffer, None) {
                drop(black_box(packet));
            }
            begin.elapsed()
        });
        println!(
            "{name}: encode {ours_encode} ns (rumqttc {theirs_encode} with the conversion, {theirs_write} without), \
             decode {ours_decode} ns (rumqttc {theirs_decode})"
        );
    }
    let pubacks = written(|out| (0..PACKETS).for_each(|_| encode::puback(out, 7, 0)));
    let ours = best(|| {
        let mut buffer = pubacks.clone();
        let begin = Instant::now();
        while let Some(packet) = decode(&mut buffer, MOST).unwrap() {
            drop(black_box(packet));
        }
        begin.elapsed()
    });
    let theirs = best(|| {
        let mut buffer = pubacks.clone();
        let begin = Instant::now();
        while let Ok(packet) = theirs::Packet::read(&mut buffer, None) {
            drop(black_box(packet));
        }
        begin.elapsed()
    });
    println!("PUBACK: decode {ours} ns (rumqttc {theirs})");
}
