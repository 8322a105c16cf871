"""Killed processes and numbers that belong to others."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import processes

from .support import DEADLINE, Site, eventually

pytestmark = pytest.mark.process


def test_killed_server_comes_back_with_its_data(site: Site) -> None:
    user = site.user()
    site.sql("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n")
    killed = site.postmaster()
    killed.kill()
    killed.wait(DEADLINE)  # until then it is not down
    user.again()
    assert site.postmasters() == [site.postmaster().pid]
    assert site.postmaster() != killed
    assert site.sql("SELECT count(*) FROM t") == [(1000,)]
    assert "automatic recovery in progress" in site.paths.log.read_text()


def test_everything_killed_at_once(site: Site) -> None:
    user = site.user()
    site.sql("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n")
    user.process.kill()
    site.crash()
    site.user()
    assert site.sql("SELECT count(*) FROM t") == [(1000,)]


def test_killed_users_let_the_server_stop(site: Site) -> None:
    users = [site.user(), site.user()]
    site.sql("CREATE TABLE t AS SELECT 42 AS n")
    for user in users:
        user.end(kill=True)
    eventually(site.is_stopped)
    site.user()
    assert site.sql("SELECT n FROM t") == [(42,)]
    assert "recovery" not in site.paths.log.read_text()


def test_running_server_is_adopted_after_its_keeper_was_killed(site: Site) -> None:
    first = site.user()
    server, keeper = site.postmaster(), site.keepers()[0]
    keeper.kill()
    second = site.user()
    assert site.postmasters() == [server.pid]
    assert [found.pid for found in site.keepers()] != [keeper.pid]
    first.end()
    second.again()
    assert site.postmaster() == server
    second.end()
    eventually(site.is_stopped)


def test_keeper_killed_while_it_creates_the_database(empty_site: Site) -> None:
    user = empty_site.start_user()
    eventually(lambda: list(empty_site.root.glob("pgdata*/base")))
    empty_site.keepers()[0].kill()
    user.ready()
    assert empty_site.sql("SELECT 1") == [(1,)]
    assert len(empty_site.keepers()) == 1


def test_server_that_fails_to_start_says_why(site: Site) -> None:
    with (site.paths.data_dir / "postgresql.conf").open("a") as configuration:
        configuration.write("no_such_setting = 1\n")
    message = site.refusal()
    assert "did not start" in message
    assert "no_such_setting" in message
    eventually(site.is_stopped)


@pytest.fixture
def foreigners(site: Site, tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that are not our server, though most look like it in one respect."""
    sleep = shutil.which("sleep") or ""
    copy = shutil.copy2(sleep, tmp_path / "postgres")
    found = [
        subprocess.Popen([sleep, "600"], cwd=tmp_path),
        subprocess.Popen([copy, "600"], cwd=tmp_path),
        subprocess.Popen(["postgres", "600"], executable=sleep, cwd=site.paths.data_dir),
    ]
    yield found
    for process in found:
        process.kill()
        process.wait()


def test_number_of_a_foreign_process(site: Site, foreigners: list[subprocess.Popen[bytes]]) -> None:
    user = site.user()
    site.sql("CREATE TABLE t AS SELECT 42 AS n")
    user.process.kill()
    crashed = str(site.crash())
    pid_file = site.paths.data_dir / "postmaster.pid"
    socket_lock = site.paths.socket_dir / ".s.PGSQL.5432.lock"
    old = {path: path.read_text() for path in (pid_file, socket_lock)}
    for process in foreigners:
        for path, text in old.items():
            path.write_text(text.replace(crashed, str(process.pid), 1))
        assert processes.postmaster(site.paths.data_dir) is None

    user = site.user()
    assert site.sql("SELECT n FROM t") == [(42,)]
    assert site.postmasters() == [site.postmaster().pid]
    user.end()
    eventually(site.is_stopped)
    assert [process.poll() for process in foreigners] == [None, None, None]
