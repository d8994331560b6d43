"""Every rule of the board, by its mechanism. A rule is added here when its module lands."""

from collections.abc import Callable, Mapping

from mailward.audit.rules import autoconfig
from mailward.audit.seen import Expected, Seen
from mailward.model.checks import CheckFinding, Mechanism

Rule = Callable[[str, Expected, Seen], list[CheckFinding]]
ServerRule = Callable[[Expected, Seen], list[CheckFinding]]

RULES: Mapping[Mechanism, Rule] = {
    Mechanism.AUTOCONFIG: autoconfig.judge,
}
"""Of a domain. Certificates and doors are not here: they are made from what the doors' own looks found."""

SERVER_RULES: Mapping[Mechanism, ServerRule] = {}
"""Of the host itself ("server")."""
