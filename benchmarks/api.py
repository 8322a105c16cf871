"""Three endpoints of the API against the same in Django REST framework, on one server."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

from benchmarks import world
from benchmarks.measure import Contender, interleaved
from benchmarks.peers import original
from benchmarks.report import Table
from benchmarks.world import World
from mail import selectors, services
from mail.models import Box, DeliveredPost, User

CLIENTS = 4
GROUPS = 4
MAIL = 2_000  # posts in the reader's box
AT_LEAST = 3.0

type Request = tuple[str, str, str]  # method, path, body


def run(here: World, *, quick: bool) -> Table:
    reader, secret, post_id = _prepare(here)
    seconds, rounds = (0.5, 3) if quick else (2.0, 7)
    table = Table(
        "API",
        f"Requests a second of {CLIENTS} clients, in windows of {seconds:g} s, from gunicorn with "
        f"one process and {CLIENTS} threads; the reader has {MAIL:,} posts and {GROUPS + 1} "
        "subscriptions.",
    )
    letter = json.dumps({"to": [reader], "subject": "Minutes", "body": world.BODY})
    cases: dict[str, tuple[Request, Request]] = {
        "list of 50 delivered posts": (
            ("GET", f"/postapi/delivered-posts?boxname={reader}", ""),
            ("GET", "/peer/delivered-posts", ""),
        ),
        "one post": (
            ("GET", f"/postapi/posts/{post_id}", ""),
            ("GET", f"/peer/posts/{post_id}", ""),
        ),
        "deliver to one box": (
            ("POST", "/postapi/actions/deliver", letter),
            ("POST", "/peer/deliver", letter),
        ),
    }
    with server() as port:
        for case, (ours, theirs) in cases.items():
            opost, peer = (
                Contender(name, _rate(port, secret, request, seconds), is_rate=True)
                for name, request in (("Opost", ours), ("REST framework", theirs))
            )
            interleaved([opost, peer], rounds)
            table.compare(case, opost, peer, at_least=AT_LEAST)
    return table


def _prepare(here: World) -> tuple[str, str, UUID]:
    """A reader with the same mail in Opost's tables and in the peer's."""
    sources = [world.group(f"api {nr}", here.sender) for nr in range(GROUPS)]
    sources.append(Box.objects.get(kind=Box.Kind.EVERYONE))
    box = world.reader("api-reader", sources)
    services.mailbox.sync(box=box)
    world.fill(box, MAIL)
    rows = DeliveredPost.objects.filter(box=box).order_by("uid")
    original.Delivered.objects.bulk_create(
        original.Delivered(box_id=row.box_id, post_id=row.post_id, delivered=row.delivered)
        for row in rows
    )
    original.Subscribed.objects.bulk_create(
        original.Subscribed(source_id=source.pk, target_id=box.pk) for source in sources
    )
    world.tidy()
    user = User.objects.get(username="api-reader")
    _, secret = services.account.create_token(user=user, name="benchmark")
    return user.username, secret, selectors.mailbox.page(box).rows[0].post_id


@contextmanager
def server() -> Iterator[int]:
    """Gunicorn as in production, on a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"),
            *("--threads", str(CLIENTS), "--log-level", "warning"),
        ],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "benchmarks.web_settings"},
    )
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("The server does not answer.")


def _rate(port: int, secret: str, request: Request, seconds: float) -> Callable[[], list[float]]:
    """Requests a second of all clients together; an answer that is no success ends it all."""

    def measure() -> list[float]:
        with ThreadPoolExecutor(CLIENTS) as threads:
            counts = threads.map(lambda _: _ask(port, secret, request, seconds), range(CLIENTS))
            return [sum(counts) / seconds]

    return measure


def _ask(port: int, secret: str, request: Request, seconds: float) -> int:
    method, path, body = request
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    number, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{path}: {answer.status} {content[:500]!r}")
        number += 1
    connection.close()
    return number
