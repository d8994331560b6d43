"""What else is done with a mailbox: another size, closed to log-ins and opened again, found among many."""

import pytest

from mailward.model.errors import BadInput
from mailward.model.passwords import PasswordLevel
from mailward.model.people import Actor

ANNA = Actor("anna", came_from="192.0.2.9")


@pytest.fixture
def held(made):
    from mailward.actions import mailboxes

    made.holding("a.test", "b.test")
    for address in ("anna@a.test", "bert@a.test", "anna@b.test"):
        mailboxes.add_mailbox(made.office, ANNA, address)
    made.carry_out()
    return made


def test_a_size_is_changed_and_nobody_logged_out(held) -> None:
    """It is published; sessions go on."""
    from mailward.actions import mailboxes

    held.processes.calls.clear()
    held.carry_out(mailboxes.change_quota(held.office, ANNA, "anna@a.test", 5_000))
    assert held.directory.mailboxes["anna@a.test"].quota_bytes == 5_000
    assert mailboxes.show_mailbox(held.office, ANNA, "anna@a.test").quota_bytes == 5_000
    assert not [call for call in held.processes.calls if "kick" in call]


@pytest.mark.parametrize("quota", [-1, 2**50 + 1, 2**70])
def test_a_size_that_no_disk_has_is_refused(held, quota: int) -> None:
    """Neither less than nothing nor more than can be counted."""
    from mailward.actions import mailboxes

    with pytest.raises(BadInput) as refused:
        mailboxes.change_quota(held.office, ANNA, "anna@a.test", quota)
    assert refused.value.field == "quota"


def test_a_disabled_mailbox_is_published_as_one(held) -> None:
    """Whoever is logged in is logged out; enabled again, all is as before."""
    from mailward.actions import mailboxes

    before = held.directory.mailboxes["anna@a.test"]
    held.processes.calls.clear()
    held.carry_out(mailboxes.disable_mailbox(held.office, ANNA, "anna@a.test"))
    assert held.directory.mailboxes["anna@a.test"].active is False
    assert [call[-1] for call in held.processes.calls if call[-2] == "kick"] == ["anna@a.test"]
    held.carry_out(mailboxes.enable_mailbox(held.office, ANNA, "anna@a.test"))
    assert held.directory.mailboxes["anna@a.test"] == before


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("anna", ["anna@a.test", "anna@b.test"]),
        ("ERT", ["bert@a.test"]),
        ("b.te", ["anna@b.test"]),
        ("na@a", ["anna@a.test"]),
        ("@b", ["anna@b.test"]),
        ("%", []),
        ("_", []),
    ],
)
def test_searching(held, search: str, found: list[str]) -> None:
    """By any part of the address; no letter is a wildcard."""
    from mailward.actions import mailboxes

    assert [row.address for row in mailboxes.list_mailboxes(held.office, ANNA, search=search)] == found


def test_a_page_at_a_time(held) -> None:
    """The total is that of the search, whatever part is shown."""
    from mailward.actions import mailboxes

    listed = mailboxes.list_mailboxes(held.office, ANNA, "a.test", offset=1, limit=5)
    assert ([row.address for row in listed], listed.total) == (["bert@a.test"], 2)


def test_a_weak_password_is_refused_with_what_is_missing(held) -> None:
    """Every shortcoming at once; the address in it counts as guessed; the password itself is never repeated."""
    from mailward.actions import mailboxes

    with pytest.raises(BadInput) as refused:
        mailboxes.change_password(held.office, ANNA, "anna@a.test", "anna-a.test")
    assert refused.value.code == "password-weak"
    told = f"{refused.value.what} {refused.value.remedy}"
    for part in ("very strong", "16 characters", "upper-case", "digit", "your address"):
        assert part in told
    assert "anna-a.test" not in told


def test_a_breached_password_is_refused_whatever_is_demanded(held) -> None:
    """It is very weak; only who demands nothing gets it."""
    from dataclasses import replace

    from mailward.actions import mailboxes

    password = "vK7-qupztN.w4mHfR"
    held.breached.add(password)
    weakest = replace(held.office, settings=replace(held.settings, password_level=PasswordLevel.WEAK))
    with pytest.raises(BadInput) as refused:
        mailboxes.change_password(weakest, ANNA, "anna@a.test", password)
    assert "thieves" in str(refused.value.remedy)
    held.breached.clear()
    mailboxes.change_password(weakest, ANNA, "anna@a.test", "fluteriver")


def test_events_say_from_where_and_whose(held) -> None:
    """The customer and the domain find it in their own records."""
    from mailward.actions import mailboxes
    from mailward.store.models import Event

    mailboxes.change_quota(held.office, ANNA, "anna@a.test", 7)
    last = Event.objects.order_by("-id")[0]
    assert (last.what, last.came_from, last.domain, last.customer) == (
        "mailbox.quota-changed",
        "192.0.2.9",
        "a.test",
        "a.test",
    )
    assert last.detail == {"quota_bytes": 7}
