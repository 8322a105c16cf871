"""The shapes of requests and answers, as the OpenAPI document shows them."""

import re
from datetime import datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive, make_aware
from ninja import Schema
from pydantic import (
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from mail import names
from mail.api import fields
from mail.models import Box, Draft, Post
from mail.search.query import MAX_LENGTH
from mail.services.account import MAX_TOKEN_NAME
from mail.services.sending import MAX_RECIPIENTS

HOST = "https://mail.example.org/postapi"


def _iso(value: object) -> object:
    """Seconds since 1970, which would pass for a time, are none here."""
    if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\dT", value):
        raise PydanticCustomError(fields.MOMENT, "no time")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_iso)]


def _beginning(value: object) -> object:
    """Read a day, which begins at midnight in the person's zone, or a time with or without zone."""
    try:
        moment = _read(str(value))
        if moment is not None:
            return make_aware(moment) if is_naive(moment) else moment
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError(fields.DAY, "no day and no time")


def _read(text: str) -> datetime | None:
    if len(text) == DAY_LENGTH and (day := parse_date(text)):
        return datetime.combine(day, time())
    return parse_datetime(text) if "T" in text else None


DAY_LENGTH = len("2026-01-31")
DayOrMoment = Annotated[
    AwareDatetime,
    BeforeValidator(_beginning),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date"},
                {"type": "string", "format": "date-time"},
            ]
        }
    ),
]


# What a request names by its address; names and ids are taken, too.
Reference = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


def _one_error(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """One error for a field that takes texts and numbers, not one for each of them."""
    try:
        return handler(value)
    except ValidationError as error:
        if isinstance(value, str):
            first = error.errors(include_url=False)[0]
            raise PydanticCustomError(first["type"], "no text", first.get("ctx", {})) from None
        raise PydanticCustomError(fields.UID, "no uid") from None


Uid = Annotated[Reference | StrictInt, WrapValidator(_one_error)]
Url = Annotated[str, Field(json_schema_extra={"format": "uri"})]


def limits(**said: int) -> dict[str, JsonValue]:
    """Limits that the services keep, and only the document says: so that one place answers."""
    return {**said}


class Input(Schema):
    """A request's body: what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid")


class ProblemField(Schema):
    field: str = Field(description="Which field, parameter or header is wrong.")
    code: str = Field(description="A stable word for what is wrong.")
    detail: str = Field(description="What is wrong and what is allowed, in the reader's language.")


class Problem(Schema):
    """RFC 9457."""

    type: str
    title: str
    status: int
    code: str = Field(description="A stable word for the kind of problem.")
    detail: str = Field(description="A sentence for people, in their language.")
    errors: list[ProblemField] = Field([], description="The first twenty.")
    error_count: int = Field(0, description="For 422: how many fields are wrong.")
    request_id: str = Field("", description="For 500 alone: to find the request in the log.")


class Root(Schema):
    users: Url
    boxes: Url
    posts: Url
    delivered_posts: Url = Field(alias="delivered-posts")
    subscriptions: Url
    submissions: Url
    drafts: Url
    completions: Url
    muted_threads: Url = Field(alias="muted-threads")
    tokens: Url
    sessions: Url
    settings: Url
    deliver: Url
    audience: Url
    sync: Url
    move: Url
    mark_read: Url = Field(alias="mark-read")
    flag: Url
    delete: Url
    empty_trash: Url = Field(alias="empty-trash")
    documentation: Url
    actions: dict[str, Url] = Field(description="The same addresses of actions, by themselves.")


class UserOut(Schema):
    url: Url = Field(examples=[f"{HOST}/users/alice"])
    username: str = Field(examples=["alice"])
    name: str = Field(examples=["Alice Ames"], description="The full name; may be empty.")
    box: Url = Field(examples=[f"{HOST}/boxes/alice"])


class BoxOut(Schema):
    url: Url = Field(examples=[f"{HOST}/boxes/crew"])
    name: str = Field(examples=["crew"])
    kind: Literal["personal", "group", "everyone", "folder"]
    created: datetime
    description: str
    owner: Url | None = Field(description="Of a personal box and its folders.")
    join_policy: Literal["open", "manager"]
    post_policy: Literal["anyone", "members", "managers"]
    mandatory: bool = Field(description="Whether nobody can leave; staff say so.")
    state: str | None = Field(
        description="Of one's own boxes: give it to `changes` to learn what happened since."
    )
    unread: int | None = Field(description="Of one's own boxes: how many posts are unread.")
    total: int | None = Field(description="Of one's own boxes: how many posts are in it.")


class BoxIn(Input):
    name: str = Field(
        json_schema_extra=limits(minLength=1, maxLength=names.MAX_FULL),
        examples=["crew"],
        description="A new group's name, or `alice:projects` for a folder of alice's own.",
    )
    description: str = Field("", max_length=5000)
    join_policy: Box.JoinPolicy = Field(
        Box.JoinPolicy.OPEN, description="Who may join: anyone, or whom a manager adds."
    )
    post_policy: Box.PostPolicy = Field(
        Box.PostPolicy.ANYONE, description="Who may write to the group."
    )


class MembersIn(Input):
    people: list[Reference] = Field(
        examples=[[f"{HOST}/users/alice", "bob"]], description="Addresses, or usernames."
    )


class CompletionOut(Schema):
    """A box that one can write to."""

    box: Url = Field(examples=[f"{HOST}/boxes/alice"])
    name: str = Field(examples=["alice"])
    kind: Literal["personal", "group", "everyone"]
    full_name: str = Field(examples=["Alice Ames"], description="Of a person; may be empty.")
    size: int = Field(description="How many people it stands for, each counted once.")


class AudienceOut(Schema):
    people: int = Field(description="Each counted once, in however many of the boxes.")
    boxes: list[CompletionOut]
    unknown: list[str] = Field(description="What stands for nobody.")
    inactive: list[str] = Field(
        description="People whose account is deactivated: they are not counted, and get nothing."
    )


class AttachmentOut(Schema):
    url: Url = Field(examples=[f"{HOST}/attachments/0197a3f0-0000-7000-8000-000000000000"])
    id: UUID
    content: Url = Field(description="The file itself.")
    name: str = Field(examples=["minutes.pdf"])
    content_type: str = Field(
        examples=["application/pdf"], description="As its sender said; of an image, what it is."
    )
    size: int = Field(description="Bytes.")
    digest: str = Field(description="SHA-256 of the content, hexadecimal.")


class PostOut(Schema):
    url: Url = Field(examples=[f"{HOST}/posts/0197a3f0-0000-7000-8000-000000000000"])
    id: UUID
    sender: str = Field(examples=["alice"], description="The username.")
    sender_url: Url | None = Field(
        examples=[f"{HOST}/users/alice"], description="null where the person was deleted."
    )
    created: datetime
    subject: str = Field(examples=["Cake on Friday"])
    content_type: Literal["text/markdown", "text/plain"]
    body: str = Field(examples=["It is **good** cake."])
    body_html: str = Field(description="The body as safe HTML.")
    to: list[Url] = Field(examples=[[f"{HOST}/boxes/crew"]])
    cc: list[Url]
    in_reply_to: Url | None
    thread: UUID = Field(description="The same for all posts of a conversation.")
    attachments: list[AttachmentOut]


class RecallReportOut(Schema):
    """What a recall takes back from other people."""

    copies: int = Field(description="How many have the post in a box of theirs.")
    read: int = Field(description="How many of these have read it.")


ContentType = Literal["text/markdown", "text/x-markdown", "text/plain"]


class _Written(Input):
    subject: str = Field(
        "", json_schema_extra=limits(maxLength=Post.MAX_SUBJECT), examples=["Cake on Friday"]
    )
    body: str = Field(
        "",
        json_schema_extra=limits(maxLength=Post.MAX_BODY),
        examples=["It is **good** cake."],
        description=f"At most {Post.MAX_BODY} bytes of UTF-8.",
    )
    content_type: ContentType = "text/markdown"
    in_reply_to: Reference | None = Field(None, description="The post that this one answers.")


class PostIn(_Written):
    """A post that is stored without being delivered."""


_Boxes = Annotated[list[Reference], Field(json_schema_extra=limits(maxItems=MAX_RECIPIENTS))]


class DeliverIn(_Written):
    to: _Boxes = Field([], examples=[[f"{HOST}/boxes/crew"]])
    cc: _Boxes = Field([], description="Recipients who are shown as copied.")
    bcc: _Boxes = Field([], description="Recipients who are not shown.")
    forwarded: Reference | None = Field(
        None, description="The post that this one forwards: one's copies of it are marked so."
    )


class DeliveredPostOut(Schema):
    id: str = Field(examples=["7.42"], description="The box's number and the post's uid in it.")
    url: Url = Field(examples=[f"{HOST}/delivered-posts/7.42"])
    box: Url
    post: Url
    created: datetime = Field(description="When the post was written.")
    delivered: datetime = Field(description="When it reached this box.")
    is_read: bool
    is_flagged: bool = Field(description="Marked by its reader, to be found again.")
    is_answered: bool
    sender: str = Field(examples=["alice"], description="The username.")
    sender_url: Url = Field(examples=[f"{HOST}/users/alice"])
    subject: str
    attachments: list[AttachmentOut]


class DeliveredPostIn(Input):
    box: Reference = Field(examples=[f"{HOST}/boxes/bob"])
    post: Reference = Field(examples=[f"{HOST}/posts/0197a3f0-0000-7000-8000-000000000000"])


def _absent() -> Any:
    """What a field that was left out holds: null is none of its values."""


class DeliveredPostPatch(Input):
    """At least one of them; what is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    is_read: StrictBool = Field(default_factory=_absent, examples=[True])
    is_flagged: StrictBool = Field(default_factory=_absent, examples=[True])

    @model_validator(mode="after")
    def _says_something(self) -> "DeliveredPostPatch":
        if not self.model_fields_set:
            raise PydanticCustomError(fields.NOTHING, "no field")
        return self


class AudienceIn(Input):
    boxes: list[Reference] = Field(max_length=1000, examples=[[f"{HOST}/boxes/crew"]])


class Delivered(Schema):
    posts: list[DeliveredPostOut]
    submission: Url


class SubscriptionOut(Schema):
    id: str = Field(examples=["7.3"], description="The numbers of target and source.")
    url: Url
    source: Url
    target: Url
    created: datetime
    watermark: Url | None = Field(description="The delivered post of the source served last.")
    muted: bool = Field(description="Whether what comes this way arrives read.")


class SubscriptionIn(Input):
    source: Reference = Field(
        description="The group whose posts shall be delivered.", examples=[f"{HOST}/boxes/crew"]
    )
    target: Reference | None = Field(
        None, description="Where to: one's own box when left out, or a group that one manages."
    )


class SubscriptionPatch(Input):
    watermark: Uid | None = Field(
        None,
        description="A delivered post of the source, or its uid: forward only.",
        examples=[f"{HOST}/delivered-posts/3.42"],
    )
    muted: StrictBool | None = Field(
        None, description="Whether what comes this way arrives read; of one's own box only."
    )


class SyncIn(Input):
    box: Reference = Field(examples=[f"{HOST}/boxes/alice"])


_Uids = Annotated[list[Uid], Field(min_length=1, max_length=1000)]


class Chosen(Input):
    """Some delivered posts of a box, all up to one, or all that a search finds."""

    box: Reference | None = Field(
        None,
        examples=[f"{HOST}/boxes/alice"],
        description="The box of `posts` or `up_to`. With `q` the only box that is searched; left "
        "out, all boxes of the person are.",
    )
    posts: _Uids | None = Field(
        None,
        description="Delivered posts of the box, or their uids.",
        examples=[[f"{HOST}/delivered-posts/7.42", 43]],
    )
    up_to: Uid | None = Field(None, description="Instead of `posts`: all up to and with this one.")
    q: str | None = Field(
        None,
        description="Instead of `posts`: what to look for, as in the list of delivered posts; it "
        "is not empty.",
        json_schema_extra=limits(minLength=1, maxLength=MAX_LENGTH),
    )
    seen: Annotated[list[Reference], Field(max_length=1000)] | None = Field(
        None,
        description="With `q`: the newest delivered post seen of each box. What came later stays, "
        "and so does all that lies in other boxes. Left out: all there is by now.",
        examples=[[f"{HOST}/delivered-posts/7.42", "9.3"]],
    )


class MoveIn(Chosen):
    to: Reference = Field(
        description="Another box of the same person.", examples=[f"{HOST}/boxes/alice:archive"]
    )


class Moved(Schema):
    changed: int = Field(description="How many were moved.")
    posts: list[Url] = Field(
        description="Where they are now, in the order of their old uids; after `up_to` and "
        "`q`, by which any number is moved, none is named."
    )


class MarkReadIn(Chosen):
    is_read: StrictBool = Field(default=True, description="false marks them unread.")


class FlagIn(Chosen):
    is_flagged: StrictBool = Field(default=True, description="false takes the flag away.")


class DeleteIn(Chosen):
    """What is to be removed for good."""


class EmptyTrashIn(Input):
    up_to: Uid = Field(
        description="The newest post of the trash that one has seen, or its uid.",
        examples=[f"{HOST}/delivered-posts/9.42", 42],
    )


class Changed(Schema):
    changed: int = Field(description="How many were changed by this.")


class Changes(Schema):
    since: str
    state: str = Field(description="To be given as `since` the next time.")
    has_more: bool = Field(description="Whether to ask again at once, with the new state.")
    added: list[Url]
    changed: list[Url]
    removed: list[Url]


class RecipientOut(Schema):
    box: Url | None = Field(description="null where the box is gone.")
    state: Literal["pending", "delivered", "failed", "withdrawn"] = Field(
        description="withdrawn: the post was recalled before it was delivered."
    )
    attempts: int
    next_attempt_at: datetime | None = Field(description="null where nothing is left to try.")
    code: Literal["", "unavailable", "gone"] = Field(description="Why it is not delivered.")
    error: str = Field(description="The code as a sentence.")


class SubmissionOut(Schema):
    url: Url
    post: Url
    state: Literal["accepted", "delivered", "failed"]
    created: datetime
    attempts: int
    undo_until: datetime = Field(description="Until when `undo` takes it back.")


class SubmissionDetail(SubmissionOut):
    recipients: list[RecipientOut]


_Kind = Literal["new", "reply", "forward"]


class DraftOut(Schema):
    url: Url = Field(examples=[f"{HOST}/drafts/0197a3f0-0000-7000-8000-000000000000"])
    id: UUID
    version: int = Field(description="Grows by one with every change.")
    created: datetime
    updated: datetime
    kind: _Kind
    in_reply_to: Url | None = Field(description="The post that it answers, or forwards.")
    to: list[Url] = Field(description="As written: whether they exist is seen when it is sent.")
    cc: list[Url]
    bcc: list[Url]
    subject: str = Field(examples=["Cake on Friday"])


class DraftDetail(DraftOut):
    content_type: Literal["text/markdown", "text/plain"]
    body: str = Field(examples=["It is **good** cake."])


class DraftIn(Input):
    """A draft as it is written so far: what is left out is empty."""

    to: list[Reference] = Field([], examples=[[f"{HOST}/boxes/crew"]])
    cc: list[Reference] = Field([], description="Recipients who are shown as copied.")
    bcc: list[Reference] = Field([], description="Recipients who are not shown.")
    subject: str = Field("", examples=["Cake on Friday"])
    body: str = Field(
        "",
        examples=["It is **good** cake."],
        description=f"All texts of a draft together have at most {Draft.MAX_SIZE} bytes of UTF-8.",
    )
    content_type: ContentType = "text/markdown"
    kind: _Kind = Field("new", description="Whether it answers or forwards `in_reply_to`.")
    in_reply_to: Reference | None = Field(
        None, description="The post that it answers or, with the kind `forward`, forwards."
    )


def _whole(value: object) -> object:
    """JSON knows one kind of number: 2.0 is 2."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Version = Annotated[StrictInt, Field(ge=1, le=2**31 - 1), BeforeValidator(_whole)]


class DraftPut(DraftIn):
    version: Version | None = Field(
        None,
        description="The version that this follows; left out by the first save, which makes it.",
    )


class TokenOut(Schema):
    url: Url
    name: str
    read_only: bool
    created: datetime
    expires: datetime | None
    last_used: datetime | None


class TokenCreated(TokenOut):
    secret: str = Field(description="Shown this once: keep it.", examples=["opost_…"])


class TokenIn(Input):
    name: str = Field(
        json_schema_extra=limits(minLength=1, maxLength=MAX_TOKEN_NAME), examples=["backup script"]
    )
    read_only: StrictBool = Field(
        default=False, description="The token can read, and change nothing."
    )
    expires: Moment | None = Field(None, description="When it ends; null: never.")


def errors_of(*statuses: int) -> dict[int, Any]:
    """Problems that an operation can answer with, besides those that every one can."""
    if 413 in statuses:  # noqa: PLR2004 - with a body
        statuses = (*statuses, 411)
    return dict.fromkeys(sorted({*statuses, 400, 401, 406, 429, 500}), Problem)
