"""The shapes of what a group says of itself, and of who asks to join."""

from datetime import datetime

from pydantic import Field

from mail.api.schemas import Input, UserOut
from mail.models import Box


class AboutIn(Input):
    description: str = Field(
        max_length=5000, examples=["Fridays at four"], description="May be empty."
    )
    join_policy: Box.JoinPolicy = Field(description="Who may join: anyone, or whom a manager adds.")
    post_policy: Box.PostPolicy = Field(description="Who may write to the group.")


class JoinRequestOut(UserOut):
    asked: datetime = Field(description="When they asked to join.")
