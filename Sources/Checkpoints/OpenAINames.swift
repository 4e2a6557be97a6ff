// What openai-whisper and whisper.cpp call the tensors.

/// Hugging Face's name, without `model.`, of the tensor that OpenAI calls `name`; names that are not OpenAI's
/// stay as they are, and names outside encoder and decoder give `nil`.
func networkName(ofOpenAI name: String) -> String? {
  guard name.hasPrefix("encoder.") || name.hasPrefix("decoder.") else { return nil }
  if let fixed = fixedNames[name] { return fixed }
  let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
  guard parts.count >= 5, parts[1] == "blocks", let element = parts.last,
    let module = modules[parts[3..<(parts.count - 1)].joined(separator: ".")]
  else { return name }
  return "\(parts[0]).layers.\(parts[2]).\(module).\(element)"
}

private let fixedNames = [
  "encoder.positional_embedding": "encoder.embed_positions.weight",
  "encoder.ln_post.weight": "encoder.layer_norm.weight",
  "encoder.ln_post.bias": "encoder.layer_norm.bias",
  "decoder.positional_embedding": "decoder.embed_positions.weight",
  "decoder.token_embedding.weight": "decoder.embed_tokens.weight",
  "decoder.ln.weight": "decoder.layer_norm.weight",
  "decoder.ln.bias": "decoder.layer_norm.bias",
]

private let modules = [
  "attn_ln": "self_attn_layer_norm",
  "attn.query": "self_attn.q_proj",
  "attn.key": "self_attn.k_proj",
  "attn.value": "self_attn.v_proj",
  "attn.out": "self_attn.out_proj",
  "cross_attn_ln": "encoder_attn_layer_norm",
  "cross_attn.query": "encoder_attn.q_proj",
  "cross_attn.key": "encoder_attn.k_proj",
  "cross_attn.value": "encoder_attn.v_proj",
  "cross_attn.out": "encoder_attn.out_proj",
  "mlp_ln": "final_layer_norm",
  "mlp.0": "fc1",
  "mlp.2": "fc2",
]
