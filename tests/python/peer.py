"""A peer in another language: paho-mqtt, one line of JSON for each thing that it is asked and says.

A message that breaks v0.1 is said with the next answer, and makes the process end with an error.
"""

import json
import queue
import sys
import threading
import uuid
from datetime import datetime, timezone
from urllib.parse import urlparse

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contract import Violation

NAMESPACE = "a2a/v1"
SOON = 10


def now():
    return datetime.now(timezone.utc).isoformat()


def new_id():
    return str(uuid.uuid4())


def say(line):
    print(json.dumps(line), flush=True)


class Peer:
    """A connection of one's own, and what came over it."""

    def __init__(self, will=None, session_expiry=0):
        url, self.name = sys.argv[1:3]
        address = urlparse(url)
        self.violations = []
        self._waiting = {}
        self._inbox = queue.Queue()
        self._handlers = []
        self._connected = threading.Event()
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=self.name, protocol=mqtt.MQTTv5)
        client.on_connect = lambda *_: self._connected.set()
        client.on_subscribe = lambda _client, _data, mid, reasons, _properties: self._granted(mid, reasons)
        client.on_message = lambda _client, _data, message: self._inbox.put(message)
        if will:
            topic, payload = will
            client.will_set(topic, json.dumps(payload), qos=1, retain=True, properties=_json(PacketTypes.WILLMESSAGE))
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = session_expiry
        self.client = client
        self._lock = threading.Condition()
        client.connect(address.hostname, address.port, clean_start=session_expiry == 0, properties=properties)
        client.loop_start()
        if not self._connected.wait(SOON):
            raise RuntimeError("the broker does not answer")

    def _granted(self, mid, reasons):
        with self._lock:
            self._waiting[mid] = reasons
            self._lock.notify_all()

    def subscribe(self, topic, handler):
        """Subscribes, waits for the grant, and has messages handled whose topic `mqtt` finds to match."""
        self._handlers.append((topic.split("/", 2)[2] if topic.startswith("$share/") else topic, handler))
        _, mid = self.client.subscribe(topic, options=mqtt.SubscribeOptions(qos=1))
        with self._lock:
            if not self._lock.wait_for(lambda: mid in self._waiting, SOON):
                raise RuntimeError(f"{topic} is not granted")
            reasons = self._waiting.pop(mid)
        if any(reason.is_failure for reason in reasons):
            raise RuntimeError(f"{topic} is refused")

    def unsubscribe(self, topic):
        self._handlers = [(known, handler) for known, handler in self._handlers if known != topic]
        self.client.unsubscribe(topic)

    def publish(self, topic, body, retain=False, response=None, correlation=None, raw=False):
        properties = _json(PacketTypes.PUBLISH)
        if response:
            properties.ResponseTopic = response
        if correlation is not None:
            properties.CorrelationData = correlation
        payload = body if raw else json.dumps(body)
        published = self.client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        # The loop's own thread cannot wait for itself.
        published.wait_for_publish(SOON)

    def handle(self, timeout):
        """Handles one message, if one comes in time."""
        try:
            message = self._inbox.get(timeout=timeout)
        except queue.Empty:
            return False
        try:
            for topic, handler in list(self._handlers):
                if mqtt.topic_matches_sub(topic, message.topic):
                    handler(message)
        except Violation as violation:
            self.violations.append(str(violation))
        return True

    def until(self, holds, timeout=SOON):
        """Handles messages until something holds; whether it did in time."""
        end = datetime.now().timestamp() + timeout
        while not holds():
            left = end - datetime.now().timestamp()
            if left <= 0 or not self.handle(left):
                return holds()
        return True

    def run(self, answer):
        """Says that it is ready, and answers line by line until there are no more."""
        lines = queue.Queue()

        def listen():
            for line in sys.stdin:
                lines.put(json.loads(line))
            lines.put(None)

        threading.Thread(target=listen, daemon=True).start()
        say({"ready": True})
        while True:
            self.handle(0.01)
            try:
                request = lines.get_nowait()
            except queue.Empty:
                continue
            if request is None:
                break
            try:
                said = answer(request)
            except Violation as violation:
                self.violations.append(str(violation))
                said = {}
            say({**said, "violations": self.violations})

    def stop(self):
        while self.handle(0):
            pass
        self.client.disconnect()
        self.client.loop_stop()
        if self.violations:
            print("\n".join(self.violations), file=sys.stderr)
            sys.exit(1)


def _json(packet):
    properties = Properties(packet)
    properties.ContentType = "application/json"
    properties.PayloadFormatIndicator = 1
    return properties
