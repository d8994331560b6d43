"""Where the API is explained; with ``--json``, its document."""

import click

from mailward import bootstrap
from mailward.cli.command import command
from mailward.cli.face import Face
from mailward.cli.language import tell
from mailward.model.sentence import Sentence


@command("api-docs", results=True)
def api_docs(face: Face) -> None:
    docs = bootstrap.api_docs(face.instance)
    if face.json:
        click.echo(docs.document, nl=False)
        return
    face.out.print(tell(Sentence("The API: {address} ({count} operations)", address=docs.address, count=docs.operations)))
    face.out.print(tell(Sentence("Explained at: {page}", page=docs.page)))
    face.out.print(tell(Sentence("Its document (OpenAPI): mailward api-docs --json")))
