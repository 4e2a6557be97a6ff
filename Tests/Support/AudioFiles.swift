// Sound files, opened by their paths.

package import SwiftletAudio

extension AudioDecoder {
  package convenience init(
    path: String, selection: SoundSelection = SoundSelection(), isCancelled: @escaping () -> Bool = { false }
  ) throws(AudioError) {
    try self.init(.file(path: path), selection: selection, isCancelled: isCancelled)
  }
}
