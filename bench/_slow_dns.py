"""A name server that is some milliseconds away: passes UDP questions on to one that is near, and its answers back late.

    python _slow_dns.py LISTEN_PORT NEAR_PORT SECONDS

A process of its own, since it must not share the processor time of whom it answers. Ends on SIGTERM.
"""

import heapq
import select
import socket
import sys
import time

LARGEST = 65535


def forever(listen: int, near: int, seconds: float) -> None:
    outside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    outside.bind(("127.0.0.1", listen))
    inside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    inside.connect(("127.0.0.1", near))
    for one in (outside, inside):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        one.setblocking(False)
    askers: dict[int, tuple[tuple[str, int], bytes]] = {}
    late: list[tuple[float, int, bytes, tuple[str, int]]] = []
    number = 0
    while True:
        patience = max(0.0, late[0][0] - time.monotonic()) if late else 1.0
        ready, _, _ = select.select((outside, inside), (), (), patience)
        if outside in ready:
            for question, asker in _waiting(outside):
                number = (number + 1) & 0xFFFF
                askers[number] = asker, question[:2]
                inside.send(number.to_bytes(2, "big") + question[2:])
        if inside in ready:
            for answer, _ in _waiting(inside):
                known = askers.pop(int.from_bytes(answer[:2], "big"), None)
                if known is not None:
                    heapq.heappush(late, (time.monotonic() + seconds, number, known[1] + answer[2:], known[0]))
        now = time.monotonic()
        while late and late[0][0] <= now:
            _, _, answer, asker = heapq.heappop(late)
            outside.sendto(answer, asker)


def _waiting(door: socket.socket):  # type: ignore[no-untyped-def]
    for _ in range(64):
        try:
            yield door.recvfrom(LARGEST)
        except (BlockingIOError, ConnectionRefusedError):
            return


if __name__ == "__main__":
    forever(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
