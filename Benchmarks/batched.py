# Batched decoding beside sequential: word error rates and times on the long recordings, or whether two ways give the same texts.
"""batched.py [--model tiny.en] [--precision int8] [--sets longform] [--first "--sequential"] [--second "ARGUMENTS"]

Runs Swiftlet twice over the sets and prints each one's word error rate (Whisper's English normalizer, jiwer), its seconds of
network time and of wall time, and the recordings whose texts differ.
"""
import argparse
import json
import subprocess
import time

import jiwer
import recordings
from whisper_normalizer.english import EnglishTextNormalizer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--sets", default="longform")
    parser.add_argument("--first", default="--sequential")
    parser.add_argument("--second", default="")
    parser.add_argument("--swiftlet", default=".build/release/swiftlet")
    arguments = parser.parse_args()
    clips = recordings.clips(arguments.sets.split(","))
    language = [] if arguments.model.endswith(".en") else ["--language", "en"]
    normalize = EnglishTextNormalizer()
    texts, walls = [], []
    for more in (arguments.first, arguments.second):
        command = [arguments.swiftlet, "transcribe", "--json", "--model", arguments.model, *language]
        command += ["--precision", arguments.precision, "--concurrency", "1", *more.split()]
        command += [str(clip.path) for clip in clips]
        begin = time.monotonic()
        lines = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
        walls.append(time.monotonic() - begin)
        texts.append([json.loads(line)["text"] for line in lines])
        said = [normalize(clip.text) for clip in clips]
        rate = jiwer.wer(said, [normalize(text) for text in texts[-1]])
        print(f"{arguments.model} {arguments.precision} '{more}': WER {100 * rate:.2f} %, {walls[-1]:.1f} s", flush=True)
    differing = [clip for clip, a, b in zip(clips, *texts) if a != b]
    print(f"speed ratio {walls[0] / walls[1]:.2f}; {len(differing)} of {len(clips)} texts differ")
    for clip, a, b in zip(clips, *texts):
        if a != b and len(clips) > 4:
            print(f"  {clip.file}\n    {a[:300]}\n    {b[:300]}")


if __name__ == "__main__":
    main()
