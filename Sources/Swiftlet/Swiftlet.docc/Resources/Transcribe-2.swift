// Prints what is said in a recording, one line for each segment.

import Swiftlet

let model = try await ModelStore().resolve("tiny.en")
let transcriber = try Transcriber(model: model)
