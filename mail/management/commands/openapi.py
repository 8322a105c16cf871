import json
from typing import Any

from django.core.management.base import BaseCommand

from mail.api.main import api

EXPANDED = 3  # levels: what lies deeper, an operation or a schema, is one line


class Command(BaseCommand):
    help = "Print the API's OpenAPI document, as docs/openapi.json holds it."

    def handle(self, **_: Any) -> None:
        self.stdout.write(reviewable(api.get_openapi_schema()))


def reviewable(node: Any, level: int = 0) -> str:
    """Return a document as JSON of which a change shows as the lines of what it changes."""
    if not isinstance(node, dict) or not node or level == EXPANDED:
        return json.dumps(node, ensure_ascii=False)
    indent = "  " * (level + 1)
    lines = (f"{indent}{json.dumps(key)}: {reviewable(node[key], level + 1)}" for key in node)
    return "{\n" + ",\n".join(lines) + "\n" + indent[2:] + "}"
