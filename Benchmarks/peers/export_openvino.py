# Exports a Whisper model for OpenVINO GenAI out of a folder for transformers. Called by ./setup.
#
#   python Benchmarks/peers/export_openvino.py HF_FOLDER fp32|fp16|int8|int8-activations OUTPUT
#
#   fp32, fp16        weights as said
#   int8              int8 weights, a scale a channel (optimum-intel's default for 8 bits)
#   int8-activations  the same, but the encoder's activations are int8 too (NNCF with SmoothQuant), calibrated on the
#                     recordings of ljspeech and librispeech_dev_clean in $SWIFTLET_AUDIO, which
#                     are no part of the comparison of speed

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def export(folder, weights, output):
    command = [Path(sys.executable).with_name("optimum-cli"), "export", "openvino", "--model", folder]
    task = "automatic-speech-recognition-with-past"
    subprocess.run([*command, "--task", task, "--weight-format", weights, output], check=True)


def quantize_encoder(folder, output):
    """Writes the encoder of `folder` (fp32) into `output` with int8 weights and activations."""
    import nncf
    import openvino
    from recordings import clips, samples
    from transformers import WhisperFeatureExtractor

    extractor = WhisperFeatureExtractor.from_pretrained(folder)
    features = [
        extractor(samples(clip.path), sampling_rate=16000, return_tensors="np").input_features
        for clip in clips(["ljspeech", "librispeech_dev_clean"])
    ]
    quantized = nncf.quantize(
        openvino.Core().read_model(folder / "openvino_encoder_model.xml"),
        nncf.Dataset(features),
        subset_size=len(features),
        model_type=nncf.ModelType.TRANSFORMER,
    )
    for old in output.glob("openvino_encoder_model.*"):
        old.unlink()
    openvino.save_model(quantized, output / "openvino_encoder_model.xml", compress_to_fp16=False)


def main():
    folder, precision, output = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    if precision == "int8-activations":
        export(folder, "int8", output)
        quantize_encoder(folder.with_name(folder.name.removesuffix("-hf") + "-openvino-fp32"), output)
    else:
        export(folder, precision, output)


if __name__ == "__main__":
    main()
