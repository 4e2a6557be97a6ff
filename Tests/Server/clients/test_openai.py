"""The openai package, sync and async, against every parameter of its transcriptions, translations and models."""

import asyncio
import itertools
import json

import harness
import openai
import pytest
from harness import CLIP, FORMATS, JFK, LONG
from openai.types.audio import Transcription, TranscriptionVerbose


def transcribe(client, path=JFK, model="tiny.en", **options):
    with open(path, "rb") as file:
        return client.audio.transcriptions.create(file=file, model=model, **options)


def stream(client, path=JFK, **options):
    events = list(transcribe(client, path, stream=True, **options))
    assert [event.type for event in events].count("transcript.text.done") == 1
    assert events[-1].type == "transcript.text.done"
    return events


def deltas(events):
    return "".join(event.delta for event in events if event.type == "transcript.text.delta")


def strictly(kind, value):
    """What the package builds without checks, checked against its own type."""
    return kind.model_validate_json(value.model_dump_json(exclude_unset=True))


@pytest.mark.parametrize("path", [CLIP, JFK, LONG], ids=lambda path: path.name)
def test_json_is_the_command_lines_text(client, command_line, path):
    found = strictly(Transcription, transcribe(client, path))
    assert found.text == command_line.text(path)
    assert found.usage.type == "duration"
    assert found.usage.seconds == pytest.approx(command_line.json(path)["duration"], abs=1)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("path", [JFK, LONG], ids=lambda path: path.name)
def test_formats_are_the_command_lines(client, command_line, form, path):
    found = transcribe(client, path, response_format=form)
    assert isinstance(found, str)
    assert found.strip() == command_line.run(path, "--output-format", form).strip()


def test_text(client, command_line):
    assert transcribe(client, LONG, response_format="text").strip() == command_line.text(LONG)


@pytest.mark.parametrize("wanted", [[], ["segment"], ["word"], ["word", "segment"]], ids="+".join)
def test_verbose_json(client, command_line, wanted):
    more = {"timestamp_granularities": wanted} if wanted else {}
    found = strictly(TranscriptionVerbose, transcribe(client, response_format="verbose_json", **more))
    assert found.text == command_line.text(JFK)
    assert found.language == "english"
    assert found.duration == pytest.approx(11, abs=0.1)
    assert bool(found.words) == ("word" in wanted)
    if wanted != ["word"]:
        assert "".join(segment.text for segment in found.segments).strip() == found.text
        assert [segment.id for segment in found.segments] == list(range(len(found.segments)))
        assert all(0 <= a.start < a.end <= 11.1 and a.tokens for a in found.segments)
    if found.words:
        assert " ".join(word.word for word in found.words) == found.text
        assert all(a.start <= a.end <= b.end for a, b in itertools.pairwise(found.words))


def test_words_need_verbose_json(client):
    with pytest.raises(openai.BadRequestError) as raised:
        transcribe(client, response_format="srt", timestamp_granularities=["word"])
    assert raised.value.param.removesuffix("[]") == "timestamp_granularities"


def test_logprobs(client, command_line):
    found = strictly(Transcription, transcribe(client, include=["logprobs"]))
    assert "".join(token.token for token in found.logprobs).strip() == found.text == command_line.text(JFK)
    assert all(-20 < token.logprob <= 0 for token in found.logprobs)
    spelled = bytes(itertools.chain.from_iterable(map(int, token.bytes) for token in found.logprobs))
    assert spelled.decode().strip() == found.text


def test_no_logprobs_unless_asked_for(client):
    assert transcribe(client).logprobs is None


@pytest.mark.parametrize("language", ["en", "EN", "english"])
def test_language(client, command_line, language):
    assert transcribe(client, language=language).text == command_line.text(JFK)


def test_prompt(client, command_line):
    prompt = "KENNEDY, AMERICANS"
    assert transcribe(client, prompt=prompt).text == command_line.text(JFK, "--initial-prompt", prompt)


@pytest.mark.parametrize("temperature", [0, 0.5, 1])
def test_temperature(client, command_line, temperature):
    found = transcribe(client, temperature=temperature).text
    assert found == command_line.text(JFK, "--temperature", str(temperature))


@pytest.mark.parametrize(
    "strategy",
    [
        "auto",
        {"type": "server_vad"},
        {"type": "server_vad", "threshold": 0.6, "prefix_padding_ms": 300, "silence_duration_ms": 500},
    ],
    ids=str,
)
def test_chunking_strategy(client, strategy):
    assert "ask what you can do" in transcribe(client, chunking_strategy=strategy).text.lower()


@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"])
def test_openais_names(client, command_line, model):
    assert transcribe(client, CLIP, model=model).text == command_line.text(CLIP)


@pytest.mark.parametrize("path", [CLIP, JFK, LONG], ids=lambda path: path.name)
def test_stream(client, command_line, path):
    events = stream(client, path)
    assert deltas(events) == events[-1].text == command_line.text(path)
    assert events[-1].usage is not None
    if path == LONG:
        assert len(events) > 3, "a long recording comes in pieces"


def test_stream_with_logprobs(client):
    events = stream(client, include=["logprobs"])
    assert "".join(token.token for token in events[-1].logprobs).strip() == events[-1].text
    single = [token.token for event in events[:-1] for token in event.logprobs or []]
    assert "".join(single).strip() == events[-1].text


def test_stream_with_segments(client, command_line):
    events = stream(client, LONG, timestamp_granularities=["segment", "word"], response_format="verbose_json")
    segments = [event for event in events if event.type == "transcript.text.segment"]
    assert "".join(event.text for event in segments).strip() == command_line.text(LONG)
    assert all(event.start < event.end and event.words for event in segments)


def test_stream_reports_an_error_before_it_begins(client):
    with pytest.raises(openai.BadRequestError):
        stream(client, language="klingon")


def test_extra_fields(client, command_line):
    two = harness.sound(
        "two.wav",
        "-i",
        JFK,
        "-i",
        CLIP,
        "-filter_complex",
        "[0]aresample=16000,pan=mono|c0=c0[a];[1]aresample=16000,adelay=2s,apad,atrim=0:11[b];[a][b]join=inputs=2:channel_layout=stereo",
    )
    found = transcribe(client, two, response_format="verbose_json", extra_body={"channels": "separate"})
    assert {segment.channel for segment in found.segments} == {1, 2}
    beam = {"options": json.dumps({"decoding": {"beamSize": 1}})}
    assert transcribe(client, extra_body=beam).text == command_line.text(JFK, "--beam-size", "1")
    hot = {"hotwords": "Swiftlet"}
    assert transcribe(client, extra_body=hot).text == command_line.text(JFK, "--hotwords", "Swiftlet")


@pytest.mark.parametrize("name", ["jfk.mp3", "jfk.m4a", "jfk.webm", "jfk.ogg", "jfk.mkv", "jfk.wav"])
def test_containers(client, command_line, name):
    codec = ["-c:a", "libopus", "-f", "webm"] if name.endswith("webm") else []
    path = harness.sound(name, "-i", JFK, *codec)
    assert transcribe(client, path).text == command_line.text(path)


def test_the_content_counts_not_the_name(client, command_line):
    found = client.audio.transcriptions.create(
        file=("../../etc/passwd", CLIP.read_bytes(), "text/plain"), model="tiny.en"
    )
    assert found.text == command_line.text(CLIP)


def test_silence(client):
    silence = harness.sound("silence.wav", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono:d=5")
    assert transcribe(client, silence).text == ""
    assert transcribe(client, silence, response_format="verbose_json").segments == []
    assert stream(client, silence)[-1].text == ""


ERRORS = {
    "an unknown model": ({"model": "nonsense"}, openai.NotFoundError, "model", "model_not_found"),
    "an unknown language": ({"language": "klingon"}, openai.BadRequestError, "language", None),
    "an unknown format": ({"response_format": "docx"}, openai.BadRequestError, "response_format", None),
    "a temperature too high": ({"temperature": 40}, openai.BadRequestError, "temperature", None),
    "no number": ({"temperature": "warm"}, openai.BadRequestError, "temperature", None),
    "an unknown granularity": (
        {"response_format": "verbose_json", "timestamp_granularities": ["phoneme"]},
        openai.BadRequestError,
        "timestamp_granularities",
        None,
    ),
    "something unknown to include": ({"include": ["everything"]}, openai.BadRequestError, "include", None),
    "an unknown field": ({"extra_body": {"nonsense": "1"}}, openai.BadRequestError, "nonsense", None),
    "an unknown chunking strategy": (
        {"chunking_strategy": "manual"},
        openai.BadRequestError,
        "chunking_strategy",
        None,
    ),
    "options that are no JSON": ({"extra_body": {"options": "{"}}, openai.BadRequestError, "options", None),
    "an unknown option": ({"extra_body": {"options": '{"nonsense": 1}'}}, openai.BadRequestError, "options", None),
    "an option out of range": (
        {"extra_body": {"options": '{"decoding": {"beamSize": -3}}'}},
        openai.BadRequestError,
        "decoding.beamSize",
        None,
    ),
    "a channel that is not there": (
        {"extra_body": {"channels": "9"}},
        (openai.BadRequestError, openai.UnprocessableEntityError),
        "file",
        None,
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(client, case):
    options, kind, param, code = ERRORS[case]
    with pytest.raises(kind) as raised:
        transcribe(client, **options)
    error = raised.value
    assert (error.type, error.param.removesuffix("[]")) == ("invalid_request_error", param)
    assert error.code == code or code is None
    assert error.body["message"].strip().endswith(".") and "/uploads/" not in error.body["message"] and error.request_id


@pytest.mark.parametrize(
    "content", [b"", b"not sound at all" * 400, b"RIFF\xff\xff\xff\xffWAVEfmt "], ids=["empty", "text", "header"]
)
def test_files_without_sound(client, content):
    with pytest.raises(openai.APIStatusError) as raised:
        client.audio.transcriptions.create(file=("a.wav", content), model="tiny.en")
    assert raised.value.status_code in (400, 415, 422)
    assert raised.value.param == "file"


def test_models(client):
    listed = list(client.models.list())
    assert "tiny.en" in [model.id for model in listed]
    assert all(model.object == "model" and model.created > 0 and model.owned_by for model in listed)
    assert client.models.retrieve("tiny.en").id == "tiny.en"
    with pytest.raises(openai.NotFoundError) as raised:
        client.models.retrieve("nonsense")
    assert raised.value.code == "model_not_found"


def test_translations_need_a_multilingual_model(client):
    with open(JFK, "rb") as file, pytest.raises(openai.BadRequestError) as raised:
        client.audio.translations.create(file=file, model="tiny.en")
    assert raised.value.type == "invalid_request_error"


def test_translations(start, binary):
    spanish = harness.SPEECH / "es/conf-adminmenu-162.flac"
    expected = harness.CommandLine(binary, "base").text(spanish, "--task", "translate")
    with (
        start(model="base") as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
    ):
        found = client.audio.translations.create(file=spanish, model="base")
        assert found.text == expected
        verbose = client.audio.translations.create(file=spanish, model="base", response_format="verbose_json")
        assert verbose.text == expected
        for form in ["text", "srt", "vtt"]:
            assert client.audio.translations.create(file=spanish, model="base", response_format=form).strip()
        verbose = transcribe(client, spanish, model="base", response_format="verbose_json")
        assert verbose.language == "spanish"
        french = harness.SPEECH / "fr"
        for path in french.iterdir():
            assert transcribe(client, path, model="base").text == harness.CommandLine(binary, "base").text(path)


def test_async_and_concurrent(server, command_line):
    async def all_at_once():
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:

            async def one(path):
                return (await client.audio.transcriptions.create(file=path, model="tiny.en")).text

            async def streamed(path):
                events = await client.audio.transcriptions.create(file=path, model="tiny.en", stream=True)
                return "".join([event.delta async for event in events if event.type == "transcript.text.delta"])

            paths = [CLIP, JFK, LONG] * 3
            return paths, await asyncio.gather(*map(one, paths)), await asyncio.gather(*map(streamed, paths))

    paths, texts, streamed = asyncio.run(all_at_once())
    assert texts == streamed == [command_line.text(path) for path in paths]


def test_a_client_that_leaves_frees_the_server(server, client):
    """A request's work ends with its connection."""
    hour = harness.hour()
    with pytest.raises(openai.APITimeoutError):
        transcribe(client.with_options(timeout=1.5), hour)
    harness.until(lambda: not server.busy(), 10)
