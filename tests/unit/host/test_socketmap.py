"""The socketmap protocol: answers in order, nonsense ends its own connection, a failure is a delay."""

import asyncio
import socket
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailward.host import socketmap


def talked(*chunks: bytes) -> bytes:
    """What the server says to these bytes, until it closes."""

    async def talk() -> bytes:
        def said(table: str, key: str) -> str:
            if key == "breaks":
                raise RuntimeError("no")
            return f"OK {table}-{key}"

        with tempfile.TemporaryDirectory(prefix="mailward-test-") as directory:
            path = Path(directory) / "s"
            server = await socketmap.serve(path, said)
            async with server:
                reader, writer = await asyncio.open_unix_connection(path)
                writer.writelines(chunks)
                writer.write_eof()
                got = await asyncio.wait_for(reader.read(), 5)
                writer.close()
                return got

    return asyncio.run(talk())


def test_questions_are_answered_in_their_order() -> None:
    """Several on one connection, cut anywhere; one that breaks us is a delay for itself alone."""
    questions = b"".join(map(socketmap.netstring, ("t a", "t breaks", "t b")))
    said = talked(*(questions[at : at + 1] for at in range(len(questions))))
    assert said.startswith(b"6:OK t-a,")
    assert b":TEMP " in said
    assert said.endswith(b",6:OK t-b,")


@settings(max_examples=40, deadline=None)
@given(
    st.binary(max_size=60) | st.sampled_from([b"9999999999:", b"2000:" + b"x" * 2000, b"3:a b;", b"-1:,", b":,", b"5:a"])
)
def test_nonsense_ends_its_connection_alone(noise: bytes) -> None:
    """Whatever comes, the server closes, says nothing that it wasn't asked, and lives on."""
    good = socketmap.netstring("t a")
    assert talked(good, noise).startswith(b"6:OK t-a,")


def test_asking_another_server() -> None:
    """The answer of a socketmap; no server is an OSError."""

    async def asked(path: Path) -> str:
        async with await socketmap.serve(path, lambda table, key: f"OK {key} of {table}"):
            return await asyncio.to_thread(socketmap.ask, path, "postfix", "b.test")

    with tempfile.TemporaryDirectory(prefix="mailward-test-") as directory:
        assert asyncio.run(asked(Path(directory) / "s")) == "OK b.test of postfix"
        with pytest.raises(OSError):
            socketmap.ask(Path(directory) / "none", "postfix", "b.test")


@pytest.mark.parametrize("answer", [b"", b"5:abc", b"x:abc,", b"999999999:abc,"])
def test_an_answer_that_is_none(answer: bytes) -> None:
    """Cut off, no netstring or endless: a ValueError."""
    with tempfile.TemporaryDirectory(prefix="mailward-test-") as directory, socket.socket(socket.AF_UNIX) as listening:
        path = Path(directory) / "s"
        listening.bind(str(path))
        listening.listen()

        def speak() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

        threading.Thread(target=speak, daemon=True).start()
        with pytest.raises(ValueError, match=r"netstring|cut off"):
            socketmap.ask(path, "postfix", "b.test", timeout=5)
