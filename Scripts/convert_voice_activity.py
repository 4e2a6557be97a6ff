"""Converts Silero's voice activity network to the file that the library carries.

Takes the weights for 16 kHz from the TorchScript model of the PyPI package silero-vad (MIT licence) and lays each convolution
out as our products read it: [output channels, taps * input channels]. The LSTM's two biases are only ever added, and become
one. (The package's silero_vad_16k.safetensors has other weights than its TorchScript and ONNX models.)

Versions: Python 3.11.7, silero-vad 6.2.3, torch 2.13.0, safetensors 0.8.0.
Run from the root of the repository: python Scripts/convert_voice_activity.py
"""

import importlib.resources
import pathlib

import torch
from safetensors.torch import save_file

OUT = pathlib.Path("Sources/CVoiceActivity/data/silero_vad.safetensors")


def main():
    model = importlib.resources.files("silero_vad") / "data" / "silero_vad.jit"
    weights = {
        name.removeprefix("_model."): values
        for name, values in torch.jit.load(str(model), map_location="cpu").state_dict().items()
        if name.startswith("_model.")
    }
    tensors = {"stft.weight": weights["stft.forward_basis_buffer"][:, 0]}
    for layer in range(4):
        kernel = weights[f"encoder.{layer}.reparam_conv.weight"]
        tensors[f"encoder.{layer + 1}.weight"] = kernel.permute(0, 2, 1).reshape(len(kernel), -1)
        tensors[f"encoder.{layer + 1}.bias"] = weights[f"encoder.{layer}.reparam_conv.bias"]
    tensors["lstm.input.weight"] = weights["decoder.rnn.weight_ih"]
    tensors["lstm.hidden.weight"] = weights["decoder.rnn.weight_hh"]
    tensors["lstm.bias"] = weights["decoder.rnn.bias_ih"] + weights["decoder.rnn.bias_hh"]
    tensors["decoder.weight"] = weights["decoder.decoder.2.weight"][:, :, 0]
    tensors["decoder.bias"] = weights["decoder.decoder.2.bias"]
    save_file({name: values.float().contiguous() for name, values in tensors.items()}, OUT)
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
