// Hugging Face folders made from the reference, with something changed.

import Foundation
import SwiftletCheckpoints
import SwiftletTestSupport

/// A copy of the reference's tensors that a test may change before it is written.
struct ReferenceCopy {
  struct Tensor {
    var shape: [Int]
    var values: [Float]
  }

  var tensors: [String: Tensor] = [:]
  var metadata: [String: String] = [:]
  /// config.json, as text.
  var config: String
}

/// Writes model.safetensors and config.json to `folder`.
func copyReference(
  to folder: TestFolder, prefix: String = "model.", changing change: (inout ReferenceCopy) throws -> Void
) throws {
  let reference = try SafetensorsFile(CheckpointFixture.folder.appending(path: "reference.safetensors"))
  let config = CheckpointFixture.folder.appending(path: "hf-f32/config.json")
  var copy = ReferenceCopy(config: try String(contentsOf: config, encoding: .utf8))
  for entry in reference.entries {
    copy.tensors[prefix + entry.name] = .init(
      shape: entry.shape, values: try reference.floats(of: entry.name))
  }
  try change(&copy)
  var writer = SafetensorsWriter(metadata: copy.metadata)
  for (name, tensor) in copy.tensors.sorted(by: { $0.key < $1.key }) {
    writer.add(name, shape: tensor.shape, floats: tensor.values)
  }
  try writer.write(to: folder.url.appending(path: "model.safetensors"))
  _ = try folder.write(Data(copy.config.utf8), as: "config.json")
}
