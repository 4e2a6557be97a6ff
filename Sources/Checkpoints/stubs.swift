// stub
func readPyTorch(_ file: MappedFile) throws(CheckpointError) -> WhisperCheckpoint {
  throw .emptyFile(file: file.name)
}
func readGGML(_ file: MappedFile) throws(CheckpointError) -> WhisperCheckpoint {
  throw .emptyFile(file: file.name)
}
