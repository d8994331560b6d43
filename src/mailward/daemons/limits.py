"""Limits that several daemons must agree on, and what the kernel sets. Sizes are bytes."""

from pathlib import Path

from mailward.model.errors import BadInput
from mailward.model.sentence import Sentence

MESSAGE_BYTES = 50 * 1024 * 1024  # a whole message, encoded, as Postfix takes it
REPORT_BYTES = 16 * 1024 * 1024  # a message with a report (standards/report_mail.py reads no more)
REPORTS_WAITING = 1000  # messages with reports that nobody has read yet; more are asked to come again
REPORTS_KILOBYTES = 1_000_000  # the same, on disk
UPLOAD_BYTES = 36 * 1024 * 1024  # an attachment in webmail: base64 makes it a third bigger
ROOT_LENGTH = 60  # a socket's path has at most 107 bytes (unix(7)); Dovecot's longest is 46 below root


def check_root(root: Path) -> None:
    """Raises BadInput for an instance directory whose sockets could not be made."""
    if not root.is_absolute():
        raise BadInput("instance", Sentence("{root} is not an absolute path", root=root))
    if len(bytes(root)) > ROOT_LENGTH:
        raise BadInput(
            "instance",
            Sentence("The directory {root} has a path too long for the daemons' sockets", root=root),
            Sentence("Use a directory whose path has at most {length} bytes.", length=ROOT_LENGTH),
            code="path-too-long",
        )
