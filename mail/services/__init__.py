"""Every write, a room for each subject: typed, keyword-only; transactions open here.

Errors come from `mail.errors`.
"""

from mail.services import (
    account,
    attachments,
    audit,
    drafts,
    folders,
    groups,
    mailbox,
    memberships,
    muting,
    people,
    sending,
    upkeep,
)

__all__ = [
    "account",
    "attachments",
    "audit",
    "drafts",
    "folders",
    "groups",
    "mailbox",
    "memberships",
    "muting",
    "people",
    "sending",
    "upkeep",
]
