"""Converts Silero's voice activity network to the file that the library carries.

Takes the weights for 16 kHz from the PyPI package silero-vad (MIT licence) and lays each convolution out as our products
read it: [output channels, taps * input channels]. The LSTM's two biases are only ever added, and become one.

Versions: Python 3.11.7, silero-vad 6.2.3, safetensors 0.8.0.
Run from the root of the repository: python Scripts/convert_voice_activity.py
"""

import importlib.resources
import pathlib

import numpy as np
from safetensors.numpy import load_file, save_file

OUT = pathlib.Path("Sources/CVoiceActivity/data/silero_vad.safetensors")


def main():
    weights = load_file(importlib.resources.files("silero_vad") / "data" / "silero_vad_16k.safetensors")
    tensors = {"stft.weight": weights["stft_conv.weight"][:, 0]}
    for layer in range(1, 5):
        kernel = weights[f"conv{layer}.weight"]
        tensors[f"encoder.{layer}.weight"] = kernel.transpose(0, 2, 1).reshape(len(kernel), -1)
        tensors[f"encoder.{layer}.bias"] = weights[f"conv{layer}.bias"]
    tensors["lstm.input.weight"] = weights["lstm_cell.weight_ih"]
    tensors["lstm.hidden.weight"] = weights["lstm_cell.weight_hh"]
    tensors["lstm.bias"] = weights["lstm_cell.bias_ih"] + weights["lstm_cell.bias_hh"]
    tensors["decoder.weight"] = weights["final_conv.weight"][:, :, 0]
    tensors["decoder.bias"] = weights["final_conv.bias"]
    save_file({name: np.ascontiguousarray(values, np.float32) for name, values in tensors.items()}, OUT)
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
