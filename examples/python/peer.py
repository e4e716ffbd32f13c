"""A peer of MQTT.Agent 0.1 in Python: serves the tool `reverse`, calls the tool `add`, delegates a task to `writer`.

    pip install paho-mqtt && python peer.py mqtt://localhost:1883
"""
import json, queue, sys, uuid
from datetime import datetime, timezone
from urllib.parse import urlparse

import paho.mqtt.client as mqtt
from paho.mqtt.properties import PacketTypes, Properties

NS, ME = "a2a/v1", "python-peer"
RESPONSES, RESULTS = f"{NS}/mcp/clients/{ME}/responses", f"{NS}/tasks/{ME}/results"
CALLS = f"{NS}/mcp/tools/reverse/call"
broker = urlparse(sys.argv[1])
granted, answers = queue.Queue(), queue.Queue()

def now():
    return datetime.now(timezone.utc).isoformat()

def publish(topic, body, response=None, correlation=None, retain=False):
    properties = Properties(PacketTypes.PUBLISH)
    properties.ContentType, properties.PayloadFormatIndicator = "application/json", 1
    if response:
        properties.ResponseTopic = response
    if correlation:
        properties.CorrelationData = correlation
    return client.publish(topic, json.dumps(body), qos=1, retain=retain, properties=properties)

def card(kind, name, **fields):
    common = {"version": "1", "server": ME, "namespace": NS, "status": "online", "last_seen": now()}
    return publish(f"{NS}/mcp/{kind}/{name}/card", {**common, **fields}, retain=True)

def on_message(_client, _data, message):
    body = json.loads(message.payload)
    if message.topic != CALLS:
        answers.put(body)
    elif not message.retain:
        answer = {"call_id": body["call_id"], "status": "ok", "result": body["arguments"]["text"][::-1], "elapsed_ms": 0}
        publish(message.properties.ResponseTopic, answer, correlation=message.properties.CorrelationData)

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=ME, protocol=mqtt.MQTTv5)
client.on_subscribe, client.on_message = lambda *_: granted.put(True), on_message
client.connect(broker.hostname, broker.port or 1883)
client.subscribe([(f"$share/mcp-tool-reverse/{CALLS}", 1), (RESPONSES, 1), (RESULTS, 1)])
client.loop_start()
granted.get(timeout=10)
schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
card("servers", ME, tools=["reverse"])
card("tools", "reverse", tool="reverse", description="Reverses a text.", input_schema=schema, supports_streaming=False,
     requires_auth=False)
call = {"call_id": str(uuid.uuid4()), "arguments": {"a": 1, "b": 2}, "client": ME, "timestamp": now()}
publish(f"{NS}/mcp/tools/add/call", call, response=RESPONSES, correlation=call["call_id"].encode())
print(json.dumps({"add": answers.get(timeout=30)["result"]}), flush=True)
message = {"role": "user", "content": "Write about brokers.", "timestamp": now()}
task = {"task_id": str(uuid.uuid4()), "from": ME, "to": "writer", "type": "write", "title": "", "messages": [message],
        "status": "submitted", "created_at": now()}
publish(f"{NS}/tasks/writer/inbox", task)
print(json.dumps({"task": answers.get(timeout=30)}), flush=True)
sys.stdin.read()  # Serves until its input ends.
card("servers", ME, tools=["reverse"], status="offline").wait_for_publish(5)
client.disconnect()
