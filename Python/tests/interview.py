"""Asks faster-whisper, or Swiftlet's module of that interface, the same questions, and prints the answers as JSON.

    python interview.py MODULE < questions.json

`test_faster_whisper.py` runs it with both and compares.
"""

import dataclasses
import importlib
import inspect
import json
import sys
import warnings


def plain(value):
    """Values as JSON has them; what has no form there is named by its type."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, bool) or value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    if hasattr(value, "item"):
        return plain(value.item())
    return type(value).__name__


def kind(value):
    """The type of a value, of lists with that of what is in them."""
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, sorted({str(kind(one)) for one in value})]
    name = type(value).__name__
    # NumPy's numbers are numbers.
    return {"float32": "float", "float64": "float", "int64": "int"}.get(name, name)


def fields(item):
    """The fields of a dataclass with their types."""
    return {field.name: kind(getattr(item, field.name)) for field in dataclasses.fields(item)}


def signature(function):
    """Names and defaults of the parameters, in order."""
    return [
        [name, parameter.kind.name, "none" if parameter.default is parameter.empty else plain(parameter.default)]
        for name, parameter in inspect.signature(function).parameters.items()
    ]


def interface(module):
    """What the module has."""
    transcribe = importlib.import_module(module.__name__ + ".transcribe") if module.__name__ == "faster_whisper" else module
    vad = importlib.import_module(module.__name__ + ".vad") if module.__name__ == "faster_whisper" else module
    owners = {"WhisperModel": module.WhisperModel, "BatchedInferencePipeline": module.BatchedInferencePipeline}
    answer = {"signatures": {}, "dataclasses": {}}
    for name, owner in owners.items():
        for method in ("__init__", "transcribe", "detect_language"):
            if hasattr(owner, method):
                answer["signatures"][f"{name}.{method}"] = signature(getattr(owner, method))
    for name in ("decode_audio", "download_model", "format_timestamp", "available_models"):
        answer["signatures"][name] = signature(getattr(module, name))
    answer["signatures"]["get_speech_timestamps"] = signature(vad.get_speech_timestamps)
    for name in ("Word", "Segment", "TranscriptionOptions", "TranscriptionInfo", "VadOptions"):
        owner = getattr(vad if name == "VadOptions" else transcribe, name)
        answer["dataclasses"][name] = [
            [field.name, "none" if field.default is dataclasses.MISSING else plain(field.default)]
            for field in dataclasses.fields(owner)
        ]
    answer["models"] = module.available_models()
    times = [0, 0.0004, 1.5, 59.9996, 61, 3599.9999, 3600, 36000.25]
    answer["timestamps"] = [module.format_timestamp(time) for time in times]
    answer["timestamps"] += [module.format_timestamp(1.5, True, ","), module.format_timestamp(3601, decimal_marker=",")]
    return answer


class Interviewer:
    """Holds the models that were asked for."""

    def __init__(self, module):
        self.module = module
        self.models = {}

    def model(self, name):
        if name not in self.models:
            self.models[name] = self.module.WhisperModel(name, device="cpu", compute_type="float32")
        return self.models[name]

    def ask(self, question):
        """The answer to one question: what came, or the error."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return getattr(self, question["ask"])(**question.get("with", {}))
        except Exception as error:
            return {"error": [one.__name__ for one in type(error).__mro__], "message": str(error)}

    def transcribe(self, model, audio, batched=False, **options):
        owner = self.model(model)
        if batched:
            owner = self.module.BatchedInferencePipeline(model=owner)
        segments, info = owner.transcribe(audio, **options)
        is_lazy = inspect.isgenerator(segments)
        found = list(segments)
        answer = {
            "is_lazy": is_lazy,
            "segments": [plain(dataclasses.asdict(segment)) for segment in found],
            "info": plain(dataclasses.asdict(info)),
            "info_types": fields(info),
        }
        if found:
            answer["types"] = fields(found[0])
            if found[0].words:
                answer["word_types"] = fields(found[0].words[0])
        return answer

    def load(self, **arguments):
        self.module.WhisperModel(**arguments)
        return "loaded"

    def properties(self, model):
        owner = self.model(model)
        return {
            "languages": sorted(owner.supported_languages),
            "is_multilingual": owner.model.is_multilingual,
            "sampling_rate": owner.feature_extractor.sampling_rate,
            "max_length": owner.max_length,
            "frames_per_second": owner.frames_per_second,
            "time_precision": owner.time_precision,
        }

    def detect(self, model, audio, **options):
        samples = self.module.decode_audio(audio)
        language, probability, all_of_them = self.model(model).detect_language(audio=samples, **options)
        return [language, plain(probability), len(all_of_them), kind(all_of_them[0])]

    def decode(self, audio, **options):
        found = self.module.decode_audio(audio, **options)
        parts = found if isinstance(found, tuple) else (found,)
        return [[part.shape, str(part.dtype), [float(value) for value in part[::997]]] for part in parts]

    def speech(self, audio, **options):
        if self.module.__name__ == "faster_whisper":
            get = importlib.import_module("faster_whisper.vad").get_speech_timestamps
        else:
            get = self.module.get_speech_timestamps
        return plain(get(self.module.decode_audio(audio), **options))

    def interface(self):
        return interface(self.module)


def main():
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print must not get among the answers
    interviewer = Interviewer(importlib.import_module(sys.argv[1]))
    json.dump([interviewer.ask(question) for question in json.load(sys.stdin)], answers, default=str)


if __name__ == "__main__":
    main()
