# Homebrew's formula: builds Swiftlet from its sources. There is no tagged release yet, so it installs main: docs/install.md.
class Swiftlet < Formula
  desc "Transcribe audio and video with Whisper, on the CPU"
  homepage "https://git.example.org/swiftlet"
  license "MIT"
  head "https://git.example.org/swiftlet.git", branch: "main"

  depends_on "pkgconf" => :build
  depends_on "ffmpeg"

  uses_from_macos "python" => :build
  uses_from_macos "swift" => :build
  uses_from_macos "curl"
  uses_from_macos "sqlite"
  uses_from_macos "zlib"

  on_macos do
    # Package.swift: Span in arrays needs macOS 26.
    depends_on xcode: ["26.4", :build]
    depends_on macos: :tahoe
  end

  on_linux do
    depends_on "libseccomp"
  end

  def install
    # SwiftPM's sandbox can't run inside Homebrew's.
    system "swift", "build", "--disable-sandbox", "--configuration", "release", "--product", "swiftlet"
    bin.install ".build/release/swiftlet"
    generate_completions_from_executable(bin/"swiftlet", "--generate-completion-script")
    system "python3", "Scripts/manual.py", bin/"swiftlet", buildpath/"man"
    man1.install Dir["man/*.1"]
  end

  service do
    run [opt_bin/"swiftlet", "serve"]
    keep_alive true
    log_path var/"log/swiftlet.log"
    error_log_path var/"log/swiftlet.log"
  end

  test do
    # A second of silence as a WAV file: no model and no network are needed to find no speech in it.
    samples = "\0" * 32_000
    header = ["RIFF", 36 + samples.bytesize, "WAVE", "fmt ", 16, 1, 1, 16_000, 32_000, 2, 16, "data", samples.bytesize]
    (testpath/"silence.wav").binwrite(header.pack("a4Va4a4VvvVVvva4V") + samples)
    assert_empty shell_output("#{bin}/swiftlet vad silence.wav").strip
    assert_match "transcribe", shell_output("#{bin}/swiftlet --help")
  end
end
