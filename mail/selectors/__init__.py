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
    hits,
    mailbox,
    muting,
    posts,
    recipients,
    search,
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
    "hits",
    "mailbox",
    "muting",
    "posts",
    "recipients",
    "search",
]
