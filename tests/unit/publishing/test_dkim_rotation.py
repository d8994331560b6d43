"""The life of DKIM keys: whatever DNS shows and clocks say, what signs is shown, and stays until nobody needs it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mailward.model.dns import DkimAlgorithm, DkimSelector, DkimState
from mailward.publishing.dkim_rotation import EVERY, RETIRING, SETTLING, Make, Move, new_key, signing, steps

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Domain:
    """Keys, and what is published of them, as the steward would keep them."""

    def __init__(self):
        self.keys: list[DkimSelector] = []
        self.now = NOW
        self.signed: dict[str, datetime] = {}  # when a key signed last

    def take(self, shown=None, every=EVERY):
        """One round: all steps are carried out. ``shown`` None: every server shows what is published."""
        found = steps(self.keys, self.published() if shown is None else shown, self.now, every=every)
        for step in found:
            if isinstance(step, Make):
                key = DkimSelector("a.test", step.selector, step.algorithm, DkimState.MADE, "", self.now, self.now)
                self.keys.append(key)
            else:
                place = next(at for at, key in enumerate(self.keys) if key.selector == step.selector)
                self.keys[place] = replace(self.keys[place], state=step.to, changed_at=self.now)
        for selector in self.names(DkimState.SIGNING):
            self.signed[selector] = self.now
        return found

    def names(self, *states):
        return {key.selector for key in self.keys if key.state in states}

    def published(self):
        return self.names(*DkimState) - self.names(DkimState.GONE)


def test_the_first_keys_sign_as_soon_as_they_are_shown():
    """One key of each kind is made; each signs when every server shows it, and not before."""
    domain = Domain()
    made = domain.take()
    assert [type(step) for step in made] == [Make, Make]
    assert {step.algorithm for step in made} == set(DkimAlgorithm)
    assert domain.take(shown=()) == ()
    one = made[0].selector
    assert domain.take(shown={one}) == (Move(one, DkimState.PUBLISHED), Move(one, DkimState.SIGNING))
    domain.take()
    assert domain.names(DkimState.SIGNING) == {step.selector for step in made}
    assert domain.take() == ()


def test_a_whole_rotation_unattended():
    """A year by the hour: every ninety days new keys come, take over after they settled, and the old ones go when nobody
    needs them; there is always one key of each kind that signs."""
    domain = Domain()
    domain.take()
    domain.take()
    for _ in range(366 * 24):
        domain.now += HOUR
        domain.take()
        assert len(domain.names(DkimState.SIGNING)) == 2
        assert len(domain.published()) <= 4
    assert len(domain.keys) == 2 * 5
    for key in domain.keys:
        if key.state is DkimState.GONE:
            assert RETIRING <= key.changed_at - domain.signed[key.selector] <= RETIRING + 2 * HOUR


def test_a_server_that_never_shows_the_new_key_holds_up_the_new_key_alone():
    """The old key signs on, and no more keys are made."""
    domain = Domain()
    domain.take()
    domain.take()
    old = domain.names(DkimState.SIGNING)
    for _ in range(400):
        domain.now += timedelta(days=1)
        domain.take(shown=old)
        assert domain.names(DkimState.SIGNING) == old
    assert len(domain.keys) == 4
    domain.take()
    domain.now += SETTLING
    domain.take()
    assert domain.names(DkimState.SIGNING) == domain.names(*DkimState) - old
    assert domain.names(DkimState.RETIRING) == old


def test_a_key_that_vanishes_before_it_signs_waits_again():
    """Seen once is not enough: it must be shown when it takes over."""
    domain = Domain()
    domain.take()
    domain.take()
    old = domain.names(DkimState.SIGNING)
    domain.now += EVERY
    domain.take()
    domain.take()
    assert len(domain.names(DkimState.PUBLISHED)) == 2
    domain.now += SETTLING
    domain.take(shown=old)
    assert domain.names(DkimState.SIGNING) == old
    assert len(domain.names(DkimState.MADE)) == 2


def test_who_asks_for_a_rotation_gets_it_at_once_and_once():
    """A key that is made by hand takes the same way; without a schedule, nothing is replaced for its age."""
    domain = Domain()
    domain.take()
    domain.take()
    domain.now += 10 * EVERY
    assert domain.take(every=None) == ()
    made = new_key(DkimAlgorithm.RSA2048, domain.names(*DkimState), domain.now)
    domain.keys.append(DkimSelector("a.test", made.selector, made.algorithm, DkimState.MADE, "", domain.now, domain.now))
    domain.take(every=None)
    domain.now += SETTLING
    domain.take(every=None)
    assert made.selector in domain.names(DkimState.SIGNING)


def test_selectors_are_never_used_twice():
    """A cache may know what a selector said before."""
    used: set[str] = set()
    for _ in range(20):
        made = new_key(DkimAlgorithm.ED25519, used, NOW)
        assert made.selector not in used
        used.add(made.selector)


def test_a_clock_that_was_years_ahead_stops_no_rotation():
    """What was written in 2036 begins when the clock is right again."""
    domain = Domain()
    domain.now += timedelta(days=3650)
    domain.take()
    domain.take()
    domain.now = NOW
    domain.take()
    assert all(key.changed_at == NOW for key in domain.keys)
    domain.now += EVERY
    assert len([step for step in domain.take() if isinstance(step, Make)]) == 2


def test_a_clock_that_goes_back_for_an_hour_takes_no_record_away():
    """Mail that the old key signed is under way: a month back and forth again doesn't shorten its time."""
    domain = Domain()
    domain.take()
    domain.take()
    domain.now += EVERY
    for _ in range(3):
        domain.take()
        domain.now += HOUR
    retiring = domain.names(DkimState.RETIRING)
    assert len(retiring) == 2
    right = domain.now
    domain.now = right - timedelta(days=30)
    domain.take()
    domain.now = right + HOUR
    domain.take()
    assert domain.names(DkimState.RETIRING) == retiring
    domain.now = right + RETIRING
    domain.take()
    assert domain.names(DkimState.GONE) == retiring


jumps = st.sampled_from([timedelta(0), HOUR, timedelta(days=1), timedelta(days=6), EVERY, -HOUR, -timedelta(days=30)])


@given(st.lists(st.tuples(jumps, st.sets(st.integers(0, 12))), max_size=40))
def test_whatever_servers_show_and_clocks_say(rounds):
    """A key begins to sign only while it is shown; once a kind has a signing key, it always has exactly one; at most
    one is on its way in; and what goes doesn't sign."""
    domain = Domain()
    began: set = set()
    for jump, seen in rounds:
        domain.now += jump
        shown = {key.selector for number, key in enumerate(domain.keys) if number in seen} & domain.published()
        before = domain.names(DkimState.SIGNING)
        found = domain.take(shown)
        after = domain.names(DkimState.SIGNING)
        assert after - before <= shown
        assert set(signing(domain.keys, ())) == after
        kinds = [key.algorithm for key in domain.keys if key.state is DkimState.SIGNING]
        assert len(kinds) == len(set(kinds))
        assert began <= set(kinds)
        began = set(kinds)
        ahead = [key.algorithm for key in domain.keys if key.state in (DkimState.MADE, DkimState.PUBLISHED)]
        assert len(ahead) == len(set(ahead))
        for step in found:
            if isinstance(step, Move) and step.to is DkimState.GONE:
                assert step.selector not in after
