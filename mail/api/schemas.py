"""The shapes of requests and answers, as the OpenAPI document shows them."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

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
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from mail import names
from mail.api import fields
from mail.models import Box, Post
from mail.services import MAX_RECIPIENTS, MAX_TOKEN_NAME

HOST = "https://mail.example.org/postapi"


def _iso(value: object) -> object:
    """Seconds since 1970, which would pass for a time, are none here."""
    if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\dT", value):
        raise PydanticCustomError(fields.MOMENT, "no time")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_iso)]


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
    errors: list[ProblemField] = []
    request_id: str = Field("", description="For 500 alone: to find the request in the log.")


class Root(Schema):
    users: Url
    boxes: Url
    posts: Url
    delivered_posts: Url = Field(alias="delivered-posts")
    subscriptions: Url
    submissions: Url
    tokens: Url
    deliver: Url
    sync: Url
    move: Url
    mark_read: Url = Field(alias="mark-read")
    documentation: Url


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
    state: str | None = Field(
        description="Of one's own boxes: give it to `changes` to learn what happened since."
    )
    unread: int | None = Field(description="Of one's own boxes: how many posts are unread.")


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


class PostOut(Schema):
    url: Url = Field(examples=[f"{HOST}/posts/0197a3f0-0000-7000-8000-000000000000"])
    id: UUID
    sender: Url | None = Field(examples=[f"{HOST}/users/alice"])
    created: datetime
    subject: str = Field(examples=["Cake on Friday"])
    content_type: Literal["text/markdown", "text/plain"]
    body: str = Field(examples=["It is **good** cake."])
    body_html: str = Field(description="The body as safe HTML.")
    to: list[Url] = Field(examples=[[f"{HOST}/boxes/crew"]])
    cc: list[Url]
    in_reply_to: Url | None
    thread: UUID = Field(description="The same for all posts of a conversation.")


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
    content_type: Literal["text/markdown", "text/x-markdown", "text/plain"] = "text/markdown"
    in_reply_to: Reference | None = Field(None, description="The post that this one answers.")


class PostIn(_Written):
    """A post that is stored without being delivered."""


_Boxes = Annotated[list[Reference], Field(json_schema_extra=limits(maxItems=MAX_RECIPIENTS))]


class DeliverIn(_Written):
    to: _Boxes = Field([], examples=[[f"{HOST}/boxes/crew"]])
    cc: _Boxes = Field([], description="Recipients who are shown as copied.")
    bcc: _Boxes = Field([], description="Recipients who are not shown.")


class DeliveredPostOut(Schema):
    id: str = Field(examples=["7.42"], description="The box's number and the post's uid in it.")
    url: Url = Field(examples=[f"{HOST}/delivered-posts/7.42"])
    box: Url
    post: Url
    created: datetime = Field(description="When the post was written.")
    delivered: datetime = Field(description="When it reached this box.")
    is_read: bool
    sender: Url
    subject: str


class DeliveredPostIn(Input):
    box: Reference = Field(examples=[f"{HOST}/boxes/bob"])
    post: Reference = Field(examples=[f"{HOST}/posts/0197a3f0-0000-7000-8000-000000000000"])


class DeliveredPostPatch(Input):
    is_read: StrictBool = Field(examples=[True])


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


class SubscriptionIn(Input):
    source: Reference = Field(
        description="The group whose posts shall be delivered.", examples=[f"{HOST}/boxes/crew"]
    )
    target: Reference | None = Field(
        None, description="Where to: one's own box when left out, or a group that one manages."
    )


class SubscriptionPatch(Input):
    watermark: Uid = Field(
        description="A delivered post of the source, or its uid: forward only.",
        examples=[f"{HOST}/delivered-posts/3.42"],
    )


class SyncIn(Input):
    box: Reference = Field(examples=[f"{HOST}/boxes/alice"])


_Uids = Annotated[list[Uid], Field(min_length=1, max_length=1000)]


class MoveIn(Input):
    box: Reference = Field(examples=[f"{HOST}/boxes/alice"])
    posts: _Uids = Field(
        description="Delivered posts of the box, or their uids.",
        examples=[[f"{HOST}/delivered-posts/7.42", 43]],
    )
    to: Reference = Field(
        description="Another box of the same person.", examples=[f"{HOST}/boxes/alice:archive"]
    )


class Moved(Schema):
    posts: list[Url] = Field(description="Where they are now, in the order of their old uids.")


class MarkReadIn(Input):
    box: Reference = Field(examples=[f"{HOST}/boxes/alice"])
    posts: _Uids | None = Field(None, description="Delivered posts of the box, or their uids.")
    up_to: Uid | None = Field(None, description="Instead of `posts`: all up to and with this one.")
    is_read: StrictBool = Field(default=True, description="false marks them unread.")


class Marked(Schema):
    changed: int


class Changes(Schema):
    since: str
    state: str = Field(description="To be given as `since` the next time.")
    has_more: bool = Field(description="Whether to ask again at once, with the new state.")
    added: list[Url]
    changed: list[Url]
    removed: list[Url]


class RecipientOut(Schema):
    box: Url | None = Field(description="null where the box is gone.")
    state: Literal["pending", "delivered", "failed"]
    error: str


class SubmissionOut(Schema):
    url: Url
    post: Url
    state: Literal["accepted", "delivered", "failed"]
    created: datetime
    attempts: int


class SubmissionDetail(SubmissionOut):
    recipients: list[RecipientOut]


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
