"""Live sound: /v1/realtime through the openai package, /v1/stream as a WebSocket and as a chunked POST."""

import asyncio
import base64
import http.client
import itertools
import json
import threading
import time

import harness
import openai
import pytest
import websockets
from harness import CLIP, JFK, LONG
from websockets.sync.client import connect

TRANSCRIPTION = "conversation.item.input_audio_transcription"


def plain(text):
    return "".join(character for character in text.lower() if character.isalnum() or character == " ").split()


def alike(found, expected, share=0.85):
    """Whether most words are the same: live text may differ a little from the file's."""
    from difflib import SequenceMatcher

    assert SequenceMatcher(None, plain(found), plain(expected), autojunk=False).ratio() >= share, (found, expected)


def slices(data, size=9600):
    return [data[begin : begin + size] for begin in range(0, len(data), size)]


def session(rate=24000, turns=None, **transcription):
    sound = {
        "format": {"type": "audio/pcm", "rate": rate},
        "turn_detection": turns,
        "transcription": {"model": "tiny.en", **transcription},
    }
    return {"type": "transcription", "audio": {"input": sound}}


async def realtime(
    server, data, setting, commit=True, clear_first=False, last=f"{TRANSCRIPTION}.completed", seconds=60
):
    """Sends everything as fast as it goes; returns the server's events up to the first of type `last`."""
    client = openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)
    events = []
    async with client, client.realtime.connect(extra_query={"intent": "transcription"}) as connection:

        async def receive():
            async for event in connection:
                events.append(event)
                if event.type == last:
                    return

        receiving = asyncio.create_task(receive())
        await connection.session.update(session=setting)
        if clear_first:
            await connection.input_audio_buffer.append(audio=base64.b64encode(bytes(96000)).decode())
            await connection.input_audio_buffer.clear()
        for piece in slices(data):
            await connection.input_audio_buffer.append(audio=base64.b64encode(piece).decode())
        if commit:
            await connection.input_audio_buffer.commit()
        await asyncio.wait_for(receiving, seconds)
    return events


def kinds(events):
    return [event.type for event in events]


@pytest.mark.parametrize("rate", [24000, 16000])
@pytest.mark.parametrize("path", [CLIP, JFK], ids=lambda path: path.name)
def test_realtime_committed_by_the_client(server, command_line, path, rate):
    events = asyncio.run(realtime(server, harness.pcm(path, rate), session(rate)))
    found = kinds(events)
    assert found[0] in ("session.created", "transcription_session.created")
    assert found[1] in ("session.updated", "transcription_session.updated")
    assert found.index("input_audio_buffer.committed") < found.index(f"{TRANSCRIPTION}.completed")
    assert {"conversation.item.added", "conversation.item.created"} & set(found)
    done = events[-1]
    alike(done.transcript, command_line.text(path))
    committed = events[found.index("input_audio_buffer.committed")]
    assert committed.item_id == done.item_id and done.content_index == 0
    deltas = "".join(event.delta for event in events if event.type == f"{TRANSCRIPTION}.delta")
    assert deltas.strip() == done.transcript.strip()
    assert len({event.event_id for event in events}) == len(events)


def test_realtime_with_the_servers_turns(server, command_line):
    """Two sentences with 2 s of silence between them are two items."""
    silence = bytes(2 * 24000 * 2)
    data = harness.pcm(CLIP, 24000) + silence + harness.pcm(harness.SPEECH / "1993-147965-0000.wav", 24000) + silence
    setting = session(
        turns={"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500}
    )

    async def both():
        client = openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)
        events = []
        async with client, client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
            await connection.session.update(session=setting)
            for piece in slices(data):
                await connection.input_audio_buffer.append(audio=base64.b64encode(piece).decode())
            while kinds(events).count(f"{TRANSCRIPTION}.completed") < 2:
                events.append(await asyncio.wait_for(connection.recv(), 60))
        return events

    events = asyncio.run(both())
    found = kinds(events)
    for kind in ["speech_started", "speech_stopped", "committed"]:
        assert found.count(f"input_audio_buffer.{kind}") == 2, found
    done = [event for event in events if event.type == f"{TRANSCRIPTION}.completed"]
    assert done[0].item_id != done[1].item_id
    alike(done[0].transcript, command_line.text(CLIP), 0.7)
    alike(done[1].transcript, command_line.text(harness.SPEECH / "1993-147965-0000.wav"), 0.7)
    started = [event for event in events if event.type == "input_audio_buffer.speech_started"]
    stopped = [event for event in events if event.type == "input_audio_buffer.speech_stopped"]
    assert started[0].audio_start_ms < stopped[0].audio_end_ms < started[1].audio_start_ms < stopped[1].audio_end_ms
    assert started[0].item_id == done[0].item_id


def test_realtime_cleared_sound_is_not_heard(server, command_line):
    events = asyncio.run(realtime(server, harness.pcm(CLIP, 24000), session(), clear_first=True))
    assert "input_audio_buffer.cleared" in kinds(events)
    alike(events[-1].transcript, command_line.text(CLIP))


@pytest.mark.parametrize("before", ["cleared", "committed without turns"])
def test_realtime_turns_after_other_sound(server, command_line, before):
    """Sound that was cleared or committed is not counted to turns that come after it."""
    data = harness.pcm(JFK, 24000)
    turns = {"type": "server_vad"}
    with connect(f"{server.url.replace('http', 'ws')}/v1/realtime?intent=transcription") as connection:

        def send(kind, **fields):
            connection.send(json.dumps({"type": kind, **fields}))

        def append(sound):
            for piece in slices(sound):
                send("input_audio_buffer.append", audio=base64.b64encode(piece).decode())

        send("session.update", session=session(turns=turns if before == "cleared" else None))
        append(data[:240000])
        send("input_audio_buffer.clear" if before == "cleared" else "input_audio_buffer.commit")
        send("session.update", session=session(turns=turns))
        append(data + bytes(96000))
        texts = []
        while not texts or "for your country" not in texts[-1].lower():
            event = json.loads(connection.recv(timeout=30))
            assert event["type"] not in ("error", f"{TRANSCRIPTION}.failed"), event
            if event["type"] == f"{TRANSCRIPTION}.completed":
                texts.append(event["transcript"])
    alike(" ".join(texts[0 if before == "cleared" else 1 :]), command_line.text(JFK), share=0.75)


def test_realtime_old_session_event(server, command_line):
    """transcription_session.update, of the beta, with which many clients still come."""
    with connect(server.url.replace("http", "ws") + "/v1/realtime?intent=transcription") as socket:
        assert json.loads(socket.recv())["type"] in ("session.created", "transcription_session.created")
        setting = {
            "input_audio_format": "pcm16",
            "input_audio_transcription": {"model": "tiny.en", "language": "en"},
            "turn_detection": None,
        }
        socket.send(json.dumps({"type": "transcription_session.update", "session": setting}))
        assert json.loads(socket.recv())["type"] == "transcription_session.updated"
        for piece in slices(harness.pcm(CLIP, 24000)):
            socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(piece).decode()}))
        socket.send(json.dumps({"type": "input_audio_buffer.commit"}))
        while (event := json.loads(socket.recv(60)))["type"] != f"{TRANSCRIPTION}.completed":
            assert event["type"] != "error", event
        alike(event["transcript"], command_line.text(CLIP))


WRONG = {
    "no JSON": "{",
    "no type": "{}",
    "an unknown type": '{"type": "response.dance"}',
    "a list": "[1]",
    "a number": "1",
    "no base64": '{"type": "input_audio_buffer.append", "audio": "!!!"}',
    "no audio": '{"type": "input_audio_buffer.append"}',
    "nothing to commit": '{"type": "input_audio_buffer.commit"}',
    "an unknown model": json.dumps({"type": "session.update", "session": session(model="nonsense")}),
    "an unknown language": json.dumps({"type": "session.update", "session": session(language="klingon")}),
    "an unknown rate": json.dumps({"type": "session.update", "session": session(rate=7)}),
    "a deep nest": "[" * 100_000,
}


@pytest.mark.parametrize("case", WRONG)
def test_realtime_errors_leave_the_session_open(server, case):
    with connect(server.url.replace("http", "ws") + "/v1/realtime?intent=transcription") as socket:
        socket.recv()
        socket.send(json.dumps({"type": "session.update", "event_id": "mine", "session": session()}))
        assert json.loads(socket.recv(10))["type"].endswith("session.updated")
        socket.send(WRONG[case])
        answer = json.loads(socket.recv(10))
        assert answer["type"] == "error" and answer["error"]["message"], answer
        assert answer["error"]["type"] == "invalid_request_error"
        socket.send(json.dumps({"type": "input_audio_buffer.clear"}))
        assert json.loads(socket.recv(10))["type"] == "input_audio_buffer.cleared"


def stream_url(server, **query):
    return server.url.replace("http", "ws") + "/v1/stream?" + "&".join(f"{key}={value}" for key, value in query.items())


def stream(server, data, size=9600, pause=0.0, **query):
    """The messages of a WebSocket to /v1/stream, sent in pieces while answers are read."""
    with connect(stream_url(server, **query), max_size=None) as socket:

        def send():
            for piece in slices(data, size):
                socket.send(piece)
                time.sleep(pause)
            socket.send('{"type": "end"}')

        sender = threading.Thread(target=send)
        sender.start()
        messages = [json.loads(message) for message in socket]
        sender.join()
    return messages


def check_stream(messages, expected):
    assert messages[-1]["type"] == "done", messages[-1]
    updates = messages[:-1]
    assert updates and {update["type"] for update in updates} == {"update"}
    committed = [word for update in updates for word in update["committed"]]
    assert all(a["start"] <= b["start"] for a, b in itertools.pairwise(committed))
    positions = [update["position"] for update in updates]
    assert positions == sorted(positions)
    assert "".join(word["word"] for word in committed).strip() == messages[-1]["text"].strip()
    alike(messages[-1]["text"], expected)


@pytest.mark.parametrize(
    "query",
    [
        {"format": "s16le", "sample_rate": 16000},
        {"format": "f32le", "sample_rate": 16000},
        {"format": "s16le", "sample_rate": 8000},
        {"format": "s16le", "sample_rate": 48000},
        {},
    ],
    ids=str,
)
def test_stream_of_samples(server, command_line, query):
    rate = query.get("sample_rate", 16000)
    same = harness.sound(f"jfk-{rate}.wav", "-i", JFK, "-ac", "1", "-ar", rate)
    check_stream(stream(server, harness.pcm(JFK, rate, query.get("format", "s16le")), **query), command_line.text(same))


@pytest.mark.parametrize("name", ["jfk.ogg", "jfk.webm", "jfk.mp3", "jfk.wav"])
def test_stream_of_a_container(server, command_line, name):
    codec = ["-c:a", "libopus", "-f", "webm"] if name.endswith("webm") else []
    path = harness.sound(name, "-i", JFK, *codec)
    check_stream(
        stream(server, path.read_bytes(), size=4000, format="container", model="tiny.en"), command_line.text(JFK)
    )


def test_stream_answers_while_it_is_sent(server, command_line):
    data = harness.pcm(LONG)[: 16000 * 2 * 20]
    begin = time.monotonic()
    first = None
    with connect(stream_url(server, format="s16le")) as socket:
        for piece in slices(data, 3200):
            socket.send(piece)
            time.sleep(0.02)  # five times as fast as it was said
            if first is None:
                try:
                    first = json.loads(socket.recv(0)), time.monotonic() - begin
                except TimeoutError:
                    pass
        sent = time.monotonic() - begin
        socket.send('{"type": "end"}')
        for message in socket:
            last = json.loads(message)
    assert first and first[1] < sent / 2
    assert last["type"] == "done"


def test_stream_ends_with_the_connection(server):
    """A client that vanishes leaves no work behind."""
    socket = connect(stream_url(server))
    socket.send(harness.pcm(LONG))
    socket.socket.close()
    harness.until(lambda: not server.busy(), 20)


@pytest.mark.parametrize(
    "query",
    [
        {"format": "mp9"},
        {"sample_rate": "0"},
        {"sample_rate": "many"},
        {"sample_rate": "99999999999999999999"},
        {"model": "nonsense"},
        {"language": "klingon"},
    ],
    ids=str,
)
def test_stream_refuses(server, query):
    """With a status before the upgrade, or with one error message after it."""
    try:
        with connect(stream_url(server, **query)) as socket:
            answer = json.loads(socket.recv(10))
            assert answer["type"] == "error" and answer["error"]["type"] == "invalid_request_error"
    except websockets.InvalidStatus as refused:
        assert 400 <= refused.response.status_code < 500
        assert json.loads(refused.response.body)["error"]["message"]


def test_stream_of_garbage(server):
    messages = stream(server, b"\xff\x00garbage" * 20_000, format="container")
    assert messages[-1]["type"] == "error"
    assert stream(server, b"", format="s16le")[-1] == {"type": "done", "text": ""}
    assert stream(server, b"\x01\x02\x03", size=1, format="s16le")[-1]["type"] in ("done", "error")


def test_post_stream_answers_while_the_body_arrives(server, command_line):
    data = harness.pcm(LONG)[: 16000 * 2 * 30]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest("POST", "/v1/stream?format=s16le&sample_rate=16000")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    times = {}

    def send():
        for piece in slices(data, 3200):
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            time.sleep(0.01)
        times["sent"] = time.monotonic()
        connection.send(b"0\r\n\r\n")

    sender = threading.Thread(target=send)
    sender.start()
    response = connection.getresponse()
    assert response.status == 200
    assert response.getheader("Content-Type").startswith("application/x-ndjson")
    messages = []
    for line in response:
        times.setdefault("first", time.monotonic())
        messages.append(json.loads(line))
    sender.join()
    assert times["first"] < times["sent"], "nothing came before all was sent"
    part = harness.sound("part.wav", "-i", LONG, "-t", "30", "-ac", "1", "-ar", "16000")
    check_stream(messages, command_line.text(part))
