"""Every composed read, a room for each subject; nothing here writes."""

from mail.selectors import (
    account,
    attachments,
    boxes,
    changes,
    conversations,
    drafts,
    export,
    groups,
    looks,
    mailbox,
    muting,
    posts,
    recipients,
    search,
    selection,
    submissions,
)

__all__ = [
    "account",
    "attachments",
    "boxes",
    "changes",
    "conversations",
    "drafts",
    "export",
    "groups",
    "looks",
    "mailbox",
    "muting",
    "posts",
    "recipients",
    "search",
    "selection",
    "submissions",
]
