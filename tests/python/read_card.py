"""Reads an A2A card from standard input with the public SDK's strict parser, and prints what it understood."""

import json
import sys

from a2a.types import AgentCard
from a2a.utils.proto_utils import validate_proto_required_fields
from google.protobuf import json_format

card = json_format.Parse(sys.stdin.read(), AgentCard(), ignore_unknown_fields=False)
validate_proto_required_fields(card)
json.dump(json_format.MessageToDict(card), sys.stdout)
