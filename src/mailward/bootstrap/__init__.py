"""The one place that joins the machine to the engines. Faces open an instance here and ask it for what it can do."""

from mailward.bootstrap.api_docs import ApiDocs, api_docs
from mailward.bootstrap.check_row import CheckRow
from mailward.bootstrap.doctor import doctor
from mailward.bootstrap.mailpath import serve_mailpath
from mailward.bootstrap.mailward import DaemonRow, HostStatus, Mailward, open_instance
from mailward.bootstrap.panel import serve_panel
from mailward.bootstrap.service import install_service, service_unit, uninstall_service
from mailward.bootstrap.tls_policy import serve_tls_policy
from mailward.bootstrap.up import UpReport, UpWish, bring_up, install_packages

__all__ = [
    "ApiDocs",
    "CheckRow",
    "DaemonRow",
    "HostStatus",
    "Mailward",
    "UpReport",
    "UpWish",
    "api_docs",
    "bring_up",
    "doctor",
    "install_packages",
    "install_service",
    "open_instance",
    "serve_mailpath",
    "serve_panel",
    "serve_tls_policy",
    "service_unit",
    "uninstall_service",
]
