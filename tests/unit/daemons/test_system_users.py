"""The users' list is one that useradd(8) takes on a machine where none of them is there yet."""

from mailward.daemons.users import USERS


def test_every_purpose_can_be_a_comment_in_passwd() -> None:
    """passwd(5) separates its fields by colons: useradd refuses a comment that holds one."""
    for user in USERS:
        assert user.purpose.isprintable()
        assert ":" not in user.purpose
        assert user.name.startswith("mailward-")
        assert len(user.name) <= 31
