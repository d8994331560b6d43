"""What hosted domains look like, kept so that a new name is compared with all of them in a few milliseconds."""

from collections.abc import Iterable

from mailward.standards.look_alikes import Registered, forms_near, forms_of
from mailward.store.models import Domain, NameForm

AT_ONCE = 400  # forms in one question
MOST = 500  # domains that are compared one by one


def remember(domains: Iterable[Domain], registered: Registered) -> None:
    """Keep the forms of these domains."""
    rows = []
    for domain in domains:
        forms, ending = forms_of(domain.name, registered)
        rows += [NameForm(domain=domain, form=form, ending=ending) for form in dict.fromkeys(forms)]
    NameForm.objects.bulk_create(rows, batch_size=500)


def remember_onward(registered: Registered, most: int) -> int:
    """Keep the forms of domains that have none yet, as after an update; how many there were."""
    rows = list(Domain.objects.filter(forms=None).order_by("pk")[:most])
    remember(rows, registered)
    return len(rows)


def near(name: str, registered: Registered, *, without_customer: str) -> list[str]:
    """The names of others' domains that may look like ``name``."""
    forms, ending = forms_near(name, registered)
    ordered = sorted(forms)
    found: dict[str, None] = {}
    for start in range(0, len(ordered), AT_ONCE):
        rows = NameForm.objects.filter(form__in=ordered[start : start + AT_ONCE], ending=ending)
        others = rows.exclude(domain__customer__name=without_customer)
        found |= dict.fromkeys(others.values_list("domain__name", flat=True)[:MOST])
    return list(found)
