"""A delegator: gives tasks away and waits for some of them."""

import contract
from peer import NAMESPACE, Peer, new_id, now

peer = Peer(session_expiry=60)
results = {}
asked = {}


def on_result(message):
    result = contract.read(message)
    task_id = result.get("task_id")
    contract.need(task_id in asked, f"a result of no task: {result}")
    agent, correlation = asked[task_id]
    contract.result(result, task_id, agent, message.topic)
    if correlation is not None:
        echoed = getattr(message.properties, "CorrelationData", None)
        contract.need(echoed == correlation, f"correlation data {echoed!r}")
    results.setdefault(task_id, []).append(result)


def give(request):
    agent, task_id = request["agent"], new_id()
    waits = request["mode"] == "request"
    asked[task_id] = (agent, task_id.encode() if waits else None)
    task = {
        "task_id": task_id,
        "from": peer.name,
        "to": agent,
        "type": "task",
        "title": "A task",
        "messages": [{"role": "user", "content": request.get("text", ""), "timestamp": now()}],
        "status": "pending",
        "created_at": now(),
        "updated_at": now(),
    }
    task.update(request.get("also", {}))
    topic = f"{NAMESPACE}/tasks/{task_id}/result"
    if waits:
        peer.subscribe(topic, on_result)
    peer.publish(
        f"{NAMESPACE}/tasks/{agent}/inbox",
        task,
        response=topic if waits else None,
        correlation=task_id.encode() if waits else None,
    )
    ended = peer.until(lambda: task_id in results)
    if waits:
        peer.unsubscribe(topic)
    return {"result": results[task_id][0] if ended else None}


def answer(request):
    if "count" in request:
        return {"results": {task_id: len(all) for task_id, all in results.items()}}
    return give(request)


peer.subscribe(f"{NAMESPACE}/tasks/{peer.name}/results", on_result)
peer.run(answer)
peer.stop()
