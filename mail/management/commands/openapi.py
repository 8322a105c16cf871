import json
from typing import Any

from django.core.management.base import BaseCommand

from mail.api.main import api


class Command(BaseCommand):
    help = "Print the API's OpenAPI document, as docs/openapi.json holds it."

    def handle(self, **_: Any) -> None:
        self.stdout.write(json.dumps(api.get_openapi_schema(), indent=2, ensure_ascii=False))
