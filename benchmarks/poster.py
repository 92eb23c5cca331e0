"""A bare aiohttp client in a process of its own: what posting costs when nothing is claimed, signed or recorded.

As the documentation of aiohttp has it: one session for the lifetime of the process, with its connector's limit of 100
connections; as many tasks post, each its next request once it has read the answer to the last. The loop is uvloop, as
the product's is. Reads the arguments of `post` as JSON from standard input, writes {"count", "seconds", "cpu"} to
standard output.
"""

import asyncio
import gc
import json
import sys
from itertools import cycle
from time import perf_counter, process_time

import aiohttp
import uvloop

CONCURRENCY = 100


async def post(urls: list[str], headers: dict[str, str], body: bytes, *, warm_up: float, seconds: float) -> None:
    """Posts for so many seconds after the warm-up and writes how many answers came."""
    turn = cycle(urls)
    begin = perf_counter() + warm_up
    end = begin + seconds
    count = 0

    async def poster() -> None:
        nonlocal count
        while (now := perf_counter()) < end:
            async with session.post(next(turn), data=body, headers=headers) as answer:
                await answer.read()
                answer.raise_for_status()
            if now >= begin:
                count += 1

    async def cpu_at_begin() -> float:
        await asyncio.sleep(warm_up)
        return process_time()

    async with aiohttp.ClientSession() as session:
        before, *_ = await asyncio.gather(cpu_at_begin(), *(poster() for _ in range(CONCURRENCY)))
        outcome = {"count": count, "seconds": perf_counter() - begin, "cpu": process_time() - (before or 0.0)}
        json.dump(outcome, sys.stdout)


def main() -> None:
    """Posts what standard input says."""
    asked = json.load(sys.stdin)
    gc.freeze()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        body = asked.pop("body").encode()
        runner.run(post(body=body, **asked))


if __name__ == "__main__":
    main()
