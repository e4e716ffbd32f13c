"""A watcher: sees cards and statuses of agents as they change, and believes nothing else."""

import contract
from peer import NAMESPACE, Peer

peer = Peer()
agents = {}
seen = []


def on_presence(message):
    agent, kind = message.topic.split("/")[-2:]
    known = agents.setdefault(agent, {})
    if not message.payload:
        known.pop(kind, None)
        return
    body = contract.read(message, retained=True)
    check = contract.agent_card if kind == "card" else contract.agent_status
    known[kind] = check(body, message.topic)
    seen.append([agent, kind, known[kind]])


def is_online(agent):
    known = agents.get(agent, {})
    return known.get("status", known.get("card", False))


def answer(request):
    agent, wanted = request["agent"], request["online"]
    in_time = peer.until(lambda: is_online(agent) == wanted and "status" in agents.get(agent, {}))
    return {"in_time": in_time, "seen": seen, "agent": agents.get(agent)}


peer.subscribe(f"{NAMESPACE}/agents/+/card", on_presence)
peer.subscribe(f"{NAMESPACE}/agents/+/status", on_presence)
peer.run(answer)
peer.stop()
