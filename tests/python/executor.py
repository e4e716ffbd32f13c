"""An agent that works on tasks. It knows v0.1 alone: whatever comes into its inbox is a task."""

import json
import sys

import contract
from peer import NAMESPACE, Peer, now

name = sys.argv[2]
CARD = f"{NAMESPACE}/agents/{name}/card"
STATUS = f"{NAMESPACE}/agents/{name}/status"


def status(word):
    return {"agent_id": name, "status": word, "last_seen": now()}


def card(word):
    return {"name": name, "description": "Works.", "capabilities": ["work"], "status": word, "endpoints": None}


peer = Peer(will=(STATUS, status("offline")), session_expiry=60)
ran = []
held = []
behaviour = {"answer": None, "hold": False}


def on_task(message):
    task = contract.read(message)
    contract.task(task, name, message.topic)
    ran.append({"task_id": task["task_id"], "messages": task["messages"], "type": task.get("type")})
    if behaviour["hold"]:
        held.append((task, message))
    else:
        finish(task, message)


def finish(task, message):
    said = " ".join(part["content"] for part in task["messages"])
    result = {
        "task_id": task["task_id"],
        "status": "completed",
        "result": {"said": said},
        "error": None,
        "from": name,
        "completed_at": now(),
    }
    shape = behaviour["answer"]
    body = json.dumps(result)
    if isinstance(shape, str):
        body = shape
    elif shape is not None:
        body = json.dumps({"task_id": task["task_id"], "from": name, **shape})
    reply = getattr(message.properties, "ResponseTopic", None) or f"{NAMESPACE}/tasks/{task['from']}/results"
    correlation = getattr(message.properties, "CorrelationData", None)
    peer.publish(reply, body, raw=True, correlation=correlation)


def answer(request):
    if "ran" in request:
        peer.until(lambda: len(ran) >= request["ran"])
        # What comes once too often comes soon.
        peer.until(lambda: len(ran) > request["ran"], timeout=request.get("wait", 0))
        return {"ran": ran}
    if "online" in request:
        for _ in range(request["online"]):
            peer.publish(STATUS, status("online"), retain=True)
    if "release" in request:
        for task, message in held:
            finish(task, message)
        held.clear()
    behaviour.update({key: request[key] for key in ("answer", "hold") if key in request})
    return {}


peer.publish(CARD, card("online"), retain=True)
peer.publish(STATUS, status("online"), retain=True)
peer.subscribe(f"{NAMESPACE}/tasks/{name}/inbox", on_task)
peer.run(answer)
peer.publish(CARD, card("offline"), retain=True)
peer.publish(STATUS, status("offline"), retain=True)
peer.stop()
