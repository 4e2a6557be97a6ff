// The formats that can be read.

/// The format of a checkpoint.
package enum CheckpointKind: String, Sendable, CaseIterable {
  case safetensors = "Hugging Face safetensors"
  case huggingFacePickle = "Hugging Face pytorch_model.bin"
  case openAI = "OpenAI .pt"
  case ctranslate2 = "CTranslate2 model.bin"
  case ggml = "whisper.cpp ggml"
}
