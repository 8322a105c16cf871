"""Django on the embedded server, each time in a process of its own."""

import pytest

from .support import Site, eventually

pytestmark = pytest.mark.process

SETUP = """
import os
import django
from django.conf import settings
from config.embedded.paths import database_settings
settings.configure(DATABASES={"default": database_settings(root)})
django.setup()
from django.core.management import call_command
from django.db import connection
"""


def test_first_query_starts_the_server(site: Site) -> None:
    result = site.python(
        SETUP + "assert not (root / 'users.lock').exists()\n"
        "with connection.cursor() as cursor:\n"
        "    cursor.execute('SELECT current_database()')\n"
        "    print(cursor.fetchone()[0], connection.vendor)\n"
        "connection.close(); connection.close_pool()\n"
    )
    assert result.stdout == "opost postgresql\n", result.stderr
    eventually(site.is_stopped)


def test_test_database(site: Site) -> None:
    result = site.python(
        SETUP + "name = connection.creation.create_test_db(verbosity=0)\n"
        "print(name)\n"
        "connection.creation.destroy_test_db('opost', verbosity=0)\n"
    )
    assert result.stdout == "test_opost\n", result.stderr


def test_dbshell_uses_the_embedded_psql(site: Site) -> None:
    result = site.python(
        SETUP + "os.environ['PATH'] = ''\n"
        "call_command('dbshell', '--', '-Atc', 'SELECT 6 * 7, version()')\n"
    )
    assert result.stdout.startswith("42|PostgreSQL 18."), result.stderr


def test_psql_command(site: Site) -> None:
    result = site.python(
        "from config.embedded.__main__ import main\n"
        "sys.exit(main(['psql', '-At', '-c', 'SELECT 6 * 7'], root))"
    )
    assert (result.stdout, result.returncode) == ("42\n", 0), result.stderr


def test_server_that_cannot_start_is_an_operational_error(site: Site) -> None:
    (site.paths.data_dir / "PG_VERSION").write_text("9\n")
    result = site.python(
        SETUP + "from django.db import OperationalError\n"
        "try: connection.ensure_connection()\n"
        "except OperationalError as error: print(error)\n"
    )
    assert "make reset" in result.stdout, result.stderr
