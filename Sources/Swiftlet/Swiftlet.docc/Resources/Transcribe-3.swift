// Prints what is said in a recording, one line for each segment.

import Swiftlet

let model = try await ModelStore().resolve("tiny.en")
let transcriber = try Transcriber(model: model)
for recording in CommandLine.arguments.dropFirst() {
  for try await segment in transcriber.segments(of: recording) {
    print(segment.text)
  }
}
