"""Every top-level command: the module that has it, what it is for, and where it stands in the help.

The modules are loaded only when one of their commands is called, so that ``--help`` is quick and needs no store.
"""

from dataclasses import dataclass

from mailward.model.sentence import Sentence


@dataclass(frozen=True)
class Entry:
    """``module`` is below ``mailward.cli``; it has the command under the command's own name (``-`` as ``_``)."""

    name: str
    module: str
    summary: Sentence


SUBJECTS: tuple[tuple[Sentence, tuple[Entry, ...]], ...] = (
    (
        Sentence("The host"),
        (
            Entry("up", "host", Sentence("Install what is missing, start everything, secure it and show the proof")),
            Entry("status", "host", Sentence("Show what runs, and what was last found at the doors")),
            Entry("logs", "host", Sentence("Show what the daemons wrote")),
            Entry("doctor", "host", Sentence("Look for what is wrong on this machine, and say what ends it")),
            Entry("down", "host", Sentence("Stop everything; nothing is lost")),
            Entry("destroy", "host", Sentence("Stop everything and delete the instance with all its mail")),
        ),
    ),
    (
        Sentence("Proof"),
        (
            Entry("verify", "verify", Sentence("Connect to every door as a client would, and say what is served")),
            Entry("dkim", "dkim", Sentence("Show the keys that mail is signed with, or make new ones")),
            Entry("check", "check", Sentence("Ask DNS as the world does, say what is wrong, and the record that cures it")),
            Entry("reports", "reports", Sentence("Show what other servers reported about a domain, and whether to go on")),
            Entry("client", "verify", Sentence("Say what mail programs will find and show for an address")),
        ),
    ),
    (
        Sentence("Certificates"),
        (
            Entry("secure", "certificates", Sentence("Choose the certificates of a domain or the server, and prove them")),
            Entry("certificate", "certificates", Sentence("List, order, upload, renew and revoke certificates")),
        ),
    ),
    (
        Sentence("Domains and mailboxes"),
        (
            Entry("domain", "domains", Sentence("Add, list, prove and remove domains")),
            Entry("names", "names", Sentence("Deny, allow and guard names, and see who registered look-alikes")),
            Entry("dns", "dns", Sentence("Show, declare and publish what DNS says of domains")),
            Entry("tls", "tls", Sentence("Demand TLS of mail to and from domains")),
            Entry("customer", "domains", Sentence("Add and list customers, who own domains")),
            Entry("mailbox", "mailboxes", Sentence("Add, list, disable and remove mailboxes, change passwords and sizes")),
            Entry("app-password", "app_passwords", Sentence("Create, list and revoke passwords for single programs")),
            Entry("alias", "mailboxes", Sentence("Add, list and remove forwarding addresses")),
        ),
    ),
    (
        Sentence("People of the panel"),
        (
            Entry("people", "people", Sentence("List, invite and close accounts, give and take roles")),
            Entry("api-docs", "api_docs", Sentence("Say where the API is explained, or print its document")),
            Entry("token", "tokens", Sentence("List, create and revoke tokens for programs")),
            Entry("events", "events", Sentence("Show who did what, and whether that record is as it was written")),
        ),
    ),
    (
        Sentence("Configuration"),
        (
            Entry("plan", "flow", Sentence("Show what would change, in sentences and as a diff; change nothing")),
            Entry("apply", "flow", Sentence("Bring the host to what is declared; undone if it can't be proven")),
            Entry("runs", "flow", Sentence("Show what was done to the host, and how it ended")),
            Entry("rollback", "flow", Sentence("Go back to an earlier configuration, with the same proof")),
        ),
    ),
    (
        Sentence("This installation"),
        (
            Entry("service", "service", Sentence("Start with the machine: install or remove the systemd unit")),
            Entry("packages", "packages", Sentence("Install the Debian packages that are needed, starting no service")),
            Entry(
                "steward",
                "service",
                Sentence("Keep everything as declared and renewed (runs until stopped)"),
            ),
            Entry("mailpath", "service", Sentence("Sign mail that leaves (runs until stopped)")),
            Entry("tls-policy", "service", Sentence("Tell Postfix where TLS must be proven (runs until stopped)")),
            Entry("panel", "service", Sentence("Serve the panel (runs until stopped)")),
            Entry("test", "test", Sentence("Install what the tests need, and pass them")),
            Entry("bench", "test", Sentence("Measure: check, doors, issue, names, panel, signing, standards, up")),
            Entry("words", "words", Sentence("Collect the sentences for translation (for developers)")),
        ),
    ),
)

ENTRIES: dict[str, Entry] = {entry.name: entry for _, entries in SUBJECTS for entry in entries}
