"""Values as JSON columns and back."""

from datetime import UTC, datetime

import pytest

from mailward.audit.clients import ClearText, ClientLook, ClientReport
from mailward.audit.rules.clients import MailClient
from mailward.model.doors import Door
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict
from mailward.store import values

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)


def test_a_report_comes_back_as_it_was() -> None:
    """What the steward found for a mail program is what the page reads."""
    inner = Sentence("{name} is <b>not</b> known", name="a.test")
    look = ClientLook(next(iter(MailClient)), (), (), Verdict.WARN, Sentence("it says: {what}", what=inner))
    clear = ClearText(Door.IMAPS, None, Verdict.PASS, "clear-closed", Sentence("closed"))
    report = ClientReport("info@a.test", Verdict.WARN, (look,), (clear,), (inner,), (), NOW)
    assert values.thaw(ClientReport, values.freeze(report)) == report


@pytest.mark.parametrize("kept", [{}, {"address": 3}, [], "x", 7, {"address": "a", "verdict": "no such verdict"}])
def test_what_has_another_form_is_refused(kept: object) -> None:
    """A row that another version wrote is an error, never a half-read value."""
    with pytest.raises((TypeError, ValueError, KeyError)):
        values.thaw(ClientReport, kept)


def test_bytes_are_never_kept() -> None:
    """A key can't slip into an answer."""
    with pytest.raises(TypeError):
        values.freeze((b"key",))
