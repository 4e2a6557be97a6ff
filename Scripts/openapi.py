"""Compares Sources/Server/Page/openapi.json with the server's sources; see Scripts/check-openapi."""

import json
import re
import sys
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

SERVER = Path("Sources/Server")
OPTIONS = Path("Sources/Swiftlet")
METHODS = ("get", "post", "put", "delete", "patch", "head")
document = json.loads((SERVER / "Page/openapi.json").read_text())
schemas = document["components"]["schemas"]
counts = {"passed": 0, "failed": 0}


def check(title, problems):
    counts["failed" if problems else "passed"] += 1
    print(f"{'FAILED' if problems else 'passed'}: {title}")
    for problem in problems:
        print(f"  {problem}")


def compare(title, described, written):
    """Both ways: what only the document has, and what only the sources have."""
    problems = [f"not in the server: {name}" for name in sorted(described - written)]
    problems += [f"not in openapi.json: {name}" for name in sorted(written - described)]
    check(title, problems if written else ["nothing was found in the sources; is this script out of date?"])


def text(path):
    return path.read_text(encoding="utf-8")


def routes():
    """`router.get("health")`, and `group.post("jobs")`, which is below /v1."""
    found = set()
    for file in SERVER.rglob("*.swift"):
        for owner, method, path in re.findall(rf'\b(router|group)\.({"|".join(METHODS)})\("([^"]*)"', text(file)):
            path = "/".join(["", *(["v1"] if owner == "group" else []), *path.strip("/").split("/")])
            found.add(f"{method.upper()} {re.sub(r'{[^}]*}|[*]{2}', '{}', path)}")
    return found


def fields(file):
    """The names that a form or query is asked for."""
    return set(re.findall(r'reader\.(?:text|number|flag|choice|list|json|jsonText|webAddress)\(\s*"([^"]+)"', text(file)))


def option_fields(file):
    return set(re.findall(r'OptionField(?:<Self>)?\(\s*"([^"]+)"', text(file)))


def cases(file, enumeration):
    body = re.search(rf"enum {enumeration}\b[^{{]*{{(.*?)\n\s*(?:///|var|init)", text(file), re.DOTALL)
    names = set()
    for line in re.findall(r"case ([^\n]+)", body[1] if body else ""):
        for case in line.split(","):
            name, _, value = case.partition("=")
            names.add(value.strip().strip('"') or name.strip())
    return names


def properties(name, *path):
    schema = schemas[name]
    for key in path:
        schema = schema["properties"][key]
    return {key.removesuffix("[]") for key in schema["properties"]}


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


check("openapi.json is OpenAPI 3.1", [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()])

operations = {
    f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}" for path, item in document["paths"].items() for method in METHODS if method in item
}
compare("routes", operations, routes())

form = SERVER / "API/TranscriptionForm.swift"
compare("fields of forms", properties("TranscriptionRequest") | properties("JobRequest"), fields(form) | {"file"})
compare("formats", set(schemas["TranscriptionRequest"]["properties"]["response_format"]["enum"]), cases(form, "ResponseFormat"))
parameters = document["components"]["parameters"]
compare("query of /v1/stream", {p["name"] for p in parameters.values() if p["in"] == "query"}, fields(SERVER / "Live/LiveSound.swift"))
compare("statuses of jobs", set(schemas["JobStatus"]["enum"]), cases(SERVER / "Jobs/JobRecord.swift", "Status"))

compare("TranscriptionOptions", properties("TranscriptionOptions"), option_fields(OPTIONS / "Options/TranscriptionOptions.swift"))
for group, file in {
    "decoding": "Decoding", "fallback": "Fallback", "voiceActivity": "Speech", "words": "Word", "windows": "Window",
}.items():  # fmt: skip
    compare(f"TranscriptionOptions.{group}", properties("TranscriptionOptions", group), option_fields(OPTIONS / f"Options/{file}Options.swift"))
compare("VoiceActivityOptions", properties("VoiceActivityOptions"), option_fields(OPTIONS / "VoiceActivity/VoiceActivityOptions.swift"))
compare("SubtitleOptions", properties("SubtitleOptions"), option_fields(OPTIONS / "Output/SubtitleOptions.swift"))

# Every code of an error that the server makes is in a description.
described = set(re.findall(r"`([a-z_]+)`", json.dumps(document["components"]["responses"])))
described |= set(re.findall(r"`(too_many_sessions)`", json.dumps(document["paths"])))
written = set()
for file in SERVER.rglob("*.swift"):
    if "Wyoming" not in file.name:
        written |= set(re.findall(r'\bcode: "([a-z_]+)"', text(file)))
written |= set(re.findall(r'Code\(rawValue: "([a-z_]+)"', text(SERVER / "Media/MediaDecoder.swift")))
written.discard("method_not_allowed")  # Of operations that are not there.
written.discard("input_audio_buffer_commit_empty")  # An event of /v1/realtime.
check("codes of errors", [f"not in openapi.json: {code}" for code in sorted(written - described)])

used = set(references(document))
unused = [name for kind, parts in document["components"].items() if kind not in ("securitySchemes",) for name in parts if f"#/components/{kind}/{name}" not in used]
check("everything in components is used", unused)

print(f"{counts['passed']} passed, {counts['failed']} failed")
sys.exit(counts["failed"] > 0)
