"""Long-running programs, and the systemd unit that starts them with the machine."""

import click

from mailward import bootstrap
from mailward.cli.command import command, group
from mailward.cli.face import Face
from mailward.cli.language import tell
from mailward.model.sentence import Sentence

service = group("service")
panel = group("panel")


@command("install", Sentence("Write the systemd unit and enable it"), under=service)
def install(face: Face) -> None:
    path = bootstrap.install_service(face.instance)
    face.out.print(tell(Sentence("Installed: {path}", path=path)))


@command("uninstall", Sentence("Stop and remove the systemd unit"), under=service)
def uninstall(face: Face) -> None:
    path = bootstrap.uninstall_service(face.instance)
    face.out.print(tell(Sentence("Removed: {path}", path=path)))


@command("show", Sentence("Print the systemd unit"), under=service)
def show(face: Face) -> None:
    click.echo(bootstrap.service_unit(face.instance), nl=False)


@command("steward")
def steward(face: Face) -> None:
    face.open().steward_forever()


@command("mailpath")
def mailpath(face: Face) -> None:
    bootstrap.serve_mailpath(face.instance)


@command("tls-policy")
def tls_policy(face: Face) -> None:
    bootstrap.serve_tls_policy(face.instance)


@command("serve", Sentence("Answer on the instance's socket, read-only"), under=panel)
def serve(face: Face) -> None:
    bootstrap.serve_panel(face.instance)
