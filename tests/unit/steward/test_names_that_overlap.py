"""A name can be covered by several certificates: each name answers for one alone, and verify means the same one."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fakes import papers
from fakes.made_host import ANNA
from mailward.model.certificates import Challenge
from mailward.model.doors import Role
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.runs import RunState


def upload(made, domain: str, *names: str, lineage_id: str | None = None):
    """A bought certificate for these names, taken in."""
    from mailward.actions import certificates

    return certificates.upload(made.office, ANNA, domain, papers.bundle(papers.leaf(*names)), lineage_id=lineage_id)


def choose(made, domain: str, **chosen: str):
    from mailward.actions import choices

    return made.carry_out(choices.choose(made.office, ANNA, domain, **chosen))


def add(made, domain: str, customer: str) -> None:
    from mailward.actions import domains

    made.carry_out(domains.add_domain(made.office, ANNA, domain, customer))


def wanted_is_served(made, *domains: str) -> bool:
    from mailward.flow.verify import broken
    from mailward.steward.looking import Looker

    return not broken(Looker(made.host).domains(domains, server=True))


@pytest.fixture
def family(made):
    """a.test with its wildcard, and sub.a.test beside it, of the same customer."""
    add(made, "a.test", "A")
    made.secured("a.test")
    add(made, "sub.a.test", "A")
    return made


def test_a_wildcard_above_answers_for_a_domain_that_chose_nothing(family) -> None:
    """The bare name sub.a.test is shown a.test's wildcard: that is what verify wants there."""
    assert wanted_is_served(family, "sub.a.test")


def test_a_domain_under_a_wildcard_can_be_secured_without_one_and_let_go(family) -> None:
    """The names of mail and webmail alone, by HTTP-01: its bare name stays with the wildcard above, and is proven so."""
    from mailward.actions import choices

    row = family.carry_out(choices.secure(family.office, ANNA, "sub.a.test", Challenge.HTTP_01))
    assert row.state is RunState.DONE, str(row.what)
    assert wanted_is_served(family, "a.test", "sub.a.test")
    assert choose(family, "sub.a.test", webmail="self-signed", mail="self-signed").state is RunState.DONE
    assert wanted_is_served(family, "a.test", "sub.a.test")


def test_a_certificate_answers_for_no_name_of_another_hosted_domain(family) -> None:
    """Who holds sub.a.test chooses for it, whatever a.test's certificate covers; and each can be chosen again."""
    family.secured("sub.a.test")
    made, _ = upload(family, "a.test", "a.test", "mail.a.test", "webmail.a.test", "mail.sub.a.test", "*.sub.a.test")
    assert choose(family, "a.test", webmail=made.id, mail=made.id).state is RunState.DONE
    assert wanted_is_served(family, "a.test", "sub.a.test")


def test_the_servers_own_name_is_the_servers(made) -> None:
    """A domain's certificate that names the server, too, doesn't answer for the server."""
    above = made.settings.hostname.partition(".")[2]
    add(made, above, "A")
    shown, _ = upload(made, above, above, f"mail.{above}", f"webmail.{above}", made.settings.hostname)
    before = made.doors.served("imap", made.settings.hostname)
    assert choose(made, above, webmail=shown.id, mail=shown.id).state is RunState.DONE
    assert made.doors.served("imap", made.settings.hostname) == before
    assert wanted_is_served(made, above)
    assert made.carry_out(_secure(made, SERVER)).state is RunState.DONE
    assert wanted_is_served(made, above)


def _secure(made, domain: str):
    from mailward.actions import choices

    return choices.secure(made.office, ANNA, domain)


def test_a_successor_that_covers_less_is_refused_where_its_lineage_is_chosen(made) -> None:
    """Uploaded over a chosen one, it would send mail.a.test back to the self-signed certificate without a word."""
    made.holding("a.test")
    first, _ = upload(made, "a.test", "a.test", "mail.a.test", "webmail.a.test")
    choose(made, "a.test", webmail=first.id, mail=first.id)
    with pytest.raises(BadInput, match=r"mail\.a\.test"):
        upload(made, "a.test", "a.test", "webmail.a.test", lineage_id=first.id)
    _, asked = upload(made, "a.test", "mail.a.test", "webmail.a.test", lineage_id=first.id)
    assert made.carry_out(asked).state is RunState.DONE


def test_a_domain_whose_names_could_not_be_published_is_refused(made) -> None:
    """The names that clients look up lie under it, and files are named after it: both have their limits."""
    from mailward.actions import domains
    from mailward.actions.domains import LONGEST_DOMAIN

    labels = ".".join(["a" * 54] * 4) + ".test"
    with pytest.raises(BadInput) as refused:
        domains.add_domain(made.office, ANNA, labels)
    assert refused.value.code == "name-too-long"
    longest = f"{labels[-LONGEST_DOMAIN:].lstrip('.')}"
    made.holding(longest).secured(longest)
    assert len(longest) in (LONGEST_DOMAIN, LONGEST_DOMAIN - 1)
    assert max(len(path.name) for path, _ in made.files.tree()) <= 255


def test_questions_to_the_store_do_not_grow_with_the_domains(made) -> None:
    """The list of certificates and the table of what is served are a few questions, however many domains there are."""
    from mailward.actions import certificates
    from mailward.steward import served
    from mailward.store.models import Customer, Domain, Lineage, Version

    owner, now = Customer.objects.create(name="A"), made.clock.now()
    names = [f"d{number}.test" for number in range(300)]
    Domain.objects.bulk_create([Domain(name=name, customer=owner) for name in names])
    held = {domain.name: domain for domain in Domain.objects.all()}
    Lineage.objects.bulk_create(
        [
            Lineage(id=name, domain=held[name], source="acme", names=[f"mail.{name}", f"webmail.{name}"], current=1)
            for name in names
        ]
    )
    Version.objects.bulk_create(
        [
            Version(
                lineage_id=name, number=1, chain_pem=b"", sealed_key=b"", sha256=name, names=[name], issuer="CA",
                not_before=now, not_after=now + timedelta(days=90),
            )
            for name in names
        ]
    )  # fmt: skip
    for name in names:
        Domain.objects.filter(name=name).update(webmail_lineage=name, mail_lineage=name)
    with CaptureQueriesContext(connection) as asked:
        assert len(certificates.list_certificates(made.office, ANNA)) == 302
    assert len(asked) <= 5
    with CaptureQueriesContext(connection) as asked:
        look_up = served.wanted_by(served.everything_served(made.host))
    assert len(asked) <= 5
    assert look_up(Role.MAIL, "mail.d7.test") == "d7.test"
