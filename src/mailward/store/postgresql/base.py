"""Django's PostgreSQL, with transactions like those of SQLite here: each begins with the right to write, so there is one at
a time. What looks first and writes then (a free name, a budget, the last provider, the end of the chain) counts on it.

Reading outside of a transaction waits for nobody. Who waits longer than ``LOCK_SECONDS`` is told so (OperationalError).
"""

from typing import Any

from django.db.backends.postgresql import base

LOCK = 0x6D61696C77617264  # "mailward": an advisory lock, let go by PostgreSQL itself when the transaction ends
LOCK_SECONDS = 20  # as long as SQLite waits (django_settings)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose transactions exclude each other."""

    def get_connection_params(self) -> dict[str, Any]:
        told: dict[str, Any] = super().get_connection_params()
        ours = f"-c lock_timeout={LOCK_SECONDS}s -c jit=off"  # compiling takes longer than answering
        return {**told, "options": f"{told.get('options', '')} {ours}".strip()}

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # django-stubs don't know it
        if autocommit:
            return
        with self.wrap_database_errors:
            try:
                self.connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            except Exception:
                if not self.connection.closed:
                    self.connection.rollback()
                    self.connection.autocommit = True
                raise
