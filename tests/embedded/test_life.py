"""Starting, sharing and stopping the server."""

import os
import signal
import stat
from pathlib import Path

import pytest

from config.embedded import locks
from config.embedded.paths import database_settings
from config.embedded.server import destroy, ensure_running, release_and_wait

from .support import DEADLINE, Site, eventually

pytestmark = pytest.mark.process


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def is_exclusive(path: Path) -> bool:
    lock = locks.open_lock(path)
    try:
        return not locks.try_lock(lock, locks.SHARED)
    finally:
        os.close(lock)


def test_settings_alone_touch_nothing(empty_site: Site) -> None:
    settings = database_settings(empty_site.root)
    assert settings["HOST"] == str(empty_site.paths.socket_dir)
    assert not empty_site.root.exists()
    assert not empty_site.paths.socket_dir.exists()


def test_first_start_of_two_at_once(empty_site: Site) -> None:
    users = [empty_site.start_user(), empty_site.start_user()]
    for user in users:
        user.ready()
    assert len(empty_site.keepers()) == 1
    assert empty_site.postmasters() == [empty_site.postmaster().pid]
    assert sorted(path.name for path in empty_site.root.iterdir()) == [
        "keeper.lock",
        "pgdata",
        "postgres.log",
        "users.lock",
    ]
    wanted = {
        "server_encoding": "UTF8",
        "data_checksums": "on",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "listen_addresses": "",
        "unix_socket_directories": str(empty_site.paths.socket_dir),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
    }
    assert {name: empty_site.sql(f"SHOW {name}")[0][0] for name in wanted} == wanted
    assert empty_site.sql(
        "SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding), current_user"
        " FROM pg_database WHERE datname = 'opost'"
    ) == [("b", "C.UTF-8", "UTF8", "opost")]
    assert mode(empty_site.paths.data_dir) == 0o700
    assert mode(empty_site.paths.socket_dir) == 0o700
    assert mode(empty_site.root) == 0o700


def test_stops_after_the_last_user_and_keeps_the_data(site: Site) -> None:
    first, second = site.user(), site.user()
    site.sql("CREATE TABLE t AS SELECT 42 AS n")
    server = site.postmaster()
    first.end()
    second.again()
    assert site.postmaster() == server
    second.end()
    eventually(site.is_stopped)
    assert "database system is shut down" in site.paths.log.read_text()
    site.user()
    assert site.sql("SELECT n FROM t") == [(42,)]


def test_a_user_that_comes_while_the_server_stops(site: Site) -> None:
    site.user().end()
    # Comes when the keeper has noticed, sees the stop through, and has a new server started.
    eventually(lambda: not site.paths.socket_dir.exists() or is_exclusive(site.paths.users_lock))
    site.user().again()
    assert site.sql("SELECT 1") == [(1,)]


def test_forked_child_keeps_the_server(site: Site) -> None:
    result = site.python(
        "import os, time\n"
        "gone = root / 'gone'\n"
        "from config.embedded.server import ensure_running\n"
        "ensure_running(root)\n"
        "if os.fork() == 0:\n"
        "    os.close(0); os.close(1); os.close(2)\n"
        "    while root.exists() and not gone.exists(): time.sleep(0.02)\n"
        "    os._exit(0)\n"
    )
    assert result.returncode == 0, result.stderr
    server = site.postmaster()
    user = site.user()  # comes while only the child has the server
    assert site.postmaster() == server
    (site.root / "gone").touch()
    user.end()
    eventually(site.is_stopped)


def test_release_and_wait(site: Site) -> None:
    ensure_running(site.root)
    other = site.user()
    assert release_and_wait(site.root) is False
    assert site.sql("SELECT 1") == [(1,)]
    ensure_running(site.root)
    other.end()
    assert release_and_wait(site.root) is True
    eventually(site.is_stopped)
    assert not site.postmasters()


def test_destroy_refuses_while_in_use(site: Site) -> None:
    user = site.user()
    code = "from config.embedded.__main__ import main\nsys.exit(main(['reset'], root))"
    assert "Nothing was deleted" in site.python(code, "n\n").stdout
    assert "Nothing was deleted" in site.python(code).stdout
    refused = site.python(code, "y\n")
    assert refused.returncode == 1
    assert "in use by another process" in refused.stderr
    assert site.sql("SELECT 1") == [(1,)]
    user.end()
    assert site.python(code, "y\n").returncode == 0
    assert not list(site.root.glob("pgdata*"))
    assert not site.postmasters()


def test_destroy_stops_a_server_without_keeper(site: Site) -> None:
    user = site.user()
    site.keepers()[0].kill()
    user.end()
    destroy(site.root)
    assert not site.paths.data_dir.exists()
    eventually(site.is_stopped)


def test_interrupt_reaches_the_user_only(site: Site) -> None:
    interrupted, other = site.user(), site.user()
    server, keeper = site.postmaster(), site.keepers()[0]
    # A terminal sends to the processes of its session, and these are in sessions of their own.
    assert os.getsid(keeper.pid) == os.getsid(server.pid) == keeper.pid
    os.killpg(interrupted.process.pid, signal.SIGINT)
    assert interrupted.process.wait(DEADLINE) != 0
    other.again()
    assert site.postmaster() == server
    assert site.keepers() == [keeper]


def test_log_is_cut_when_it_is_long(site: Site) -> None:
    site.paths.log.write_bytes(b"x" * 5_000_000)
    site.user()
    assert site.paths.log.stat().st_size < 100_000
