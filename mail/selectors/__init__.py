"""Every composed read; nothing here writes."""

from mail.selectors.addressing import (
    Audience,
    Completion,
    audience,
    completions,
)
from mail.selectors.boxes import (
    Folder,
    folders,
    has_news,
    own_box,
    own_box_named,
    own_boxes,
    unread_counts,
    visible_box,
    visible_boxes,
)
from mail.selectors.changes import (
    BoxChanges,
    Exported,
    changes_since,
    exported,
    state_of,
)
from mail.selectors.conversations import (
    Message,
    conversation,
)
from mail.selectors.deliveries import (
    DeliveredFilter,
    DeliveredRow,
    delivered_row,
    delivered_rows,
    deliveries_of,
)
from mail.selectors.drafts import (
    drafts,
    own_draft,
    sent_draft,
)
from mail.selectors.lists import (
    PAGE,
    Line,
    Page,
    delivered_post,
    lines,
    names_of,
    neighbours,
    page,
)
from mail.selectors.posts import (
    RecallReport,
    all_readable_posts,
    own_post,
    readable_post,
    recall_report,
    recallable_post,
)

__all__ = [
    "PAGE",
    "Audience",
    "BoxChanges",
    "Completion",
    "DeliveredFilter",
    "DeliveredRow",
    "Exported",
    "Folder",
    "Line",
    "Message",
    "Page",
    "RecallReport",
    "all_readable_posts",
    "audience",
    "changes_since",
    "completions",
    "conversation",
    "delivered_post",
    "delivered_row",
    "delivered_rows",
    "deliveries_of",
    "drafts",
    "exported",
    "folders",
    "has_news",
    "lines",
    "names_of",
    "neighbours",
    "own_box",
    "own_box_named",
    "own_boxes",
    "own_draft",
    "own_post",
    "page",
    "readable_post",
    "recall_report",
    "recallable_post",
    "sent_draft",
    "state_of",
    "unread_counts",
    "visible_box",
    "visible_boxes",
]
