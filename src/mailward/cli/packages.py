"""Debian's packages: what is needed is installed, nothing is removed, no service is started."""

from mailward import bootstrap
from mailward.cli.command import command, group, option
from mailward.cli.face import Face
from mailward.cli.language import tell
from mailward.model.sentence import Sentence

packages = group("packages")


@command("install", Sentence("Install what is missing; refused if anything would be removed"), under=packages, results=True)
@option("--with-tests", is_flag=True, says=Sentence("Also what only the tests need"))
def install(face: Face, with_tests: bool) -> None:
    installed = bootstrap.install_packages(face.progress(), with_tests=with_tests)
    said = (
        Sentence("Installed: {packages}", packages=", ".join(installed))
        if installed
        else Sentence("Every package was there already.")
    )
    face.answer({"installed": installed}, lambda out: out.print(tell(said)))
