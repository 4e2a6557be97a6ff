// What can go wrong when a checkpoint is read.

/// Why a checkpoint could not be read; every case names the file.
package enum CheckpointError: Error, Hashable, Sendable {
  case noSuchTensor(name: String, file: String)
}
