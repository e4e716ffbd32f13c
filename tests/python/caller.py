"""A caller: lists tools, calls them, and reads their streams."""

import contract
from peer import NAMESPACE, Peer, new_id, now

peer = Peer()
RESPONSES = f"{NAMESPACE}/mcp/clients/{peer.name}/responses"
tools = {}
answers = {}


def on_card(message):
    if not message.payload:
        tools.pop(message.topic.split("/")[-2], None)
        return
    card = contract.read(message, retained=True)
    check = contract.tool_card if "/tools/" in message.topic else contract.server_card
    online = check(card, message.topic)
    if "/tools/" in message.topic:
        tools[card["tool"]] = {"description": card["description"], "online": online, "schema": card["input_schema"]}


def on_response(message):
    response = contract.read(message)
    contract.response(response, response.get("call_id"), message)
    answers.setdefault(response["call_id"], []).append(response)


def call(request):
    call_id = new_id()
    partials, ends = [], []

    def on_stream(message):
        body = contract.read(message)
        if contract.stream(body, call_id, message.topic) == "done":
            ends.append(body["seq"])
        else:
            contract.need(not ends, "a partial result after the end")
            partials.append(body.get("content", body.get("data")))

    stream = f"{NAMESPACE}/mcp/tools/{request['call']}/stream/{call_id}"
    if request.get("stream"):
        peer.subscribe(stream, on_stream)
    body = {"call_id": call_id, "arguments": request.get("arguments", {}), "client": peer.name, "timestamp": now()}
    body.update(request.get("also", {}))
    peer.publish(
        f"{NAMESPACE}/mcp/tools/{request['call']}/call", body, response=RESPONSES, correlation=call_id.encode()
    )
    answered = peer.until(lambda: call_id in answers)
    if request.get("stream"):
        contract.need(ends, "no end of the partial results before the result")
        peer.unsubscribe(stream)
    return {"answer": answers[call_id][0] if answered else None, "partials": partials}


def answer(request):
    if "tools" in request:
        wanted = request["tools"]
        peer.until(lambda: all(tools.get(tool, {}).get("online") for tool in wanted))
        return {"tools": tools}
    return call(request)


peer.subscribe(f"{NAMESPACE}/mcp/servers/+/card", on_card)
peer.subscribe(f"{NAMESPACE}/mcp/tools/+/card", on_card)
peer.subscribe(RESPONSES, on_response)
peer.run(answer)
peer.stop()
