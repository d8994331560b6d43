"""Pebble: the demo's certificate authority, Let's Encrypt's own test server (RFC 8555). Never in production.

It keeps everything in memory and makes a new root at every start. It asks the instance's Knot for DNS-01 and the
instance's port 80 for HTTP-01.
"""

from mailward.daemons.daemon import Daemon, Directory, Program
from mailward.daemons.rendering import render_file
from mailward.daemons.secrets import pebble_certificate, pebble_key
from mailward.daemons.users import CA
from mailward.model.desired import DesiredState
from mailward.model.errors import NotPossible
from mailward.model.generations import File
from mailward.model.layout import Layout
from mailward.model.sentence import Sentence
from mailward.model.settings import DemoSettings

NAME = "pebble"


def _demo(desired: DesiredState) -> DemoSettings:
    if desired.settings.demo is None:
        raise NotPossible(Sentence("Pebble runs only in a demo"))
    return desired.settings.demo


def _render(desired: DesiredState, layout: Layout) -> tuple[File, ...]:
    demo = _demo(desired)
    values: dict[str, object] = {
        "demo": demo,
        "settings": desired.settings,
        "certificate": pebble_certificate(layout),
        "key": pebble_key(layout),
    }
    return (render_file(f"{NAME}/pebble.json", values),)


def _program(desired: DesiredState, layout: Layout) -> Program:
    resolver = f"127.0.0.1:{desired.settings.dns_port}"
    argv = ("/usr/bin/pebble", "-config", str(layout.current / NAME / "pebble.json"), "-dnsserver", resolver)
    return Program(argv, user=CA, environment=(("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_WFE_NONCEREJECT", "0")))


PEBBLE = Daemon(
    name=NAME,
    wanted=lambda desired: desired.settings.demo is not None,
    render=_render,
    program=_program,
    checkers=lambda _desired, _layout, _staged: (),
    reload=None,
    directories=lambda layout: (Directory(layout.secrets, 0o711),),
)
