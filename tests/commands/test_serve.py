"""`manage.py serve` as a newcomer meets it: in a checkout of its own, with nothing set."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 300  # seconds
pytestmark = pytest.mark.process


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("config", "mail", "templates", "static"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "manage.py", tmp_path)
    return tmp_path


@pytest.fixture
def port() -> int:
    """A free one that nobody gets by chance: those that are given out are higher."""
    while True:
        port = random.randrange(10_000, 30_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@pytest.fixture
def serve(checkout: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    with _serve(checkout, port) as process:
        yield process
        process.kill()


def _serve(checkout: Path, port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", str(port)],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "DEBUG": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _wait_for(process: subprocess.Popen[str], port: int) -> str:
    """Return the sign-in page once it is served; fail at once where the server has ended."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/sign-in/", timeout=5) as page:
                return str(page.read().decode())
        except OSError:
            if process.poll() is not None:
                raise AssertionError(process.communicate()[0]) from None
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _left_running(checkout: Path) -> list[list[str]]:
    found = []
    for process in psutil.process_iter(["cwd", "cmdline", "status"]):
        cwd = process.info["cwd"] or ""
        if cwd.startswith(str(checkout)) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process.info["cmdline"])
    return found


def test_starts_on_nothing_and_leaves_nothing(checkout, port, serve):
    assert "Sign in" in _wait_for(serve, port)
    assert len(_left_running(checkout)) > 2  # so that the last line can fail

    taken = _serve(checkout, port)
    said, _ = taken.communicate(timeout=PATIENCE)
    assert taken.returncode
    assert said.startswith(f"CommandError: Port {port} cannot be had")
    assert said.count("\n") == 1

    os.killpg(serve.pid, signal.SIGINT)  # what Ctrl-C does
    said, _ = serve.communicate(timeout=PATIENCE)
    assert serve.returncode == 0
    assert f"http://localhost:{port}" in said
    assert "udapost / admin123" in said
    assert "test" in said
    assert _left_running(checkout) == []

    with _serve(checkout, port) as again:
        try:
            assert "Sign in" in _wait_for(again, port)
            again.terminate()
            said, _ = again.communicate(timeout=PATIENCE)
            assert again.returncode == 0
            assert "udapost / admin123" in said
            assert _left_running(checkout) == []
        finally:
            again.kill()


def test_a_port_beyond_all_is_one_clear_line(checkout):
    process = _serve(checkout, 70_000)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode
    assert said.count("\n") == 1
    assert "70000" in said
