"""The certificate switch: the same verbs as for a generation, for one lineage, in constant time.

stage writes the version's file (which never changes afterwards), check reads it back, apply moves the names' links and
Postfix's entries, verify asks for every name at every door. Undo is apply(previous). nginx and Postfix find a
certificate by name at each connection, so nothing is reloaded but Postfix for the server-wide one, which its smtpd
processes read when they start.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mailward.daemons.quoting import wildcard
from mailward.flow.ground import Ground, Look, Recorder
from mailward.flow.verify import broken, said, until_served
from mailward.model.certificates import KeyedChain
from mailward.model.doors import Role
from mailward.model.errors import MailwardError, NotPossible
from mailward.model.runs import Step
from mailward.model.sentence import Sentence
from mailward.model.tables import (
    Served,
    Switch,
    SwitchApplied,
    SwitchChecked,
    SwitchFailed,
    SwitchStaged,
    SwitchVerified,
)

KEY_GROUP = "mailward-web"  # nginx' workers; Postfix and Dovecot read keys as root

Reader = Callable[[bytes], KeyedChain]
"""Parses and checks a served PEM file (key, then chain); BadInput when it isn't one."""


Follow = Callable[[tuple[Served, ...]], Sentence | None]
"""What else must follow the names, now that these are served: for daemons that don't find a certificate by name. It says
what went wrong, or None."""


@dataclass(frozen=True)
class SwitchUndone:
    """It was applied, not proven, and what was served before is served again."""

    failed: SwitchFailed
    back: SwitchVerified | SwitchFailed


@dataclass(frozen=True)
class CertificateFlow:
    """What a switch needs. ``look`` is given the names that the switch concerns when it is made."""

    ground: Ground
    read: Reader
    after_default: Sequence[Sequence[str]] = ()  # the commands after which running daemons show a new server-wide one
    patience: float = 15.0
    follow: Follow = lambda _wanted: None

    def run(self, switch: Switch, look: Look, look_back: Look, recorder: Recorder) -> SwitchVerified | SwitchUndone:
        """Serve what is wanted, prove it, or serve what was served before."""
        with recorder.step(Step.STAGE):
            staged = stage(switch, self.ground)
        with recorder.step(Step.CHECK):
            checked = check(staged, self.ground, self.read)
        try:
            with recorder.step(Step.APPLY):
                applied = self._apply(checked)
            with recorder.step(Step.VERIFY):
                verified = self._verify(applied, look)
        except Exception:  # it could not be written down (a full disk): nobody would know what is served
            self.take_back(switch)
            raise
        if isinstance(verified, SwitchVerified):
            return verified
        with recorder.step(Step.UNDO):
            back = self._apply(SwitchChecked(reverse(switch)))
            return SwitchUndone(verified, self._verify(back, look_back))

    def take_back(self, switch: Switch) -> None:
        """As far as it can be done: serve what was served before, after trouble that nobody foresaw."""
        with suppress(Exception):
            self._apply(SwitchChecked(reverse(switch)))

    def _apply(self, checked: SwitchChecked) -> SwitchApplied | SwitchFailed:
        """Failed when it stopped half-way: some names may point at the new version already, so it is undone."""
        try:
            applied = apply(checked, self.ground)
            if any(served.default for served in checked.switch.wanted):
                for command in self.after_default:
                    self.ground.processes.run(command, timeout=60)
            trouble = self.follow(checked.switch.wanted)
        except MailwardError as error:
            trouble = error.what
        return SwitchFailed(checked.switch, (), trouble) if trouble is not None else applied

    def _verify(self, applied: SwitchApplied | SwitchFailed, look: Look) -> SwitchVerified | SwitchFailed:
        if isinstance(applied, SwitchFailed):
            return applied
        findings = until_served(look, self.ground, self.patience)
        bad = broken(findings)
        if bad:
            return SwitchFailed(applied.switch, findings, said(bad))
        return SwitchVerified(applied.switch, findings)


def reverse(switch: Switch) -> Switch:
    """The switch that brings back what was served before; its material lies in ``tls/versions`` already."""
    before = {(served.role, name) for served in switch.previous for name in served.names}
    gone = tuple((s.role, name) for s in switch.wanted for name in s.names if (s.role, name) not in before)
    return Switch(wanted=switch.previous, material=(), previous=switch.wanted, dropped=gone)


def stage(switch: Switch, ground: Ground) -> SwitchStaged:
    """Write each version's files: readable by root and nginx' workers, by nobody else.

    The file that is asked for first comes last: whoever finds it finds the companion's too.
    """
    layout = ground.layout
    for name in (name for served in switch.wanted for name in served.names):
        link_name(name)  # what is no name stops the run here, where nothing is switched yet
    for lineage, version, chain in switch.material:
        contents = {layout.tls_version(lineage, version): chain.pem}
        if chain.companion is not None:
            also = {
                layout.tls_companion(lineage, version): chain.companion.pem,
                layout.tls_all(lineage, version): chain.all_pem,
            }
            contents = also | contents
        for path, content in contents.items():
            ground.files.write(path, content, mode=0o640, owner="root", group=KEY_GROUP)
    return SwitchStaged(switch)


def check(staged: SwitchStaged, ground: Ground, read: Reader) -> SwitchChecked:
    """Read back what was written: a daemon that gets a broken file fails for that name, and says so to nobody."""
    layout = ground.layout
    for lineage, version, chain in staged.switch.material:
        meant = {layout.tls_version(lineage, version): _leaves(chain)[:1]}
        if chain.companion is not None:
            meant[layout.tls_companion(lineage, version)] = _leaves(chain.companion)
            meant[layout.tls_all(lineage, version)] = _leaves(chain)
        if any(_leaves(read(ground.files.read(path))) != leaves for path, leaves in meant.items()):
            raise NotPossible(
                Sentence("the certificate {lineage} was not written as it was meant", lineage=lineage),
                Sentence("Look at the disk, then run the command again."),
                code="not-as-written",
            )
    return SwitchChecked(staged.switch)


def apply(checked: SwitchChecked, ground: Ground) -> SwitchApplied:
    """Point every name at its version. Each name at each door changes in one step; done again, it changes nothing."""
    switch = checked.switch
    for served in switch.wanted:
        target = ground.layout.tls_version(served.lineage, served.version)
        for name in served.names:
            ground.files.link(ground.layout.tls_names(served.role) / link_name(name), f"../versions/{target.name}")
        if served.default:
            ground.files.link(ground.layout.tls_default(served.role), f"versions/{target.name}")
            if served.role is Role.MAIL:
                _link_companions(served, ground)
    for role, name in switch.dropped:
        ground.files.remove(ground.layout.tls_names(role) / link_name(name))
    entries = {
        name: _for_postfix(served, ground) for served in switch.wanted if served.role is Role.MAIL for name in served.names
    }
    if entries:
        ground.sni.put(entries)
    gone = [name for role, name in switch.dropped if role is Role.MAIL]
    if gone:
        ground.sni.remove(gone)
    return SwitchApplied(switch)


def remove_version(lineage: str, version: int, ground: Ground) -> None:
    """Take away the files of a version that nothing points at any more; missing ones are no error."""
    layout = ground.layout
    for path in (layout.tls_version, layout.tls_all, layout.tls_companion):
        ground.files.remove(path(lineage, version))


def _link_companions(served: Served, ground: Ground) -> None:
    """The server-wide certificate's other files: the link for Postfix always leads to something."""
    layout = ground.layout
    ground.files.link(layout.tls_default_all, f"versions/{_for_postfix(served, ground).name}")
    companion = layout.tls_companion(served.lineage, served.version)
    if ground.files.exists(companion):
        ground.files.link(layout.tls_default_companion, f"versions/{companion.name}")


def _for_postfix(served: Served, ground: Ground) -> Path:
    """The file with the version's every certificate."""
    both = ground.layout.tls_all(served.lineage, served.version)
    return both if ground.files.exists(both) else ground.layout.tls_version(served.lineage, served.version)


def _leaves(chain: KeyedChain) -> tuple[str, ...]:
    found = (chain, chain.companion) if chain.companion else (chain,)
    return tuple(one.certificate.sha256 for one in found)


def link_name(name: str) -> str:
    """The file name under which nginx looks a name up: ``*.a.test`` lies at ``_.a.test``. Raises BadInput for what is no
    name: the store, which the panel's process can write, must not lead root to other directories."""
    name = wildcard(name)
    return "_" + name[1:] if name.startswith("*.") else name
