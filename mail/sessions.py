"""Sessions that know whose they are: what Django documents for extending its own."""

from typing import Any

from django.contrib import auth
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from mail.models import Session

USER_AGENT, STARTED = "user_agent", "started"
MAX_USER_AGENT = 300  # characters


class SessionStore(DatabaseStore):
    """Stores beside each session's data who is signed in, with what, and since when."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Where they are stored."""
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """The row of a session: it is read by others than its own browser."""
        made = super().create_model_instance(data)
        assert isinstance(made, Session)  # noqa: S101 - as get_model_class says; for the types
        made.user_id = data.get(auth.SESSION_KEY)
        made.user_agent = data.get(USER_AGENT, "")
        made.started = data.get(STARTED)
        return made
