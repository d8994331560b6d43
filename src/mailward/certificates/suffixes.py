"""The registered domain of a name: what a CA's limit counts by (publicsuffix.org's algorithm).

The list itself is data: hand in the text of a Public Suffix List (Debian's package ``publicsuffix`` keeps it current,
which a list inside a Python package would not be). Without one, a short list of the suffixes that mail hosts meet
most is used; a name below an unlisted suffix is then counted by its last two labels.
"""

from dataclasses import dataclass

_SHORT_LIST = """
ac.uk co.uk gov.uk ltd.uk me.uk net.uk org.uk plc.uk sch.uk com.au net.au org.au edu.au gov.au id.au
co.nz net.nz org.nz ac.nz govt.nz co.za org.za net.za web.za co.at or.at ac.at gv.at co.jp ne.jp or.jp ac.jp
com.br net.br org.br com.mx org.mx com.ar com.tr org.tr com.pl net.pl org.pl edu.pl co.in net.in org.in
com.cn net.cn org.cn com.tw com.hk com.sg co.kr or.kr co.il org.il com.ua co.hu com.gr com.pt com.es org.es
co.com eu.com de.com uk.com us.com co.nl co.no com.ru
"""


@dataclass(frozen=True)
class Suffixes:
    """Rules, wildcards (``*.ck``) and exceptions (``!www.ck``) of the list, as A-labels."""

    rules: frozenset[str]
    wildcards: frozenset[str]
    exceptions: frozenset[str]

    def registered(self, name: str) -> str:
        """``example.co.uk`` of ``*.mail.example.co.uk``; a name that is itself a suffix gives itself."""
        labels = name.lower().rstrip(".").removeprefix("*.").split(".")
        length = next((n for n in range(len(labels), 0, -1) if self._is_suffix(labels[-n:])), 1)
        return ".".join(labels[-(length + 1) :])

    def is_suffix(self, name: str) -> bool:
        """Whether names are registered right below this one, by different people: co.uk."""
        labels = name.lower().rstrip(".").split(".")
        return len(labels) == 1 or self._is_suffix(labels)

    def body(self, name: str) -> str:
        """What is left of a name without the suffix it is registered under: "mail.example" of mail.example.co.uk."""
        return name.removesuffix("." + self.registered(name).partition(".")[2])

    def _is_suffix(self, labels: list[str]) -> bool:
        name, parent = ".".join(labels), ".".join(labels[1:])
        return name not in self.exceptions and (name in self.rules or parent in self.wildcards)


def parse_suffixes(text: str) -> Suffixes:
    """A Public Suffix List: one rule a line, up to the first blank, ``//`` comments."""
    lines = [line.split()[0] for line in text.splitlines() if line.strip() and not line.startswith("//")]
    rules = [_ascii(line) for line in lines]
    return Suffixes(
        frozenset(rule for rule in rules if rule[:1] not in "*!"),
        frozenset(rule[2:] for rule in rules if rule.startswith("*.")),
        frozenset(rule[1:] for rule in rules if rule.startswith("!")),
    )


def _ascii(rule: str) -> str:
    if rule.isascii():
        return rule.lower()
    try:
        return rule.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return rule.lower()


SHORT_LIST = parse_suffixes("\n".join(_SHORT_LIST.split()))
