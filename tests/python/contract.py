"""What MQTT.Agent v0.1 says of each message, as checks that know no additions: a field that v0.1 doesn't name is passed over.

Each check raises `Violation` with what is wrong. Those of the A2A profile hold where the public text is silent to what
v0.1 peers have sent each other.
"""

import json
from datetime import datetime


class Violation(Exception):
    """A message that a strict v0.1 peer cannot take."""


def need(holds, what):
    if not holds:
        raise Violation(what)


def field(message, name, kind, where):
    need(name in message, f"{where}: no `{name}` in {message}")
    value = message[name]
    # In Python a bool is an int as well.
    fits = isinstance(value, kind) and not (kind is not bool and isinstance(value, bool))
    need(fits, f"{where}: `{name}` is {value!r}")
    return value


def optional(message, name, kind, where):
    return field(message, name, kind, where) if name in message else None


def texts(message, name, where):
    values = field(message, name, list, where)
    need(all(isinstance(value, str) for value in values), f"{where}: `{name}` is {values!r}")
    return values


def moment(message, name, where):
    text = field(message, name, str, where)
    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise Violation(f"{where}: `{name}` is no RFC 3339: {text!r}") from error


def read(message, retained=False):
    """The JSON of a message, and whether its properties are those of one."""
    where = message.topic
    need(message.qos == 1 or "/stream/" in where, f"{where}: QoS {message.qos}")
    need(retained or not message.retain, f"{where}: retained")
    content_type = getattr(message.properties, "ContentType", None)
    need(content_type == "application/json", f"{where}: content type {content_type!r}")
    try:
        body = json.loads(message.payload.decode("utf-8"))
    except ValueError as error:
        raise Violation(f"{where}: no JSON: {error}") from error
    need(isinstance(body, dict), f"{where}: no object: {body!r}")
    return body


def online(card, where):
    status = field(card, "status", str, where)
    need(status in ("online", "offline"), f"{where}: `status` is {status!r}")
    return status == "online"


def tool_card(card, where):
    need(card.get("version") == "1", f"{where}: `version` is {card.get('version')!r}")
    need(field(card, "tool", str, where) == where.split("/")[-2], f"{where}: it is of {card['tool']!r}")
    for name in ("server", "namespace", "description"):
        field(card, name, str, where)
    schema = field(card, "input_schema", dict, where)
    need(schema.get("type") == "object", f"{where}: arguments are {schema.get('type')!r}")
    optional(card, "output_schema", dict, where)
    field(card, "supports_streaming", bool, where)
    field(card, "requires_auth", bool, where)
    if "allowed_callers" in card:
        texts(card, "allowed_callers", where)
    versions = field(card, "version_info", dict, where)
    field(versions, "sdk", str, where)
    moment(card, "last_seen", where)
    return online(card, where)


def server_card(card, where):
    need(card.get("version") == "1", f"{where}: `version` is {card.get('version')!r}")
    need(field(card, "server", str, where) == where.split("/")[-2], f"{where}: it is of {card['server']!r}")
    field(card, "namespace", str, where)
    texts(card, "tools", where)
    moment(card, "last_seen", where)
    return online(card, where)


def call(call, message, namespace):
    where = message.topic
    call_id = field(call, "call_id", str, where)
    field(call, "arguments", dict, where)
    client = field(call, "client", str, where)
    moment(call, "timestamp", where)
    reply = getattr(message.properties, "ResponseTopic", None)
    need(reply == f"{namespace}/mcp/clients/{client}/responses", f"{where}: response topic {reply!r}")
    correlation = getattr(message.properties, "CorrelationData", None)
    need(correlation == call_id.encode(), f"{where}: correlation data {correlation!r}")
    return call_id, call["arguments"]


ERRORS = ("invalid_arguments", "unauthorized", "tool_error", "timeout", "unavailable")


def error(body, kinds, where):
    kind = field(body, "type", str, where)
    need(kinds is None or kind in kinds, f"{where}: error of type {kind!r}")
    field(body, "message", str, where)
    optional(body, "code", str, where)


def response(response, call_id, message):
    where = message.topic
    need(field(response, "call_id", str, where) == call_id, f"{where}: it answers {response['call_id']!r}")
    correlation = getattr(message.properties, "CorrelationData", None)
    need(correlation == call_id.encode(), f"{where}: correlation data {correlation!r}")
    elapsed = field(response, "elapsed_ms", (int, float), where)
    need(elapsed >= 0, f"{where}: `elapsed_ms` is {elapsed}")
    status = field(response, "status", str, where)
    if status == "ok":
        need("result" in response and "error" not in response, f"{where}: {response}")
    else:
        need(status == "error" and "result" not in response, f"{where}: {response}")
        error(field(response, "error", dict, where), ERRORS, where)


def stream(body, call_id, where):
    need(field(body, "call_id", str, where) == call_id, f"{where}: it is of {body['call_id']!r}")
    field(body, "seq", int, where)
    kind = field(body, "type", str, where)
    need(kind in ("partial", "done"), f"{where}: `type` is {kind!r}")
    optional(body, "content", str, where)
    need(kind == "done" or "content" in body or "data" in body, f"{where}: {body}")
    return kind


def agent_card(card, where):
    for name in ("name", "description"):
        field(card, name, str, where)
    texts(card, "capabilities", where)
    return online(card, where)


def agent_status(status, where):
    if "agent_id" in status:
        need(status["agent_id"] == where.split("/")[-2], f"{where}: it is of {status['agent_id']!r}")
    return online(status, where)


def task(task, agent, where):
    """What comes into the inbox of an agent that knows tasks and nothing else."""
    field(task, "task_id", str, where)
    field(task, "from", str, where)
    need(field(task, "to", str, where) == agent, f"{where}: it is for {task['to']!r}")
    optional(task, "type", str, where)
    optional(task, "title", str, where)
    moment(task, "created_at", where)
    for message in field(task, "messages", list, where):
        need(field(message, "role", str, where) in ("user", "agent"), f"{where}: {message}")
        field(message, "content", str, where)


TERMINAL = ("completed", "failed", "canceled", "rejected")


def result(result, task_id, agent, where):
    """What comes back to a delegator that asked for no updates."""
    need(field(result, "task_id", str, where) == task_id, f"{where}: it is of {result['task_id']!r}")
    status = field(result, "status", str, where)
    need(status in TERMINAL, f"{where}: `status` is {status!r}")
    need(field(result, "from", str, where) == agent, f"{where}: it is from {result['from']!r}")
    moment(result, "completed_at", where)
    if status == "completed":
        need("error" not in result, f"{where}: {result}")
    elif status in ("failed", "rejected"):
        error(field(result, "error", dict, where), None, where)
