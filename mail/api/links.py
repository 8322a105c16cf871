"""Canonical addresses of objects, and what requests mean by them."""

from functools import lru_cache
from urllib.parse import quote, unquote
from uuid import UUID

from django.http import HttpRequest

from mail import errors

ROOT = "/postapi/"


@lru_cache(maxsize=10_000)
def _quoted(name: str) -> str:
    """A name in an address; the same few stand on every page."""
    return quote(name, safe=":")


class Urls:
    """Makes absolute addresses as the client of one request sees them."""

    def __init__(self, request: HttpRequest) -> None:
        self.base = request.build_absolute_uri(ROOT)

    @staticmethod
    def quoted(text: str) -> str:
        """A text for use in an address or a header (RFC 5987)."""
        return quote(text, safe="")

    def collection(self, name: str) -> str:
        return f"{self.base}{name}"

    def user(self, username: str) -> str:
        return f"{self.base}users/{_quoted(username)}"

    def box(self, name: str) -> str:
        return f"{self.base}boxes/{_quoted(name)}"

    def post(self, post_id: UUID) -> str:
        return f"{self.base}posts/{post_id}"

    def delivered_post(self, box_id: int, uid: int) -> str:
        return f"{self.base}delivered-posts/{box_id}.{uid}"

    def subscription(self, target_id: int, source_id: int) -> str:
        return f"{self.base}subscriptions/{target_id}.{source_id}"

    def submission(self, submission_id: int) -> str:
        return f"{self.base}submissions/{submission_id}"

    def draft(self, draft_id: UUID) -> str:
        return f"{self.base}drafts/{draft_id}"

    def attachment(self, attachment_id: UUID) -> str:
        return f"{self.base}attachments/{attachment_id}"

    def muted_thread(self, thread: UUID) -> str:
        return f"{self.base}muted-threads/{thread}"

    def token(self, token_id: int) -> str:
        return f"{self.base}tokens/{token_id}"

    def session(self, handle: str) -> str:
        return f"{self.base}sessions/{handle}"

    def key(self, reference: str, collection: str, field: str) -> str:
        """The last part of an address of ours, or what was given where it is none.

        Raises ReferenceInvalid for addresses of other hosts and of other collections.
        """
        key = reference
        if "/" in reference:
            prefix = f"{ROOT}{collection}/"
            if not reference.startswith("/"):
                prefix = f"{self.base}{collection}/"
            key = unquote(reference.removeprefix(prefix))
            if key == reference or "/" in reference.removeprefix(prefix):
                key = ""
        if not key or "\0" in key:
            raise errors.ReferenceInvalid(
                field=field, given=reference[:200], example=f"{self.base}{collection}/…"
            )
        return key

    def post_id(self, reference: str, field: str) -> UUID:
        """The id of a post that was named; raises ReferenceInvalid."""
        key = self.key(reference, "posts", field)
        try:
            return UUID(key)
        except ValueError:
            raise errors.ReferenceInvalid(
                field=field, given=reference[:200], example=f"{self.base}posts/…"
            ) from None

    def uid(self, reference: str | int, box_id: int, field: str) -> int:
        """The uid in a box that a number, an id or an address names; raises ReferenceInvalid."""
        key = self.key(str(reference), "delivered-posts", field)
        if "." not in key:
            key = f"{box_id}.{key}"
        pair = pair_of(key)
        if pair is None or pair[0] != box_id:
            raise errors.ReferenceInvalid(
                field=field,
                given=str(reference)[:200],
                example=self.delivered_post(box_id, 1),
            )
        return pair[1]


_LARGEST = 2**63 - 1


def pair_of(key: str) -> tuple[int, int] | None:
    """The two numbers of an id like `7.42`, or None."""
    first, dot, second = key.partition(".")
    digits = first + second
    if not (dot and first and second and digits.isascii() and digits.isdigit()):
        return None
    if len(first) > 19 or len(second) > 19:  # noqa: PLR2004 - digits of a bigint
        return None
    pair = int(first), int(second)
    return pair if max(pair) <= _LARGEST else None
