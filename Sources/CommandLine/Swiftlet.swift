// The tool `swiftlet`: its subcommands and its help.

import ArgumentParser
import Foundation
import Swiftlet

#if Server
import SwiftletServer
#endif

@main
struct SwiftletCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swiftlet",
    abstract: "Transcribe audio and video with Whisper, on your CPU.",
    discussion: """
      Begin with:

        swiftlet transcribe talk.flac

      which fetches the model tiny.en on first use and prints the transcript. Any file that FFmpeg reads will do, \
      including video; - is stdin. Other models: swiftlet pull --list.

      The transcript goes to stdout, everything else to stderr. Exit codes: 0 success; 1 a recording could not be \
      transcribed to its end (what was transcribed is printed, or written as .partial); 2 the model could not be fetched \
      or loaded; 64 the command was not understood; 74 the result could not be written; 130 interrupted; 141 stdout was \
      closed.

      Environment:
        SWIFTLET_CACHE           folder for models and engines (default:
                                 $XDG_CACHE_HOME/swiftlet, or ~/.cache/swiftlet)
        SWIFTLET_ISA             instruction set to use: amx, avx512bf16,
                                 avx512vnni, avx512, avxvnni, avx2, neondot,
                                 neon or portable (default: the best one)
        SWIFTLET_PEERS           folder of the engines that `compare` runs,
                                 made by Benchmarks/peers/setup (default:
                                 $XDG_DATA_HOME/swiftlet/peers, or
                                 ~/.local/share/swiftlet/peers)
        HF_ENDPOINT              mirror to use instead of
                                 https://huggingface.co
        HF_TOKEN                 access token for private and gated repositories
                                 (default: the one that `hf auth login` stored)
        HF_HUB_OFFLINE           1 to fetch nothing and use the cache only
        http_proxy, https_proxy, all_proxy, no_proxy
                                 proxies for downloads, as curl reads them
        SSL_CERT_FILE, SSL_CERT_DIR
                                 certificates to trust instead of the system's
        TMPDIR                   folder for temporary files (default: /tmp)
        NO_COLOR                 if not empty, turns off colors in reports

      Completions for your shell: swiftlet --generate-completion-script bash (or zsh, or fish).
      """,
    version: swiftletVersion,
    subcommands: subcommands)

  private static var subcommands: [any ParsableCommand.Type] {
    var all: [any ParsableCommand.Type] = [
      Transcribe.self, Stream.self, VoiceActivityCommand.self, Evaluate.self, Compare.self, Drive.self,
      Score.self, DatasetCommand.self, Build.self, Inspect.self, Pull.self, Cache.self, Doctor.self,
    ]
    #if Server
    all.insert(Serve.self, at: 2)
    #endif
    return all
  }

  /// Swift's own `CommandLine.arguments` replaces what is not UTF-8, and files of such names could not be opened.
  static func main() async {
    #if Server
    // It forks, so nothing may run beside it.
    MediaProcess.runIfAsked()
    #endif
    StandardStreams.occupyClosed()
    silenceFFmpeg()
    let arguments = UnsafeBufferPointer(start: CommandLine.unsafeArgv, count: Int(CommandLine.argc))
    await main(
      arguments.dropFirst().compactMap { $0 }.map { argument in
        let bytes = UnsafeBufferPointer(start: argument, count: strlen(argument))
        return LocalFile(pathBytes: bytes.map(UInt8.init(bitPattern:))).path
      })
  }
}
