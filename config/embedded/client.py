"""The ``dbshell`` command with the embedded psql."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db.backends.postgresql import client

from config.embedded.binaries import program
from config.embedded.server import ensure_running


class DatabaseClient(client.DatabaseClient):
    """Runs the psql that belongs to the server, on a server that runs."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        """Return the arguments and environment of psql; raises EmbeddedPostgresError."""
        arguments, environment = super().settings_to_cmd_args_env(settings_dict, parameters)
        return [str(program("psql")), *arguments[1:]], environment

    def runshell(self, parameters: Iterable[str]) -> None:
        """Run psql, which this process outlives; raises EmbeddedPostgresError."""
        ensure_running(Path(self.connection.settings_dict["EMBEDDED_ROOT"]))
        super().runshell(parameters)
