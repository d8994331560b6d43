"""When a certificate ends is kept with its lineage, so that lists find it by an index; it may never say anything else."""

from django.db.models import F


def test_a_lineage_ends_when_its_current_version_does(made) -> None:
    """After orders, an upload and a revocation, every lineage's end is that of the version it shows, or nothing."""
    from fakes.made_host import ANNA
    from fakes.papers import bundle, leaf
    from mailward.actions.certificates import upload
    from mailward.actions.domains import add_domain
    from mailward.store.models import Lineage, Version

    add_domain(made.office, ANNA, "alpha.test", "Alpha")
    made.carry_out()
    made.secured("alpha.test")
    row, _ = upload(made.office, ANNA, "alpha.test", bundle(leaf("mail.alpha.test")))
    shown = Version.objects.filter(number=F("lineage__current")).select_related("lineage")
    assert {version.lineage_id for version in shown} >= {row.id}
    assert all(version.lineage.ends_at == version.not_after for version in shown)
    assert not Lineage.objects.filter(current=None).exclude(ends_at=None).exists()
    assert shown.count() == Lineage.objects.exclude(current=None).count() >= 4
