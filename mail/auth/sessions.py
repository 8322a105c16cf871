"""Sessions that know whose they are: what Django documents for extending its own."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import auth
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from mail.models import Session

USER_AGENT, STARTED, SEEN = "user_agent", "started", "seen"
MAX_USER_AGENT = 300  # characters
SEEN_NOTED = timedelta(hours=1)  # not at every request


class SessionStore(DatabaseStore):
    """Stores beside each session's data who is signed in, with what, since when, and still."""

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
        made.started, made.last_seen = data.get(STARTED), data.get(SEEN)
        return made

    def note_use(self) -> None:
        """Note that somebody uses it, from when on it lives its whole time once more."""
        now, seen = timezone.now(), self.get(SEEN)
        if seen is None or datetime.fromisoformat(seen) < now - SEEN_NOTED:
            self[SEEN] = now.isoformat()
