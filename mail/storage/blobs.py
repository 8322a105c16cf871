"""Contents of files in the storage: stored under a name that is used once, and then counted.

The file is written before its row and removed after it, both outside of any transaction. So a crash
leaves a file that no row names, which `strays` finds, and never a row without its file.
"""

import hashlib
import logging
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Protocol
from uuid import uuid4

from django.core.files import File
from django.core.files.storage import default_storage

from mail import errors
from mail.models import Blob
from mail.storage import file_types

logger = logging.getLogger(__name__)

CHUNK = 64 * 1024  # bytes
IN_MEMORY = 1024 * 1024  # bytes; what is larger waits on the disk


class Readable(Protocol):
    """What comes in, piece by piece."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Received:
    """A content that arrived: on this machine still, and in no row."""

    file: IO[bytes]
    digest: str
    size: int
    image_type: str


def receive(source: Readable, *, name: str, limit: int, too_large: errors.MailError) -> Received:
    """Read a content to its end; raises `too_large` beyond the limit, or StorageFailed.

    The caller closes its file.
    """
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - see above
    try:
        return _receive(source, file, limit, too_large)
    except OSError as error:
        file.close()
        logger.exception("An attachment could not be received")
        raise errors.StorageFailed(name=name) from error
    except BaseException:
        file.close()
        raise


def _receive(
    source: Readable, file: IO[bytes], limit: int, too_large: errors.MailError
) -> Received:
    digest, size, first = hashlib.sha256(), 0, b""
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise too_large
        if len(first) < file_types.FIRST:
            first += chunk[: file_types.FIRST]
        digest.update(chunk)
        file.write(chunk)
    file.seek(0)
    return Received(file, digest.hexdigest(), size, file_types.image_type(first))


def write(received: Received, *, name: str) -> str:
    """Put a content into the storage; says under which name. Raises StorageFailed."""
    path = f"{received.digest[:2]}/{received.digest}.{uuid4().hex[:12]}"
    received.file.seek(0)
    try:
        written: str = default_storage.save(path, File(received.file))
    except Exception as error:
        # Each storage has errors of its own.
        logger.exception("An attachment could not be stored")
        remove(path)
        raise errors.StorageFailed(name=name) from error
    return written


def remove(path: str) -> None:
    """Take a file out of the storage; what fails is found as a stray later."""
    try:
        default_storage.delete(path)
    except Exception:
        logger.exception("The file %s could not be removed", path)


def opened(blob: Blob, *, name: str) -> IO[bytes]:
    """A content to read from; raises FileMissing, also for one of another length."""
    try:
        file = default_storage.open(blob.file)
        size = file.size
    except Exception as error:
        logger.exception("The file of %s cannot be opened", blob)
        raise errors.FileMissing(name=name) from error
    if size != blob.size:
        file.close()
        logger.error("The file of %s has %d bytes instead of %d", blob, size, blob.size)
        raise errors.FileMissing(name=name)
    return file


def pieces(file: IO[bytes], size: int = CHUNK) -> Iterator[bytes]:
    """A content piece by piece; it is closed at the end."""
    with file:
        while piece := file.read(size):
            yield piece


def size_of(path: str) -> int | None:
    """How many bytes a file has; None if it is not there."""
    with suppress(Exception):
        return int(default_storage.size(path))
    return None


def damaged() -> Iterator[Blob]:
    """Contents whose file is gone, or has another length: each is looked at."""
    for blob in Blob.objects.order_by("pk").iterator():
        if size_of(blob.file) != blob.size:
            yield blob


def altered() -> Iterator[Blob]:
    """Contents whose file has another digest: each is read to its end."""
    for blob in Blob.objects.order_by("pk").iterator():
        with suppress(errors.FileMissing):
            digest = hashlib.sha256()
            for piece in pieces(opened(blob, name=blob.file)):
                digest.update(piece)
            if digest.hexdigest() != blob.pk:
                yield blob


def strays(*, before: datetime) -> Iterator[str]:
    """Files that no row names, from before a moment: others may be on their way to their row."""
    for prefix in _listed("", directories=True):
        paths = [f"{prefix}/{name}" for name in _listed(prefix)]
        known = set(
            Blob.objects.filter(file__startswith=f"{prefix}/").values_list("file", flat=True)
        )
        for path in paths:
            with suppress(FileNotFoundError):  # removed meanwhile
                if path not in known and default_storage.get_modified_time(path) < before:
                    yield path


def _listed(path: str, *, directories: bool = False) -> list[str]:
    try:
        found, files = default_storage.listdir(path)
    except FileNotFoundError:  # nothing was ever stored
        return []
    return found if directories else files
