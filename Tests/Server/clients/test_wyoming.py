"""The Wyoming protocol, as Home Assistant speaks it, through its own package."""

import asyncio
import re
import socket

import harness
import pytest
from harness import CLIP, JFK
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong


@pytest.fixture(scope="module")
def wyoming(start):
    with start("--wyoming", "0") as server:
        # It listens for Wyoming before it says that it listens at all.
        server.wyoming = int(re.search(r"port=(\d+).*Listening for Wyoming", server.written)[1])
        yield server
        assert server.running


async def transcript(client, path, rate=16000, width=2, channels=1, name="tiny.en"):
    data = harness.sound(
        f"{path.stem}-{rate}-{channels}", "-i", path, "-ac", channels, "-ar", rate, "-f", "s16le"
    ).read_bytes()
    await client.write_event(Transcribe(name=name, language="en").event())
    await client.write_event(AudioStart(rate=rate, width=width, channels=channels).event())
    for begin in range(0, len(data), 2048 * width * channels):
        piece = data[begin : begin + 2048 * width * channels]
        await client.write_event(AudioChunk(rate=rate, width=width, channels=channels, audio=piece).event())
    await client.write_event(AudioStop().event())
    while event := await asyncio.wait_for(client.read_event(), 60):
        if Transcript.is_type(event.type):
            return Transcript.from_event(event).text
        assert event.type.startswith("transcript-"), event
    raise AssertionError("closed without a transcript")


def test_describe(wyoming):
    async def info():
        async with AsyncTcpClient("127.0.0.1", wyoming.wyoming) as client:
            await client.write_event(Describe().event())
            return Info.from_event(await asyncio.wait_for(client.read_event(), 10))

    found = asyncio.run(info())
    assert [program.name for program in found.asr] == ["swiftlet"]
    program = found.asr[0]
    assert program.installed and program.attribution.url
    assert [model.name for model in program.models] == ["tiny.en"]
    assert program.models[0].languages == ["en"] and program.models[0].installed


@pytest.mark.parametrize("path", [CLIP, JFK], ids=lambda path: path.name)
@pytest.mark.parametrize("shape", [(16000, 2, 1), (22050, 2, 1), (48000, 2, 2)], ids=str)
def test_transcribe(wyoming, command_line, path, shape):
    async def run():
        async with AsyncTcpClient("127.0.0.1", wyoming.wyoming) as client:
            return await transcript(client, path, *shape)

    found = asyncio.run(run()).strip()
    if shape[0] == 16000:
        assert found == command_line.text(
            harness.sound(f"{path.stem}-16000.wav", "-i", path, "-ac", "1", "-ar", "16000")
        )
    assert found.lower().split()[-1] == command_line.text(path).lower().split()[-1]


def test_several_on_one_connection_and_at_once(wyoming, command_line):
    expected = command_line.text(CLIP)

    async def twice():
        async with AsyncTcpClient("127.0.0.1", wyoming.wyoming) as client:
            return [await transcript(client, CLIP, name=None) for _ in range(2)]

    async def all_at_once():
        return await asyncio.gather(*[twice() for _ in range(4)])

    assert {text.strip() for pair in asyncio.run(all_at_once()) for text in pair} == {expected}


def test_ping(wyoming):
    async def ping():
        async with AsyncTcpClient("127.0.0.1", wyoming.wyoming) as client:
            await client.write_event(Ping(text="there?").event())
            return Pong.from_event(await asyncio.wait_for(client.read_event(), 10)).text

    assert asyncio.run(ping()) == "there?"


HOSTILE = {
    "no JSON": b"hello\n",
    "a huge payload": b'{"type": "audio-chunk", "data_length": 0, "payload_length": 99999999999999}\n',
    "a negative payload": b'{"type": "audio-chunk", "payload_length": -5}\n',
    "no start": b'{"type": "audio-stop"}\n',
    "nothing between start and stop": b'{"type":"audio-start","data":{"rate":16000,"width":2,"channels":1}}\n{"type":"audio-stop"}\n',
    "rate 0": b'{"type":"audio-start","data":{"rate":0,"width":2,"channels":1}}\n',
    "width 77": b'{"type":"audio-start","data":{"rate":16000,"width":77,"channels":-1}}\n',
    "zeros": bytes(100_000),
    "an endless line": b'{"type": "' + b"a" * 3_000_000,
    "an unknown model": b'{"type":"transcribe","data":{"name":"nonsense"}}\n',
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_events_end_the_connection_alone(wyoming, command_line, case):
    with socket.create_connection(("127.0.0.1", wyoming.wyoming), timeout=10) as connection:
        try:
            connection.sendall(HOSTILE[case])
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        except OSError:
            # The server has closed it.
            pass

    async def run():
        async with AsyncTcpClient("127.0.0.1", wyoming.wyoming) as client:
            return await transcript(client, CLIP)

    assert asyncio.run(run()).strip() == command_line.text(CLIP)
