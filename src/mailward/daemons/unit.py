"""The systemd unit of an instance in production: one unit that runs the supervisor in the foreground (systemd.service(5)).
Pure text; writing it is host.systemd's."""

from mailward.daemons.supervisor import NAME as SUPERVISOR
from mailward.model.desired import DesiredState
from mailward.model.layout import Layout


def unit_name(desired: DesiredState) -> str:
    return f"mailward-{desired.settings.hostname}.service"


def unit_text(desired: DesiredState, layout: Layout) -> str:
    """Starts after the network; stops every daemon with it; comes back when it fails."""
    config = layout.current / SUPERVISOR / "supervisord.conf"
    return f"""[Unit]
Description=Mailward mail host {desired.settings.hostname}
Documentation=file:{layout.settings}
Wants=network-online.target
After=network-online.target nss-lookup.target
ConditionPathExists={config}

[Service]
Type=exec
ExecStart={desired.python} -m supervisor.supervisord --nodaemon --configuration {config}
UMask=0027
KillMode=mixed
TimeoutStopSec=120
Restart=on-failure
RestartSec=2
OOMPolicy=continue
LimitNOFILE=65536
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
LockPersonality=yes
RestrictRealtime=yes

[Install]
WantedBy=multi-user.target
"""
