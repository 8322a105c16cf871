"""What can go wrong, as one tree: each error carries a stable code and a sentence for people."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class MailError(Exception):
    """The root of the tree; front ends map it to their answers in one place."""

    code = "mail-error"
    field = ""
    message: str | Promise = _("This cannot be done.")

    def __init__(self, *, field: str = "", **details: object) -> None:
        self.field = field or self.field
        self.details = details
        super().__init__(details)

    def __str__(self) -> str:
        return str(self.message) % self.details


class NotFound(MailError):
    """There is no such thing, or it is none of the asker's business: the two look alike."""

    code = "not-found"
    message = _("There is no such thing here.")


class Unavailable(MailError):
    """The database cannot be reached, or something holds a lock for too long: it passes."""

    code = "unavailable"
    message = _("Opost cannot be reached for a moment. Nothing that was sent is lost: try again.")


class NotAllowed(MailError):
    """What is visible but may not be done; subclasses name the rule."""

    code = "not-allowed"
    message = _("You may not do this.")


class FormTooOld(NotAllowed):
    """A form without the token of this browser's session, which changes at sign-in."""

    code = "form-too-old"
    message = _("This page is too old, or not from here. Go back, load it anew and try again.")


class BroadcastNotAllowed(NotAllowed):
    code = "broadcast-not-allowed"
    field = "to"
    message = _("Only people with the permission to broadcast may write to everyone.")


class PostingNotAllowed(NotAllowed):
    code = "posting-not-allowed"
    field = "to"
    message = _("Only %(who)s may write to “%(name)s”.")


class JoiningNotAllowed(NotAllowed):
    code = "joining-not-allowed"
    message = _("“%(name)s” takes new members only through its managers.")


class LeavingNotAllowed(NotAllowed):
    code = "leaving-not-allowed"
    message = _("Nobody can leave “%(name)s”.")


class MutingNotAllowed(NotAllowed):
    code = "muting-not-allowed"
    message = _("You can mute groups that you are a member of, for yourself; “%(name)s” is none.")


class ManagingNotAllowed(NotAllowed):
    code = "managing-not-allowed"
    message = _("Only a manager of “%(name)s” may do this.")


class LastManager(NotAllowed):
    code = "last-manager"
    message = _("“%(name)s” needs a manager: make somebody else one first.")


class RecallNotAllowed(NotAllowed):
    code = "recall-not-allowed"
    message = _("Only its author, or staff with the permission, may recall a post.")


class InvalidInput(MailError):
    """What was asked for is malformed; `field` says where, and nothing was changed."""

    code = "invalid"


class NameInvalid(InvalidInput):
    code = "name-invalid"
    field = "name"
    message = _(
        "“%(name)s” cannot be a name: use letters, digits and . @ + - _ with single spaces "
        "between words, at most %(limit)d characters, and none of the reserved words."
    )


class NameTaken(InvalidInput):
    code = "name-taken"
    field = "name"
    message = _("The name “%(name)s” is taken.")


class NameConfusable(InvalidInput):
    code = "name-confusable"
    field = "name"
    message = _("“%(name)s” looks like “%(other)s”, which is there already or reserved.")


class NameFixed(InvalidInput):
    code = "name-fixed"
    field = "name"
    message = _("A box never changes its name: “%(name)s” stays as it is.")


class SettingInvalid(InvalidInput):
    code = "setting-invalid"
    message = _("“%(value)s” cannot be chosen here; what can: %(allowed)s.")


class TimeZoneInvalid(InvalidInput):
    code = "setting-invalid"
    field = "time_zone"
    message = _(
        "“%(value)s” is no time zone: give its name in the IANA database, like Europe/Berlin."
    )


class SignatureInvalid(InvalidInput):
    code = "signature-invalid"
    field = "signature"
    message = _("A signature has at most %(limit)d characters.")


class NoRecipients(InvalidInput):
    code = "no-recipients"
    field = "to"
    message = _("Say to whom: at least one recipient is needed.")


class TooManyRecipients(InvalidInput):
    code = "too-many-recipients"
    field = "to"
    message = _("%(count)d recipients are too many; %(limit)d are allowed. Make a group.")


class UnknownRecipient(InvalidInput):
    code = "unknown-recipient"
    field = "to"
    message = _("Nobody here is called %(names)s.")

    def __init__(self, *, names: list[str], field: str = "") -> None:
        super().__init__(field=field, names=_listed(names))


class RecipientInactive(InvalidInput):
    """People whose account was deactivated: nobody would read what is sent to them."""

    code = "recipient-inactive"
    field = "to"
    message = _("The account is deactivated and gets no mail any more: %(names)s.")

    def __init__(self, *, names: list[str], field: str = "") -> None:
        super().__init__(field=field, names=_listed(names))


class SeveralCalled(InvalidInput):
    code = "several-called"
    field = "person"
    message = _("Several people are called “%(name)s”: choose one by username, %(usernames)s.")


def _listed(names: list[str]) -> str:
    """Names in a sentence; what is longer than any name, cut."""
    return ", ".join(f"“{name if len(name) <= _SAID else name[:_SAID] + '…'}”" for name in names)


_SAID = 150  # characters


class SubjectInvalid(InvalidInput):
    code = "subject-invalid"
    field = "subject"
    message = _(
        "A subject is one line of at most %(limit)d characters, without control characters."
    )


class BodyInvalid(InvalidInput):
    code = "body-invalid"
    field = "body"
    message = _("A body is text without NUL characters.")


class TextInvalid(InvalidInput):
    code = "text-invalid"
    message = _("This is text without NUL characters.")


class BodyTooLarge(InvalidInput):
    code = "body-too-large"
    field = "body"
    message = _("The body has %(size)d bytes; at most %(limit)d are allowed.")


class ContentTypeInvalid(InvalidInput):
    code = "content-type-invalid"
    field = "content_type"
    message = _("A post is text/markdown or text/plain, not “%(given)s”.")


class RepliedToUnknown(InvalidInput):
    code = "replied-to-unknown"
    field = "in_reply_to"
    message = _("The post that this answers is not one that you can read.")


class AlreadyMuted(InvalidInput):
    code = "already-muted"
    field = "thread"
    message = _("You have muted that conversation already.")


class ThreadUnknown(InvalidInput):
    code = "thread-unknown"
    field = "thread"
    message = _("You have no post of that conversation.")


class ForwardedUnknown(InvalidInput):
    code = "forwarded-unknown"
    field = "forwarded"
    message = _("The post that this forwards is not one that you can read.")


class DraftTooLarge(InvalidInput):
    code = "draft-too-large"
    field = "body"
    message = _("The draft has %(size)d bytes; at most %(limit)d are allowed.")


class DraftKindInvalid(InvalidInput):
    code = "draft-kind-invalid"
    field = "kind"
    message = _("A draft is a new post, an answer or a forwarded post, not “%(given)s”.")


class DraftChanged(MailError):
    """A save that is based on an older version: nothing was overwritten."""

    code = "draft-changed"
    message = _("The draft was changed elsewhere meanwhile: save this as a draft of its own.")


class UndoNotAllowed(NotAllowed):
    code = "undo-not-allowed"
    message = _("Only its author may undo the sending of a post.")


class UndoTooLate(MailError):
    """After the time to undo; recalling is another thing, and goes on."""

    code = "undo-too-late"
    message = _(
        "Sending can be undone for %(seconds)d seconds. You can still recall the post: it then "
        "disappears everywhere, but some may have read it."
    )


class FlagInvalid(InvalidInput):
    code = "flag-invalid"
    field = "flags"
    message = _(
        "“%(flag)s” is not a flag: use at most %(limit)s ASCII letters, digits and signs, without "
        "spaces, brackets, quotes, %%, * and backslashes, except for one at the beginning."
    )


class KeyInvalid(InvalidInput):
    code = "idempotency-key-invalid"
    field = "Idempotency-Key"
    message = _("An idempotency key has 1 to %(limit)d printable characters.")


class KeyReused(MailError):
    """The same idempotency key with another content."""

    code = "idempotency-key-reused"
    field = "Idempotency-Key"
    message = _("This idempotency key was used for another message; choose a new one.")


class FolderFixed(InvalidInput):
    code = "folder-fixed"
    message = _("“%(name)s” belongs to the mailbox and cannot be deleted.")


class FolderNotEmpty(InvalidInput):
    code = "folder-not-empty"
    message = _("“%(name)s” is not empty: move or delete its posts first.")


class WatermarkInvalid(InvalidInput):
    code = "watermark-invalid"
    field = "watermark"
    message = _("A watermark moves forward only: here from %(first)d to %(last)d at most.")


class StateTooOld(MailError):
    """What was removed since is not known any more."""

    code = "state-too-old"
    field = "since"
    message = _("The changes since that state are no longer known: read the box anew.")


class StateInvalid(InvalidInput):
    code = "state-invalid"
    field = "since"
    message = _("That is no state of this box.")


class TokenNameInvalid(InvalidInput):
    code = "token-name-invalid"
    field = "name"
    message = _("A token's name has 1 to %(limit)d printable characters.")


class TokenExpired(InvalidInput):
    code = "token-expired"
    field = "expires"
    message = _("A token must expire in the future, within a hundred years.")


class TokenOutlives(InvalidInput):
    code = "token-outlives"
    field = "expires"
    message = _("What this token makes must end with it: give a time up to %(until)s.")


class TooManyTokens(InvalidInput):
    code = "too-many-tokens"
    message = _("One person has at most %(limit)d tokens: revoke one first.")


class TooManyExports(MailError):
    code = "too-many-exports"
    message = _("%(limit)d exports of yours are running: wait until one of them has ended.")


class NothingChosen(InvalidInput):
    code = "nothing-chosen"
    field = "uid"
    message = _("Choose at least one post.")


class FolderOfAnother(InvalidInput):
    code = "folder-of-another"
    field = "to"
    message = _("Posts move only between two boxes of the same person.")


class ClosesCircle(InvalidInput):
    code = "closes-circle"
    field = "source"
    message = _("“%(target)s” already feeds “%(source)s”: the subscription would close a circle.")


class AlreadySubscribed(InvalidInput):
    code = "already-subscribed"
    field = "target"
    message = _("“%(target)s” already receives what is posted to “%(source)s”.")


class GroupUnknown(InvalidInput):
    code = "group-unknown"
    field = "source"
    message = _("No group is called “%(name)s”. Name one that you manage, or everyone.")


class AlreadyDelivered(InvalidInput):
    code = "already-delivered"
    field = "post"
    message = _("The post is in “%(name)s” already.")


class ReferenceInvalid(InvalidInput):
    code = "reference-invalid"
    message = _("“%(given)s” is none of the addresses here: expected a name, an id or %(example)s.")


class CursorInvalid(InvalidInput):
    code = "cursor-invalid"
    field = "cursor"
    message = _("That is no cursor of this list: follow the Link header.")


class TokenReadOnly(NotAllowed):
    code = "token-read-only"
    message = _("This token can read, and change nothing.")


class Ambiguous(InvalidInput):
    code = "ambiguous"
    message = _("Give exactly one of %(choices)s.")


class BoxMissing(InvalidInput):
    code = "box-missing"
    field = "box"
    message = _("Name the box that the posts are in.")


class PostUnknown(InvalidInput):
    code = "post-unknown"
    field = "post"
    message = _("That is no post of yours.")


class SearchInvalid(InvalidInput):
    code = "search-invalid"
    field = "q"
    message = _(
        "“%(part)s”, at character %(position)d, cannot be read: %(why)s. "
        "A search looks like this: %(example)s"
    )


# --- Attachments ----------------------------------------------------------------------------------


class AttachmentTooLarge(InvalidInput):
    code = "attachment-too-large"
    field = "files"
    message = _("“%(name)s” is too large: a file has at most %(limit)s.")


class AttachmentsTooLarge(InvalidInput):
    code = "attachments-too-large"
    field = "files"
    message = _("“%(name)s” is too much: all files of a post have at most %(limit)s.")


class TooManyAttachments(InvalidInput):
    code = "too-many-attachments"
    field = "files"
    message = _("“%(name)s” is one too many: a post has at most %(limit)d files.")


class AttachmentTypeRefused(InvalidInput):
    code = "attachment-type-refused"
    field = "files"
    message = _("“%(name)s” is not taken: some systems run such files when they are opened.")


class AttachmentNameInvalid(InvalidInput):
    code = "attachment-name-invalid"
    field = "name"
    message = _("A file's name has 1 to %(limit)d printable characters.")


class UploadIncomplete(InvalidInput):
    code = "upload-incomplete"
    field = "files"
    message = _("Only %(received)d of %(size)d bytes of “%(name)s” arrived: send it again.")


class RequestTooLarge(MailError):
    code = "request-too-large"
    message = _("This is more than can be taken at once.")


class StorageFailed(MailError):
    """The storage is full or out of reach: nothing was stored."""

    code = "storage-failed"
    message = _("“%(name)s” cannot be stored just now. Nothing else is lost: try again later.")


class FileMissing(MailError):
    """The row is there and its file is not, or not as it was: `check_mail` tells of it."""

    code = "file-missing"
    message = _("“%(name)s” cannot be read: its content is missing here. Tell who runs this.")
