"""Memory of `swiftlet serve` over many requests: it must not grow.

    $SWIFTLET_PEERS/servers/bin/python Benchmarks/server/memory.py [--requests 2000] [--clients 4] [--model tiny.en]

Sends clips of test-other, every tenth as a stream and every tenth given up by the client after 50 ms, and prints the resident memory of the server
every 100 requests. Exit code 1 if the second half's median is more than --growth MB above that of the first half's second half.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

import aiohttp
import load


async def run(url, process, clips, arguments):
    memory, samples, done = load.Memory(process), [], 0
    numbers = iter(range(arguments.requests))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def client():
            nonlocal done
            for number in numbers:
                clip = clips[number % len(clips)]
                if number % 10 == 3:
                    await load.send(session, url, clip, arguments.model, stream=True)
                elif number % 10 == 7:
                    try:
                        await asyncio.wait_for(load.send(session, url, clip, arguments.model), 0.05)
                    except TimeoutError:
                        pass
                else:
                    status, text, *_ = await load.send(session, url, clip, arguments.model)
                    assert status == 200 and text == clip.expected, (status, text, clip)
                done += 1
                if done % 100 == 0:
                    samples.append(memory.now() / 2**20)
                    print(f"{done} requests: {samples[-1]:.0f} MB", flush=True)

        await asyncio.gather(*[client() for _ in range(arguments.clients)])
    return samples


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--swiftlet", default=".build/release/swiftlet")
    parser.add_argument("--options", default="", help="more arguments of swiftlet serve")
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--growth", type=float, default=10, help="MB")
    arguments = parser.parse_args()
    arguments.swiftlet = str(Path(arguments.swiftlet).resolve())
    with tempfile.TemporaryDirectory() as folder:
        clips = load.load_clips("librispeech_test_other", Path(folder), arguments, arguments.model)
        with load.swiftlet(arguments.model, arguments) as (url, process):
            samples = asyncio.run(run(url, process, clips, arguments))
    middle = len(samples) // 2
    before, after = statistics.median(samples[middle // 2 : middle]), statistics.median(samples[middle:])
    print(
        f"{arguments.requests} requests: {before:.0f} MB, then {after:.0f} MB; from {min(samples):.0f} to {max(samples):.0f} MB"
    )
    sys.exit(after - before > arguments.growth)


if __name__ == "__main__":
    main()
