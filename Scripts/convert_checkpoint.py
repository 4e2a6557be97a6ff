# Turns a CTranslate2 Whisper folder into the other formats that Whisper models come in.
#
#   python Scripts/convert_checkpoint.py FOLDER --to hf|hf-bin|openai|ggml [--type f32|f16|bf16|q8_0] OUTPUT
#
#   hf      a folder for transformers (config, generation config, tokenizer, preprocessor, model.safetensors)
#   hf-bin  the same, with pytorch_model.bin in place of model.safetensors
#   openai  a .pt file for whisper.load_model(path)
#   ggml    a .bin file for whisper.cpp (f32, f16 or q8_0)
#
# Pinned: Python 3.11, numpy 2.4.6, torch 2.13.0, safetensors 0.8.0, openai-whisper 20250625 (mel filters and
# vocabularies of ggml files). The results were tried with transformers 5.23.0 and openai-whisper 20250625.
"""Converts CTranslate2 Whisper checkpoints; its parts are imported by Scripts/fixtures/checkpoints.py."""

import argparse
import base64
import json
import pathlib
import re
import shutil
import struct

import numpy
import torch

TYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}

# The order of CTranslate2's DataType enum.
CTRANSLATE2_TYPES = [
    torch.float32, torch.int8, torch.int16, torch.int32, torch.float16, torch.bfloat16,
]


def read_ctranslate2(path):
    """All variables of a model.bin by name, aliases resolved, as stored (integers stay integers)."""
    content = pathlib.Path(path).read_bytes()
    position = 0

    def number(code):
        nonlocal position
        (value,) = struct.unpack_from("<" + code, content, position)
        position += struct.calcsize(code)
        return value

    def string():
        nonlocal position
        length = number("H")
        text = content[position : position + length - 1].decode()
        position += length
        return text

    version, name, revision = number("I"), string(), number("I")
    if version != 6 or name != "WhisperSpec":
        raise SystemExit(f"{path}: version {version} of {name} is not a Whisper model of version 6")
    variables = {}
    for _ in range(number("I")):
        name = string()
        shape = [number("I") for _ in range(number("B"))]
        element_type = CTRANSLATE2_TYPES[number("B")]
        size = number("I")
        values = torch.frombuffer(bytearray(content[position : position + size]), dtype=element_type)
        variables[name] = values.reshape(shape)
        position += size
    for _ in range(number("I")):
        alias, target = string(), string()
        variables[alias] = variables[target]
    return variables


def dequantised(variables, name):
    """A variable in fp32: integers are divided by their scale, one a row (int8) or one in all (int16)."""
    values = variables[name]
    if values.dtype not in (torch.int8, torch.int16):
        return values.to(torch.float32)
    scale = variables[name + "_scale"].to(torch.float32)
    return values.to(torch.float32) / scale.reshape([-1] + [1] * (values.dim() - 1))


def hugging_face_tensors(variables):
    """CTranslate2's variables under the names of transformers' WhisperModel, without the leading `model.`."""
    tensors = {}

    def pair(prefix, target):
        for part in ("weight", "bias"):
            tensors[f"{target}.{part}"] = dequantised(variables, f"{prefix}/{part}")

    def norm(prefix, target):
        tensors[target + ".weight"] = dequantised(variables, prefix + "/gamma")
        tensors[target + ".bias"] = dequantised(variables, prefix + "/beta")

    def fused(prefix, target, names):
        weights = dequantised(variables, prefix + "/weight").chunk(len(names))
        biases = dequantised(variables, prefix + "/bias").chunk(len(names))
        for name, weight, bias in zip(names, weights, biases):
            tensors[f"{target}.{name}.weight"] = weight.contiguous()
            if name == "k_proj":
                assert not bias.any(), f"{prefix}: keys have a bias"
            else:
                tensors[f"{target}.{name}.bias"] = bias.contiguous()

    def layers(side):
        return 1 + max(int(m[1]) for m in (re.match(side + r"/layer_(\d+)/", n) for n in variables) if m)

    for side in ("encoder", "decoder"):
        tensors[side + ".embed_positions.weight"] = dequantised(variables, side + "/position_encodings/encodings")
        norm(side + "/layer_norm", side + ".layer_norm")
        for index in range(layers(side)):
            source, target = f"{side}/layer_{index}", f"{side}.layers.{index}"
            norm(source + "/self_attention/layer_norm", target + ".self_attn_layer_norm")
            fused(source + "/self_attention/linear_0", target + ".self_attn", ["q_proj", "k_proj", "v_proj"])
            pair(source + "/self_attention/linear_1", target + ".self_attn.out_proj")
            if side == "decoder":
                norm(source + "/attention/layer_norm", target + ".encoder_attn_layer_norm")
                pair(source + "/attention/linear_0", target + ".encoder_attn.q_proj")
                fused(source + "/attention/linear_1", target + ".encoder_attn", ["k_proj", "v_proj"])
                pair(source + "/attention/linear_2", target + ".encoder_attn.out_proj")
            norm(source + "/ffn/layer_norm", target + ".final_layer_norm")
            pair(source + "/ffn/linear_0", target + ".fc1")
            pair(source + "/ffn/linear_1", target + ".fc2")
    pair("encoder/conv1", "encoder.conv1")
    pair("encoder/conv2", "encoder.conv2")
    tensors["decoder.embed_tokens.weight"] = dequantised(variables, "decoder/embeddings/weight")
    return tensors


def dimensions(tensors, audio_heads, text_heads):
    """OpenAI's ModelDimensions, from the shapes."""

    def layers(side):
        return len([n for n in tensors if re.fullmatch(side + r"\.layers\.\d+\.fc1\.weight", n)])

    return {
        "n_mels": tensors["encoder.conv1.weight"].shape[1],
        "n_audio_ctx": tensors["encoder.embed_positions.weight"].shape[0],
        "n_audio_state": tensors["encoder.embed_positions.weight"].shape[1],
        "n_audio_head": audio_heads,
        "n_audio_layer": layers("encoder"),
        "n_vocab": tensors["decoder.embed_tokens.weight"].shape[0],
        "n_text_ctx": tensors["decoder.embed_positions.weight"].shape[0],
        "n_text_state": tensors["decoder.embed_positions.weight"].shape[1],
        "n_text_head": text_heads,
        "n_text_layer": layers("decoder"),
    }


OPENAI_PARTS = [
    (r"\.layers\.", ".blocks."),
    (r"self_attn_layer_norm", "attn_ln"),
    (r"encoder_attn_layer_norm", "cross_attn_ln"),
    (r"self_attn\.", "attn."),
    (r"encoder_attn\.", "cross_attn."),
    (r"q_proj", "query"),
    (r"k_proj", "key"),
    (r"v_proj", "value"),
    (r"out_proj", "out"),
    (r"final_layer_norm", "mlp_ln"),
    (r"fc1", "mlp.0"),
    (r"fc2", "mlp.2"),
    (r"encoder\.layer_norm", "encoder.ln_post"),
    (r"decoder\.layer_norm", "decoder.ln"),
    (r"embed_positions\.weight", "positional_embedding"),
    (r"embed_tokens", "token_embedding"),
]


def openai_name(name):
    """What openai-whisper calls the tensor that transformers calls `name`."""
    for pattern, replacement in OPENAI_PARTS:
        name = re.sub(pattern, replacement, name)
    return name


def hugging_face_config(dims, feed_forward, english_only, element_type):
    """config.json; the special tokens are those of OpenAI's tokenizers."""
    first = 50256 if english_only else 50257
    return {
        "architectures": ["WhisperForConditionalGeneration"],
        "model_type": "whisper",
        "activation_function": "gelu",
        "d_model": dims["n_audio_state"],
        "encoder_layers": dims["n_audio_layer"],
        "encoder_attention_heads": dims["n_audio_head"],
        "encoder_ffn_dim": feed_forward,
        "decoder_layers": dims["n_text_layer"],
        "decoder_attention_heads": dims["n_text_head"],
        "decoder_ffn_dim": feed_forward,
        "num_mel_bins": dims["n_mels"],
        "max_source_positions": dims["n_audio_ctx"],
        "max_target_positions": dims["n_text_ctx"],
        "vocab_size": dims["n_vocab"],
        "scale_embedding": False,
        "is_encoder_decoder": True,
        "tie_word_embeddings": True,
        "use_cache": True,
        "bos_token_id": first,
        "eos_token_id": first,
        "pad_token_id": first,
        "decoder_start_token_id": first + 1,
        "torch_dtype": str(element_type).removeprefix("torch."),
    }


def generation_config(ctranslate2_config, tokenizer, english_only):
    """generation_config.json: what decoding must suppress and force."""
    ids = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    result = {
        "_from_model_config": False,
        "alignment_heads": ctranslate2_config.get("alignment_heads"),
        "begin_suppress_tokens": ctranslate2_config["suppress_ids_begin"],
        "suppress_tokens": ctranslate2_config["suppress_ids"],
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|endoftext|>"],
        "pad_token_id": ids["<|endoftext|>"],
        "decoder_start_token_id": ids["<|startoftranscript|>"],
        "no_timestamps_token_id": ids["<|notimestamps|>"],
        "prev_sot_token_id": ids["<|startofprev|>"],
        "is_multilingual": not english_only,
        "max_initial_timestamp_index": 50,
        "max_length": 448,
        "return_timestamps": False,
    }
    if english_only:
        result["forced_decoder_ids"] = [[1, ids["<|notimestamps|>"]]]
    else:
        result["lang_to_id"] = {t: i for t, i in ids.items() if i in set(ctranslate2_config["lang_ids"])}
        result["task_to_id"] = {task: ids[f"<|{task}|>"] for task in ("transcribe", "translate")}
    return result


def preprocessor_config(dims):
    """preprocessor_config.json of transformers' WhisperFeatureExtractor."""
    return {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "processor_class": "WhisperProcessor",
        "feature_size": dims["n_mels"],
        "sampling_rate": 16000,
        "hop_length": 160,
        "n_fft": 400,
        "chunk_length": 30,
        "n_samples": 480000,
        "nb_max_frames": 3000,
        "padding_side": "right",
        "padding_value": 0.0,
        "return_attention_mask": False,
    }


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_hugging_face(output, tensors, element_type, pickled, shards=1):
    """model.safetensors (in `shards` files and an index if more than one) or pytorch_model.bin."""
    from safetensors.torch import save_file

    named = {"model." + name: value.to(element_type).contiguous() for name, value in sorted(tensors.items())}
    if pickled:
        named["proj_out.weight"] = named["model.decoder.embed_tokens.weight"]
        torch.save(named, output / "pytorch_model.bin")
    elif shards == 1:
        save_file(named, output / "model.safetensors", metadata={"format": "pt"})
    else:
        weight_map = {}
        for shard in range(shards):
            file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
            part = dict(list(named.items())[shard::shards])
            save_file(part, output / file, metadata={"format": "pt"})
            weight_map.update({name: file for name in part})
        total = sum(value.nbytes for value in named.values())
        write_json(
            output / "model.safetensors.index.json",
            {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))},
        )


def write_openai(output, tensors, dims, element_type):
    """A .pt file as OpenAI publishes them."""
    state = {openai_name(name): value.to(element_type).contiguous() for name, value in tensors.items()}
    torch.save({"dims": dims, "model_state_dict": state}, output)


# By --type: the file's number of the format, and that of a tensor that is stored so. Quantized files say 1000 times the
# version of the quantization besides.
GGML_TYPES = {"f32": (0, 0), "f16": (1, 1), "q8_0": (7 + 2 * 1000, 8)}


def q8_0(values):
    """ggml's blocks of 32 along a row: a scale in half precision, and bytes that are rounded away from zero."""
    blocks = values.reshape(-1, 32)
    scales = numpy.abs(blocks).max(axis=1, keepdims=True) / 127
    scaled = blocks / numpy.where(scales == 0, 1, scales)
    content = numpy.empty(len(blocks), [("scale", "<f2"), ("bytes", "i1", 32)])
    content["scale"] = scales[:, 0]
    content["bytes"] = numpy.copysign(numpy.floor(numpy.abs(scaled) + 0.5), scaled)
    return content.tobytes()


def write_ggml(output, tensors, dims, type_name, filters, tokens):
    """The format of whisper.cpp's convert-pt-to-ggml.py: header, mel filters, vocabulary, tensors."""
    file_type, tensor_type = GGML_TYPES[type_name]
    with open(output, "wb") as file:
        file.write(struct.pack("<I", 0x67676D6C))
        keys = "n_vocab n_audio_ctx n_audio_state n_audio_head n_audio_layer n_text_ctx n_text_state n_text_head"
        for key in keys.split() + ["n_text_layer", "n_mels"]:
            file.write(struct.pack("<i", dims[key]))
        file.write(struct.pack("<i", file_type))
        file.write(struct.pack("<ii", *filters.shape) + filters.astype("<f4").tobytes())
        file.write(struct.pack("<i", len(tokens)))
        for token in tokens:
            file.write(struct.pack("<i", len(token)) + token)
        for name, value in tensors.items():
            name = openai_name(name)
            if re.fullmatch(r"encoder\.conv\d\.bias", name):
                value = value.reshape(-1, 1)
            values = value.numpy().astype("<f4")
            small = value.dim() < 2 or value.shape[-1] == 1 or name.endswith("positional_embedding")
            # whisper.cpp wants convolutions in half precision where anything is quantized.
            stored = 0 if small else 1 if type_name == "q8_0" and value.dim() > 2 else tensor_type
            content = q8_0(values) if stored == 8 else values.astype("<f2" if stored == 1 else "<f4").tobytes()
            encoded = name.encode()
            file.write(struct.pack("<iii", values.ndim, len(encoded), stored))
            file.write(struct.pack(f"<{values.ndim}i", *reversed(values.shape)))
            file.write(encoded + content)


def openai_assets(mels, english_only):
    """Mel filters and token bytes, in the order of their ids, out of the openai-whisper package."""
    import whisper

    assets = pathlib.Path(whisper.__file__).parent / "assets"
    filters = numpy.load(assets / "mel_filters.npz")[f"mel_{mels}"]
    lines = (assets / ("gpt2" if english_only else "multilingual")).with_suffix(".tiktoken").read_text()
    tokens = [base64.b64decode(line.split()[0]) for line in lines.splitlines() if line]
    return filters, tokens


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="a CTranslate2 folder: model.bin, config.json, tokenizer.json")
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--to", choices=["hf", "hf-bin", "openai", "ggml"], required=True)
    parser.add_argument("--type", choices=[*TYPES, "q8_0"], default="f32")
    arguments = parser.parse_args()

    variables = read_ctranslate2(arguments.folder / "model.bin")
    tensors = hugging_face_tensors(variables)
    dims = dimensions(tensors, int(variables["encoder/num_heads"]), int(variables["decoder/num_heads"]))
    english_only = dims["n_vocab"] < 51865
    if arguments.type not in (GGML_TYPES if arguments.to == "ggml" else TYPES):
        parser.error(f"there is no {arguments.type} in {arguments.to}")
    element_type = TYPES.get(arguments.type)
    if arguments.to == "openai":
        write_openai(arguments.output, tensors, dims, element_type)
    elif arguments.to == "ggml":
        write_ggml(arguments.output, tensors, dims, arguments.type, *openai_assets(dims["n_mels"], english_only))
    else:
        output = arguments.output
        output.mkdir(parents=True, exist_ok=True)
        feed_forward = tensors["encoder.layers.0.fc1.weight"].shape[0]
        source_config = json.loads((arguments.folder / "config.json").read_text())
        tokenizer = json.loads((arguments.folder / "tokenizer.json").read_text())
        write_json(output / "config.json", hugging_face_config(dims, feed_forward, english_only, element_type))
        write_json(output / "generation_config.json", generation_config(source_config, tokenizer, english_only))
        write_json(output / "preprocessor_config.json", preprocessor_config(dims))
        write_json(
            output / "tokenizer_config.json",
            {
                "tokenizer_class": "WhisperTokenizer",
                "bos_token": "<|endoftext|>",
                "eos_token": "<|endoftext|>",
                "pad_token": "<|endoftext|>",
                "unk_token": "<|endoftext|>",
            },
        )
        shutil.copyfile(arguments.folder / "tokenizer.json", output / "tokenizer.json")
        write_hugging_face(output, tensors, element_type, pickled=arguments.to == "hf-bin")


if __name__ == "__main__":
    main()
