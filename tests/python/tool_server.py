"""A server of the tools `add`, `count` and `odd`. `odd` answers with whatever its caller wants to be answered with."""

import contract
from peer import NAMESPACE, Peer, now

SERVER = {"version": "1", "namespace": NAMESPACE, "version_info": {"sdk": "python"}}
name = __import__("sys").argv[2]
server_topic = f"{NAMESPACE}/mcp/servers/{name}/card"


def server_card(status):
    return {**SERVER, "server": name, "tools": ["add", "count", "odd"], "status": status, "last_seen": now()}


peer = Peer(will=(server_topic, server_card("offline")))
ran = []


def tool_card(tool, status):
    # With `null` for what it has not, as many a serializer writes.
    return {
        **SERVER,
        "tool": tool,
        "server": name,
        "description": f"The tool {tool}.",
        "input_schema": {"type": "object"},
        "output_schema": None,
        "supports_streaming": tool == "count",
        "requires_auth": False,
        "allowed_callers": None,
        "version_info": {"sdk": "python", "tool": 1},
        "status": status,
        "last_seen": now(),
        "title": None,
        "tags": "none",
    }


def on_call(message):
    call_id, arguments = contract.call(contract.read(message), message, NAMESPACE)
    tool = message.topic.split("/")[-2]
    ran.append(call_id)
    reply = {"response": None, "correlation": message.properties.CorrelationData}

    def respond(body, raw=False):
        peer.publish(message.properties.ResponseTopic, body, raw=raw, correlation=reply["correlation"])

    if tool == "add":
        result = arguments["a"] + arguments["b"]
        respond({"call_id": call_id, "status": "ok", "result": result, "error": None, "elapsed_ms": 0.5})
    elif tool == "count":
        for i in range(arguments["n"]):
            stream = f"{NAMESPACE}/mcp/tools/count/stream/{call_id}"
            peer.publish(stream, {"call_id": call_id, "seq": i, "type": "partial", "content": None, "data": i})
        respond({"call_id": call_id, "status": "ok", "result": arguments["n"], "elapsed_ms": None})
    elif "raw" in arguments:
        respond(arguments["raw"], raw=True)
    else:
        respond({"call_id": call_id, **arguments["answer"]})


def answer(request):
    if "ran" in request:
        return {"ran": ran}
    return {}


for tool in ("add", "count", "odd"):
    peer.subscribe(f"$share/mcp-tool-{tool}/{NAMESPACE}/mcp/tools/{tool}/call", on_call)
peer.publish(server_topic, server_card("online"), retain=True)
for tool in ("add", "count", "odd"):
    peer.publish(f"{NAMESPACE}/mcp/tools/{tool}/card", tool_card(tool, "online"), retain=True)
peer.run(answer)
peer.stop()
