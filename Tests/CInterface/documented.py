#!/usr/bin/env python3
"""Whether the library takes the options that docs/c.md lists: documented.py LIBRARY AUDIO"""

import ctypes
import json
import pathlib
import re
import sys

library = ctypes.CDLL(sys.argv[1])
for name in ("audio_file", "audio_samples", "cancellation_create"):
    getattr(library, f"swiftlet_{name}").restype = ctypes.c_void_p
blocks = {
    name: json.dumps(json.loads(text)).encode()
    for name, text in re.findall(r"```json (\w+)\n(.*?)```", pathlib.Path("docs/c.md").read_text(), re.DOTALL)
}


def call(name, *arguments):
    """Calls a function whose last argument is the place for an error."""
    error = ctypes.c_char_p()
    if getattr(library, f"swiftlet_{name}")(*arguments, ctypes.byref(error)) != 0:
        sys.exit(f"documented: swiftlet_{name}: {error.value.decode()}")


place = ctypes.c_void_p()
model = ctypes.c_void_p()
call("load", b"tiny.en", blocks.pop("load"), None, None, None, ctypes.byref(model))
audio = ctypes.c_void_p(library.swiftlet_audio_file(sys.argv[2].encode()))
call("check_options", None, blocks["transcription"])
call("check_options", model, blocks["transcription"])
with_rules = json.loads(blocks["transcription"])
with_rules["voiceActivity"]["rules"] = json.loads(blocks["speech"])
call("check_options", model, json.dumps(with_rules).encode())
call("voice_activity", audio, blocks.pop("speech"), None, ctypes.byref(place))
call("audio_set", audio, blocks.pop("audio"))
transcript = ctypes.c_void_p()
call("transcribe", model, audio, blocks["transcription"], None, None, None, None, ctypes.byref(transcript))
call("transcript_format", transcript, b"srt", blocks.pop("subtitles"), ctypes.byref(place))
call("stream_open", model, blocks.pop("transcription"), blocks.pop("streaming"), 16000, None, None, ctypes.byref(place))
# tiny.en has no languages to detect, and says so only once it has read the options.
error = ctypes.c_char_p()
library.swiftlet_detect_language(model, audio, blocks.pop("languages"), None, ctypes.byref(place), ctypes.byref(error))
if b"English only" not in error.value:
    sys.exit(f"documented: swiftlet_detect_language: {error.value.decode()}")
if blocks:
    sys.exit(f"documented: nothing takes {', '.join(blocks)}")
print("documented: the library takes all options of docs/c.md")
