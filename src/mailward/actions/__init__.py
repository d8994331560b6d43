"""The one door: one function per thing a person can do, the same for all faces."""

import mailward.store  # noqa: F401 - makes Django ready, whichever of Django's tables is imported first
