"""What a file of 100 MB costs a server in memory, up and down, beside one of 1 MB."""

import http.client
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID

import psutil

from benchmarks.api import server
from benchmarks.report import aligned
from benchmarks.world import World
from mail import services
from mail.models import Draft

MB = 1024 * 1024
SIZES = (1, 100)  # MB
AT_MOST = 16.0  # MB of memory more than before
EVERY = 0.005  # seconds between two looks at the memory
HEAD = ("case", "size", "time", "memory more than before", "target", "reached")


def run(here: World, *, quick: bool) -> str:  # noqa: ARG001 - it is as quick for both
    _, secret = services.account.create_token(user=here.sender, name="attachments")
    draft = services.drafts.save(owner=here.sender)
    rows: list[tuple[str, ...]] = [HEAD]
    with tempfile.TemporaryDirectory() as files, _kept_in(files), server() as port:
        client = _Client(port, secret)
        client.upload(draft.pk, 1)
        client.download()  # what is loaded once is no part of it
        for size in SIZES:
            rows.append(_row("upload", size, partial(client.upload, draft.pk, size)))
            rows.append(_row("download", size, client.download))
    Draft.objects.filter(pk=draft.pk).delete()
    note = (
        "In pieces, through gunicorn with one process. The memory is the most that its processes "
        f"held at any moment, looked at every {EVERY * 1000:g} ms."
    )
    return f"### Attachments\n\n{note}\n\n{aligned(rows)}\n"


@contextmanager
def _kept_in(directory: str) -> Iterator[None]:
    """The server that is started meanwhile keeps its files there."""
    os.environ["MEDIA_ROOT"] = directory
    try:
        yield
    finally:
        del os.environ["MEDIA_ROOT"]


def _row(case: str, size: int, work: Callable[[], object]) -> tuple[str, ...]:
    start = time.perf_counter()
    grown = _growth(work) / MB
    took = time.perf_counter() - start
    reached = "yes" if grown <= AT_MOST else "**no**"
    return case, f"{size} MB", f"{took:.2f} s", f"{grown:.1f} MB", f"≤ {AT_MOST:g} MB", reached


def _growth(work: Callable[[], object]) -> int:
    """By how many bytes the server grows at most while something is done."""
    processes = [p for p in psutil.Process().children(recursive=True) if _is_server(p)]
    before = most = _held(processes)
    over = threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(EVERY):
            most = max(most, _held(processes))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        over.set()
        watcher.join()
    return most - before


def _is_server(process: psutil.Process) -> bool:
    return any("gunicorn" in part for part in process.cmdline())


def _held(processes: list[psutil.Process]) -> int:
    return sum(int(process.memory_info().rss) for process in processes)


class _Client:
    """Sends and takes files as a program would; an answer that is no success ends it all."""

    def __init__(self, port: int, secret: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._content = ""  # the address of what was sent last

    def upload(self, draft_id: UUID, size: int) -> None:
        """Send a new file of so many MB."""
        piece = os.urandom(MB)
        answer = self._ask(
            "POST",
            f"/postapi/drafts/{draft_id}/attachments?name={size}.bin",
            (piece for _ in range(size)),
            {"Content-Type": "application/octet-stream", "Content-Length": str(size * MB)},
        )
        self._content = json.loads(answer.read())["content"].partition(str(self._port))[2]

    def download(self) -> None:
        """Take what was sent last."""
        answer = self._ask("GET", self._content)
        while answer.read(MB):
            pass

    def _ask(
        self,
        method: str,
        path: str,
        body: Iterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        connection.request(method, path, body, self._headers | (headers or {}))
        answer = connection.getresponse()
        if answer.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{path}: {answer.status} {answer.read()[:500]!r}")
        return answer
