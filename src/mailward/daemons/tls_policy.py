"""The process that tells Postfix how mail for a domain must leave: DANE first, then MTA-STS (mailpath/tls_policy.py).

Our own, unprivileged, on a unix socket that Postfix may enter. Without it mail is delayed, never sent in clear.
"""

from pathlib import Path

from mailward.daemons.daemon import Daemon, Directory, Program
from mailward.daemons.users import TLS_POLICY
from mailward.model.layout import Layout

NAME = "tls-policy"


def socket(layout: Layout) -> Path:
    return layout.run / NAME / "policy.sock"


TLS_POLICY_DAEMON = Daemon(
    name=NAME,
    wanted=lambda desired: desired.settings.outbound,
    render=lambda _desired, _layout: (),
    program=lambda desired, layout: Program(
        (desired.python, "-m", "mailward", NAME, "--instance", str(layout.root)), user=TLS_POLICY
    ),
    checkers=lambda _desired, _layout, _staged: (),
    reload=None,
    directories=lambda layout: (Directory(layout.run / NAME, 0o750, TLS_POLICY, "postfix"),),
)
