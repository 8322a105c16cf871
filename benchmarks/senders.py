"""Threads in two processes that deliver as fast as they can, so that both of two cores work."""

import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import NamedTuple, Self
from uuid import UUID

from benchmarks.database import configure

PROCESSES = 2
WARM_UPS = 5  # deliveries of each thread before its window, so that statements are prepared


class Order(NamedTuple):
    """Deliver into a box (None: bare rows) with so many senders for so long."""

    box_id: int | None
    senders: int
    seconds: float


class Senders:
    """The processes, from the parent's side; each delivers posts that no other does."""

    def __init__(self, posts: Sequence[UUID]) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        for nr in range(PROCESSES):
            ours, theirs = spawning.Pipe()
            process = spawning.Process(target=work, args=(theirs, posts[nr::PROCESSES]))
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes:
            pipe.close()  # which ends the process
        for process in self._processes:
            process.join()

    def rate(self, order: Order) -> float:
        """Deliveries a second, all senders together."""
        share = order._replace(senders=order.senders // PROCESSES)
        for step in (share, "go"):
            for pipe in self._pipes:
                pipe.send(step)
            answers = [pipe.recv() for pipe in self._pipes]
        return float(sum(answers))


def work(pipe: Connection, posts: Sequence[UUID]) -> None:
    """Follow orders until the parent closes its end; the parent alone minds Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure()
    try:
        while True:
            pipe.send(_deliver(pipe, pipe.recv(), iter(posts)))
    except EOFError:
        return


def _deliver(pipe: Connection, order: Order, posts: Iterator[UUID]) -> float:
    """Warm up, say so, wait for the start, and say how many deliveries there were a second."""
    ready, start = threading.Barrier(order.senders + 1), threading.Barrier(order.senders + 1)
    deliver = _delivering(order.box_id)

    def send() -> float:
        for _ in range(WARM_UPS):
            deliver(next(posts))
        ready.wait()
        start.wait()
        return _rate(deliver, posts, order.seconds)

    with ThreadPoolExecutor(order.senders) as threads:
        running = [threads.submit(_with_connection, send) for _ in range(order.senders)]
        ready.wait()
        pipe.send(0.0)
        pipe.recv()
        start.wait()
        return sum(thread.result() for thread in running)


def _rate(deliver: Callable[[UUID], None], posts: Iterator[UUID], seconds: float) -> float:
    begin, number = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        deliver(next(posts))
        number += 1
    return number / (time.perf_counter() - begin)


def _with_connection(send: Callable[[], float]) -> float:
    """The thread's own connection goes back to the pool at its end."""
    from django.db import connection  # noqa: PLC0415 - after configure, like all below

    try:
        return send()
    finally:
        connection.close()


def _delivering(box_id: int | None) -> Callable[[UUID], None]:
    from benchmarks import world  # noqa: PLC0415
    from benchmarks.peers import bare  # noqa: PLC0415
    from mail.delivery.group_commit import insert_together  # noqa: PLC0415

    if box_id is None:
        return bare.insert
    boxes = [box_id]

    def deliver(post_id: UUID) -> None:
        if len(insert_together(world.delivered(post_id, boxes), boxes)) != 1:
            raise AssertionError("The post did not arrive.")

    return deliver
