"""How passwords of people are kept: Argon2id (RFC 9106) with 19 MiB and two passes, as OWASP's cheat sheet asks at least.

Django's own takes 100 MiB and eight lanes for each: eight people who sign in at once would cost a small host its memory.
"""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1
