"""The Django database backend: PostgreSQL's, on the embedded server."""

from pathlib import Path
from typing import Any

from django.db.backends.postgresql import base
from django.db.utils import OperationalError

from config.embedded.client import DatabaseClient
from config.embedded.paths import EmbeddedPostgresError
from config.embedded.server import ensure_running


class DatabaseWrapper(base.DatabaseWrapper):
    """Starts the server when a connection is first wanted, so not by the settings alone."""

    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        """Return the parameters for a server that answers; raises OperationalError if none."""
        try:
            ensure_running(Path(self.settings_dict["EMBEDDED_ROOT"]))
        except EmbeddedPostgresError as error:
            # What Django's commands expect of a database that cannot be reached.
            raise OperationalError(str(error)) from error
        return super().get_connection_params()
