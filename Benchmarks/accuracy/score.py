# Compares hypotheses with what was said (word error rate) and with the reference's tokens, per set and in total.
#
#   $SWIFTLET_PEERS/bin/python Benchmarks/accuracy/score.py [--ties] [--padding zeros] [--reference JSON] JSON...
#
# Hypotheses, as run.py writes it; `tokens` are the text's, without start sequence and end, and may be missing:
#
#   {"model": "tiny.en", "label": "int8 exact", "sets": {SET: {FILE: {"text": "...", "tokens": [[...] a window]}}}}
#
# Words are compared after Whisper's English normalizer, in other languages after its basic one (Japanese: split into
# characters), and counted by jiwer. Recordings that a hypothesis lacks are named and left out on both sides.
# --ties feeds the reference's own tokens to the reference, up to the first that differs, and prints the logits of both
# candidates there, their gap, and (padding silence) the gap in fp64. Between the two best, fp32's gap is off by at most
# 2.5e-5 (the network alone, same features: 571 tokens of tiny.en and base); so a tie is a gap below 1e-4, or one whose
# sign fp64 turns.

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import recordings  # noqa: E402


class Counter:
    """Counts word errors of texts in a language."""

    def __init__(self):
        from whisper_normalizer.basic import BasicTextNormalizer
        from whisper_normalizer.english import EnglishTextNormalizer

        self.english, self.basic = EnglishTextNormalizer(), BasicTextNormalizer()
        self.characters = BasicTextNormalizer(split_letters=True)

    def count(self, pairs):
        """Substitutions, deletions, insertions and words of (language, said, heard) triples."""
        import jiwer

        said, heard = [], []
        for language, reference, hypothesis in pairs:
            normalize = {"en": self.english, "ja": self.characters}.get(language, self.basic)
            said.append(normalize(reference))
            heard.append(normalize(hypothesis))
        result = jiwer.process_words(said, heard)
        words = result.hits + result.substitutions + result.deletions
        return result.substitutions, result.deletions, result.insertions, words


def wer(counts):
    return 100 * sum(counts[:3]) / counts[3]


def first_difference(one, other):
    """(window, position) of the first token that differs, where a list's end counts as one; None if all agree."""
    for window in range(max(len(one), len(other))):
        a, b = (tokens[window] if window < len(tokens) else [] for tokens in (one, other))
        if a != b:
            shorter = min(len(a), len(b))
            return window, next((i for i in range(shorter) if a[i] != b[i]), shorter)
    return None


class Ties:
    """The reference model, to look at its logits."""

    def __init__(self, model, padding):
        import torch
        import transformers
        import whisper
        from reference import MODELS, Transformers

        torch.set_num_threads(2)
        torch.set_grad_enabled(False)
        transformers.logging.set_verbosity_error()
        self.reference, self.padding = Transformers(model), padding
        self.double = Transformers(model).model.double() if padding == "silence" else None
        self.openai = whisper.load_model(str(MODELS / f"{model}.pt"), device="cpu") if padding == "zeros" else None

    def logits(self, clip, window, tokens):
        """After the start sequence and `tokens`: fp32 logits, suppressed ones at -infinity, and plain fp64 logits."""
        import torch
        from whisper.audio import N_FRAMES, N_SAMPLES, log_mel_spectrogram, pad_or_trim

        config, sound = self.reference.model.generation_config, recordings.samples(clip.path)
        start = [config.decoder_start_token_id]
        if config.is_multilingual:
            start += [config.lang_to_id[f"<|{clip.language}|>"], config.task_to_id["transcribe"]]
        ids = torch.tensor([start + [config.no_timestamps_token_id] + tokens])
        if self.padding == "silence":
            features = self.reference.features(sound)[window]
            logits = self.reference.model(input_features=features, decoder_input_ids=ids).logits[0, -1]
            double = self.double(input_features=features.double(), decoder_input_ids=ids).logits[0, -1]
        else:
            mel = log_mel_spectrogram(sound, self.openai.dims.n_mels, padding=N_SAMPLES)[:, :-N_FRAMES]
            mel = pad_or_trim(mel[:, window * N_FRAMES : (window + 1) * N_FRAMES], N_FRAMES)
            logits, double = self.openai(mel[None], ids)[0, -1], None
        logits[config.suppress_tokens] = -torch.inf
        logits[config.no_timestamps_token_id + 1 :] = -torch.inf
        if not tokens:
            logits[config.begin_suppress_tokens] = -torch.inf
        return logits, double

    def describe(self, clip, expected, found):
        """A line about the first difference, and the gap between the reference's logits there."""
        window, position = first_difference(expected, found)
        if max(window + 1, len(found)) > len(expected):
            return f"{len(found)} windows where the reference has {len(expected)}", None
        end = self.reference.end
        sides = [(tokens + [[]] * (window + 1 - len(tokens)))[window] + [end] for tokens in (expected, found)]
        logits, double = self.logits(clip, window, expected[window][:position])
        (a, b), best = (side[position] for side in sides), int(logits.argmax())
        gap = float(logits[a] - logits[b])
        name = self.reference.tokenizer.decode
        line = f"window {window} token {position}: {name([a])!r} {logits[a]:.5f}, not {name([b])!r} {logits[b]:.5f}"
        line += f": gap {gap:.6f}"
        if double is not None:
            line += f" (fp64 {float(double[a] - double[b]):.6f})"
        return line + ("" if best in (a, b) else f"; best now {name([best])!r} {logits[best]:.5f}"), gap


def report(hypotheses, reference, padding, counter, with_ties):
    model = hypotheses["model"]
    known = reference["models"][model]
    print(f"\n{model}, {hypotheses['label']}, against {padding}")
    head = f"{'set':24}{'clips':>6}{'WER %':>8}{'S':>5}{'D':>5}{'I':>5}{'words':>7}"
    print(head + f"{'ref WER %':>11}{'points':>8}{'identical':>11}")
    for set_ in known.keys() - hypotheses["sets"].keys():
        print(f"  {set_}: no hypotheses, left out")
    differing, rows = [], []
    for set_, files in hypotheses["sets"].items():
        clips = [clip for clip in recordings.clips([set_]) if clip.file in known.get(set_, {})]
        lacking = [clip.file for clip in clips if clip.file not in files]
        if lacking:
            print(f"  {set_}: no hypothesis for {' '.join(lacking)}")
        clips = [clip for clip in clips if clip.file in files]
        if not clips:
            print(f"  {set_}: nothing to compare")
            continue
        truth = {clip.file: known[set_][clip.file][padding] for clip in clips}
        ours = counter.count((clip.language, clip.text, files[clip.file]["text"]) for clip in clips)
        theirs = counter.count((clip.language, clip.text, truth[clip.file]["text"]) for clip in clips)
        other = [clip for clip in clips if files[clip.file].get("tokens") != truth[clip.file]["tokens"]]
        differing += [(clip, truth[clip.file], files[clip.file]) for clip in other]
        rows.append((set_, len(clips), ours, theirs, len(clips) - len(other)))
    english = [row for row in rows if row[0] in recordings.ENGLISH]
    totals = [("English", english)] * (len(english) < len(rows) and bool(english)) + [("total", rows)]
    for name, part in totals:
        sums = [[sum(column) for column in zip(*(row[side] for row in part))] for side in (2, 3)]
        rows = rows + [(name, sum(row[1] for row in part), *sums, sum(row[4] for row in part))]
    for set_, clips, ours, theirs, same in rows:
        s, d, i, words = ours
        print(
            f"{set_:24}{clips:6}{wer(ours):8.2f}{s:5}{d:5}{i:5}{words:7}"
            f"{wer(theirs):11.2f}{wer(ours) - wer(theirs):+8.2f}{same:6} of {clips}"
        )
    show_differences(differing, Ties(model, padding) if with_ties and differing else None)


def show_differences(differing, ties):
    gaps = []
    for clip, expected, found in differing:
        print(f"{clip.set}/{clip.file}")
        if found.get("tokens") is None:
            same = found["text"].split() == expected["text"].split()
            print("  no tokens; the text " + ("is the same" if same else "differs"))
        elif ties:
            line, gap = ties.describe(clip, expected["tokens"], found["tokens"])
            gaps += [] if gap is None else [abs(gap)]
            print("  " + line)
        else:
            print("  window {} token {}".format(*first_difference(expected["tokens"], found["tokens"])))
    if gaps:
        tied = sum(gap < 1e-4 for gap in gaps)
        print(f"{len(gaps)} first differences: {tied} with a gap below 1e-4, largest {max(gaps):.5f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("hypotheses", nargs="+", type=Path)
    parser.add_argument("--reference", type=Path, default=Path("reference.json"))
    parser.add_argument("--padding", choices=["silence", "zeros"], default="silence")
    parser.add_argument("--ties", action="store_true")
    arguments = parser.parse_args()
    reference, counter = json.loads(arguments.reference.read_text()), Counter()
    for path in arguments.hypotheses:
        report(json.loads(path.read_text()), reference, arguments.padding, counter, arguments.ties)


if __name__ == "__main__":
    main()
