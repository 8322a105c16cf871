"""What the tests and the browser tests share: the database server, quick passwords, files."""

from pathlib import Path

import pytest
from django.conf import settings as django_settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from config.embedded.paths import DEFAULT_ROOT, database_settings
from config.embedded.server import start_throwaway

# How quick a machine is says nothing about the code that is tested.
hypothesis_settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("untimed")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, worker_id: str
) -> None:
    """Give each process of a test run an embedded server of its own, which need not survive it.

    What transactions see of each other, locks and counts of connections then are its tests' alone.
    A server that DATABASE_URL names is shared: there each process has a database.
    """
    from django.db import connection  # noqa: PLC0415 - Django is set up by now

    if django_settings.DATABASES["default"]["ENGINE"] == "config.embedded":
        root = DEFAULT_ROOT / "test" / worker_id
        start_throwaway(root)
        place = database_settings(root)
        connection.settings_dict.update({key: place[key] for key in ("HOST", "EMBEDDED_ROOT")})


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def files(settings, tmp_path: Path) -> Path:
    """Where attachments are kept: of each test alone."""
    path = tmp_path / "files"
    settings.MEDIA_ROOT = path
    return path
