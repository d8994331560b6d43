"""``doctor`` on an instance of which a part is missing: it says so, and says the rest."""

from pathlib import Path

import pytest

from mailward.model.verdict import Verdict
from mailward.steward.new_instance import demo
from mailward.steward.settings_file import format_settings


@pytest.mark.parametrize("keys", [False, True])
def test_doctor_says_what_is_missing_and_goes_on(store: Path, tmp_path: Path, keys: bool) -> None:
    """``up`` was killed when only mailward.toml (and the steward's keys) were there: unknown, with what ends it."""
    from mailward.bootstrap import doctor, joining
    from mailward.host.files import RealFiles
    from mailward.model.layout import Layout

    root = tmp_path / "half"
    layout = Layout(root.resolve())
    for path in (root, layout.secrets, layout.log, layout.store.parent):
        path.mkdir()
    layout.settings.write_text(format_settings(demo(2000, ipv6=False)))
    if keys:
        joining.make_seal_keys(layout, RealFiles(layout.root))
    rows = {row.name: row for row in doctor(root)}
    assert rows["instance"].verdict is Verdict.PASS
    assert rows["daemons"].verdict is Verdict.UNKNOWN
    assert "disk" in rows
