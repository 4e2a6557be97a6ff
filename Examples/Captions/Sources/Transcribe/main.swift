// Prints what is said in a recording, one line for each segment.

import Foundation
import Swiftlet

let transcriber = try await Transcriber.load("tiny.en")
for recording in CommandLine.arguments.dropFirst() {
  for try await segment in transcriber.segments(of: .file(URL(filePath: recording))) {
    print(segment.text)
  }
}
