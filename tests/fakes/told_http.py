"""An HTTP client that fetches what it was told (model.outside.HttpClient)."""

from collections.abc import Mapping

from mailward.model.outside import HttpAnswer


class ToldHttp:
    """``answers``: URL -> answer. A URL that nobody told about is refused."""

    def __init__(self, answers: Mapping[str, HttpAnswer] | None = None) -> None:
        self.answers: dict[str, HttpAnswer] = dict(answers or {})
        self.fetched: list[tuple[str, str, int]] = []

    def fetch(self, url: str, *, address: str, port: int, method: str = "GET", body: bytes | None = None) -> HttpAnswer:
        self.fetched.append((url, address, port))
        return self.answers.get(url) or HttpAnswer(url, 0, "", b"", "refused")
