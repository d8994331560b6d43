"""The first accounts of the panel, with passwords that ``up`` shows: a provider; in a demo also a customer, so that people
can see what a customer sees.

In production a password is shown once and kept nowhere; ``mailward people password`` makes another. In a demo it is shown
at each ``up`` for as long as nobody has changed it (docs/decisions/first-passwords.md).
"""

from dataclasses import dataclass, field

from django.contrib.auth.hashers import check_password

from mailward.actions import invitations
from mailward.bootstrap import demo
from mailward.bootstrap.mailward import Mailward
from mailward.model.people import Actor
from mailward.model.rights import SPOKEN_ROLES, Grant, PersonRole
from mailward.model.sentence import Sentence
from mailward.store.models import Account

UP = Actor("mailward up")
OWNER = f"owner@{demo.UNSECURED}"


@dataclass(frozen=True)
class FirstPerson:
    """Somebody who can sign in, and the password to do it with: to be shown, and never printed otherwise."""

    role: Sentence
    email: str
    password: str = field(repr=False)


def make(mailward: Mailward) -> tuple[bool, tuple[FirstPerson, ...]]:
    """Make what is missing; whether anything was, and whom to show."""
    if mailward.settings.demo is not None:
        return _make_demo(mailward)
    if Account.objects.exists():
        return False, ()
    password = mailward.office.make_password()
    email = provider_address(mailward)
    _account(mailward, email, Grant(PersonRole.PROVIDER), password)
    return True, (FirstPerson(SPOKEN_ROLES[PersonRole.PROVIDER], email, password),)


def provider_address(mailward: Mailward) -> str:
    """Where the provider gets letters from the CA; without such an address, one that is a name and nothing more."""
    contact = mailward.settings.contact if mailward.settings.demo is None else None
    return (contact or f"provider@{mailward.settings.hostname}").lower()


def _make_demo(mailward: Mailward) -> tuple[bool, tuple[FirstPerson, ...]]:
    wanted = {
        provider_address(mailward): Grant(PersonRole.PROVIDER),
        OWNER: Grant(PersonRole.CUSTOMER, customer=demo.CUSTOMERS[demo.UNSECURED]),
    }
    there = dict(Account.objects.filter(email__in=wanted).values_list("email", "password"))
    for email in wanted.keys() - there.keys():
        _account(mailward, email, wanted[email], demo.written_down(mailward, _mark(email)))
    kept = dict(Account.objects.filter(email__in=wanted).values_list("email", "password"))
    made = demo.made(mailward)
    shown = [
        FirstPerson(SPOKEN_ROLES[grant.role], email, made[_mark(email)])
        for email, grant in wanted.items()
        if _mark(email) in made and check_password(made[_mark(email)], kept[email])
    ]
    return len(there) < len(wanted), tuple(shown)


def _account(mailward: Mailward, email: str, grant: Grant, password: str) -> None:
    """As everybody else: invited, and the invitation taken up."""
    invited = invitations.invite(mailward.office, UP, email, "", "", grant)
    invitations.accept_invitation(mailward.office, invited.secret, password, "")


def _mark(email: str) -> str:
    """An account is not the mailbox of the same address."""
    return f"account {email}"
