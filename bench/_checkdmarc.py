"""checkdmarc over the domains of a file, as its users call it; prints the seconds and how many were checked.

    python _checkdmarc.py FILE PORT THREADS

One thread is checkdmarc as it is. More are ours around it, so that it can be compared with something that waits for many.
"""

import json
import logging
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import checkdmarc
import dns.resolver


def checked(names: list[str], port: int, threads: int) -> dict[str, float]:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], port
    resolver.timeout = resolver.lifetime = 5.0
    began = time.monotonic()
    if threads == 1:
        found = checkdmarc.check_domains(names, resolver=resolver)
        results = found if isinstance(found, list) else [found]
    else:
        with ThreadPoolExecutor(threads) as pool:
            results = list(pool.map(lambda name: checkdmarc.check_domains([name], resolver=resolver), names))
    seconds = time.monotonic() - began
    right = sum(bool(one["spf"].get("valid")) and bool(one["dmarc"].get("valid")) for one in results)  # type: ignore[union-attr]
    return {"seconds": seconds, "domains": len(results), "right": right}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(json.dumps(checked(Path(sys.argv[1]).read_text().split(), int(sys.argv[2]), int(sys.argv[3]))))
