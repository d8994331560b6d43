"""Mailbox passwords: one-way hashes that Dovecot verifies, and random one-time passwords.

The hash is Argon2id (RFC 9106) in Dovecot's scheme syntax, ``{ARGON2ID}$argon2id$…``, with 19 MiB and two passes: Dovecot's
auth process must be able to afford one per login. App passwords are long and random, and programs log in often: a fast
salted hash is enough for them, ``{SSHA512}``. A password is never kept, logged or put into an argument list.
"""

import base64
import hashlib
import secrets

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

SCHEME = "{ARGON2ID}"
# Without what is read wrong aloud or on paper: 0 O o, 1 l I, and specials that shells, URLs and forms treat specially.
UPPER = "ABCDEFGHJKLMNPQRSTUVWXYZ"
LOWER = "abcdefghijkmnpqrstuvwxyz"
DIGITS = "23456789"
SPECIAL = "-_+=:@."
LENGTH = 20

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)


def hash_password(password: str) -> str:
    """The string that goes into the directory's ``password`` column."""
    return SCHEME + _HASHER.hash(password)


def password_matches(password: str, hashed: str) -> bool:
    """Whether ``hashed`` (made by hash_password) was made from ``password``; False for any other scheme."""
    if not hashed.startswith(SCHEME):
        return False
    try:
        return _HASHER.verify(hashed.removeprefix(SCHEME), password)
    except (VerificationError, InvalidHashError):
        return False


def hash_app_password(password: str) -> str:
    """The string that goes into the directory's ``app_passwords``. Only for passwords of 100 random bits and more."""
    salt = secrets.token_bytes(16)
    return "{SSHA512}" + base64.b64encode(hashlib.sha512(password.encode() + salt).digest() + salt).decode()


def make_password(length: int = LENGTH) -> str:
    """A random password of at least 16 characters with upper, lower, digit and special (about 5.9 bits each).

    It starts and ends with a letter, so that a double click marks all of it and no full stop is lost at its end.
    """
    length = max(length, 16)
    letters = UPPER + LOWER
    everything = letters + DIGITS + SPECIAL
    while True:
        middle = "".join(secrets.choice(everything) for _ in range(length - 2))
        password = secrets.choice(letters) + middle + secrets.choice(letters)
        if all(any(char in kind for char in password) for kind in (UPPER, LOWER, DIGITS, SPECIAL)):
            return password
