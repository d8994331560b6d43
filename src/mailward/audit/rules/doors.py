"""Judging one look at one door: observation and trusted roots in, finding out.

Pure. PASS needs a complete handshake with a certificate that is trusted, current, made for the name (RFC 9525) and the
one that was chosen; a door that did not answer is UNKNOWN, never PASS. The most serious problem is the finding's code,
the others stand in ``also``.
"""

from mailward.audit.probes.doors import Attempts, DoorObservation
from mailward.audit.rules import codes, norm, words
from mailward.audit.rules.chain import ChainJudge, Problem, ServedChain
from mailward.model.certificates import Certificate
from mailward.model.doors import Door
from mailward.model.findings import DoorFinding, DoorQuestion
from mailward.model.outside import Dialled
from mailward.model.sentence import Sentence
from mailward.model.verdict import Verdict, worst


def judge_door(observation: DoorObservation, chains: ChainJudge, server_name: str) -> DoorFinding:
    """The finding for one observation. ``server_name`` is what the server-wide certificate must be made for."""
    dialled, question = observation.dialled, observation.question
    problems: list[Problem] = []
    served: ServedChain | None = None
    if dialled.trouble is not None:
        code = dialled.trouble if dialled.trouble in codes.TROUBLES else "protocol-error"
        problems.append(Problem(code, dialled.detail or dialled.trouble))
    if dialled.chain or dialled.trouble is None:  # a door can show its certificate and fail afterwards
        served = chains.judge(dialled.chain)
        problems += served.problems_at(observation.checked_at)
        problems += [] if served.leaf is None else _certificate_problems(question, served.leaf, server_name)
        problems += _protocol_problems(dialled, observation.attempts)
    return _finding(observation, problems, served, server_name)


def verdict_of(code: str, question: DoorQuestion) -> Verdict:
    """A code's verdict in its place: a name that nothing promised to cover, and old TLS between mail servers (better
    than the clear text they would fall back to, RFC 7435), are warnings."""
    if code == "name-mismatch" and not question.required:
        return Verdict.WARN
    if code == "old-protocol" and question.door is Door.SMTP:
        return Verdict.WARN
    return codes.VERDICTS[code]


def _certificate_problems(question: DoorQuestion, leaf: Certificate, server_name: str) -> list[Problem]:
    found = []
    if question.wanted_sha256 is not None and question.wanted_sha256 != leaf.sha256:
        found.append(Problem("not-what-was-chosen"))
    if not leaf.covers(_expected_name(question, server_name)):
        found.append(Problem("name-mismatch"))
    return found


def _expected_name(question: DoorQuestion, server_name: str) -> str:
    """Who sends no name or an unknown one knows the server by its own name, if by any."""
    return server_name if question.expects_server or not question.name else question.name


def _protocol_problems(dialled: Dialled, attempts: Attempts) -> list[Problem]:
    found, untested = [], []
    old, clear = attempts.old_protocol, attempts.clear_text
    if dialled.version is not None and dialled.version not in norm.GOOD_PROTOCOLS:
        found.append(Problem("old-protocol", dialled.version))
    elif old is not None and (old.trouble is None or old.version is not None):  # a version: the handshake was completed
        is_good = old.version in norm.GOOD_PROTOCOLS  # offered where the profile wants TLS 1.3 alone
        found.append(Problem("below-profile" if is_good else "old-protocol", old.version or "TLS 1.1"))
    elif old is not None and old.trouble != "handshake-failed":
        untested.append(f"old protocol: {old.trouble}")
    if clear is not None:
        found += [Problem("starttls-injection")] if clear.injected else []
        found += [Problem("clear-login")] if clear.clear_login else []
        if clear.trouble in ("timeout", "refused", "unreachable"):
            untested.append(f"clear text: {clear.trouble}")
        elif clear.trouble is None and clear.clear_login is None:
            untested.append("clear text: -")
    if untested:
        found.append(Problem("not-fully-tested", ", ".join(untested)))
    return found


def _finding(
    observation: DoorObservation, problems: list[Problem], served: ServedChain | None, server_name: str
) -> DoorFinding:
    question, dialled = observation.question, observation.dialled
    ranked = sorted(problems or [Problem(codes.OK)], key=lambda p: _seriousness(p, question))
    leaf = served.leaf if served else None
    first = ranked[0]
    return DoorFinding(
        domain=question.domain,
        name=question.name,
        door=question.door,
        port=question.port,
        address=question.address,
        tls=question.door.kind.tls,
        sni=question.sni,
        verdict=worst([verdict_of(problem.code, question) for problem in ranked]),
        code=first.code,
        reason=_reason(ranked, question, leaf, server_name),
        remedy=words.remedy(first.code, question).having(
            name=question.name or server_name, domain=question.domain, server=server_name
        ),
        checked_at=observation.checked_at,
        served_sha256=leaf.sha256 if leaf else None,
        wanted_sha256=question.wanted_sha256,
        not_after=leaf.not_after if leaf else None,
        protocol=dialled.version,
        rsa_only=question.rsa_only,
        also=tuple(dict.fromkeys(problem.code for problem in ranked[1:] if problem.code != first.code)),
    )


def _seriousness(problem: Problem, question: DoorQuestion) -> tuple[int, int]:
    return -verdict_of(problem.code, question).severity, codes.rank(problem.code)


def _reason(ranked: list[Problem], question: DoorQuestion, leaf: Certificate | None, server_name: str) -> Sentence:
    first = ranked[0]
    both = first.code == "self-signed" and any(problem.code == "name-mismatch" for problem in ranked)
    special = words.SELF_SIGNED_AND_OTHER_NAME if both else first.code
    if question.rsa_only and first.code == "handshake-failed":
        special = words.NO_COMPANION
    template = words.reason(special, question.door)
    return template.having(
        name=_expected_name(question, server_name),
        names=_names(leaf),
        port=question.port,
        address=question.address,
        detail=first.detail,
    )


def _names(leaf: Certificate | None) -> str:
    """The first few names that a certificate is made for."""
    names = leaf.names if leaf else ()
    shown = ", ".join(names[:4]) or (leaf.subject if leaf else "")
    return f"{shown}, …" if len(names) > 4 else shown
