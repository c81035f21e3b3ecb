"""Print which of the resource types, a JSON list on the standard input, have settings of encryption in AWS's schemas.

Run by the tests in an environment that has the schemas.
"""

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

SETTING = re.compile("kms|encrypt", re.IGNORECASE)


def properties(node: dict[str, Any]) -> Iterator[str]:
    """The names of all properties in a schema, however deep."""
    yield from node.get("properties", {})
    for below in node.values():
        if isinstance(below, dict):
            yield from properties(below)


if __name__ == "__main__":
    schemas = {kind: PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind) for kind in json.load(sys.stdin)}
    print(json.dumps([kind for kind, told in schemas.items() if any(map(SETTING.search, properties(told.schema)))]))
