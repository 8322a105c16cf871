"""What is stored, a module for each subject. Every write goes through `mail.services`."""

from mail.models.access import ApiToken, Session
from mail.models.attachments import Attachment, Blob
from mail.models.boxes import Box, BoxCounter, BoxQuerySet
from mail.models.deliveries import DeliveredPost, Flag, Recall, Tombstone
from mail.models.outbox import Draft, Submission, SubmissionRecipient
from mail.models.people import User
from mail.models.posts import Post, PostWords, first_post_id, new_post_id
from mail.models.reserved import ReservedName
from mail.models.subscriptions import JoinRequest, MutedThread, Subscription

__all__ = [
    "ApiToken",
    "Attachment",
    "Blob",
    "Box",
    "BoxCounter",
    "BoxQuerySet",
    "DeliveredPost",
    "Draft",
    "Flag",
    "JoinRequest",
    "MutedThread",
    "Post",
    "PostWords",
    "Recall",
    "ReservedName",
    "Session",
    "Submission",
    "SubmissionRecipient",
    "Subscription",
    "Tombstone",
    "User",
    "first_post_id",
    "new_post_id",
]
