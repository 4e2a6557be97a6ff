# The commands of this project; each does everything it needs by itself.

.PHONY: demo test test-fast build install library install-library documentation api examples benchmark check-c check-neon check-normalizers check-openapi check-page check-server check-traits format check-format fuzz sanitize package check-package ptx check-ptx check-python wheel

# Transcribes a bundled recording with the real tiny.en model.
demo: build
	.build/release/swiftlet transcribe Tests/Fixtures/speech/jfk.flac

build:
	Scripts/install-dependencies
	swift build -c release --product swiftlet

# The program, its shell completions, its manual pages and the C library, into $(DESTDIR)$(PREFIX).
PREFIX = /usr/local
destination = $(DESTDIR)$(PREFIX)
install: build install-library
	install -d "$(destination)/bin" "$(destination)/share/bash-completion/completions" \
		"$(destination)/share/zsh/site-functions" "$(destination)/share/fish/vendor_completions.d"
	install -m 755 .build/release/swiftlet "$(destination)/bin/swiftlet"
	.build/release/swiftlet --generate-completion-script bash \
		>"$(destination)/share/bash-completion/completions/swiftlet"
	.build/release/swiftlet --generate-completion-script zsh >"$(destination)/share/zsh/site-functions/_swiftlet"
	.build/release/swiftlet --generate-completion-script fish \
		>"$(destination)/share/fish/vendor_completions.d/swiftlet.fish"
	Scripts/manual.py .build/release/swiftlet "$(destination)/share/man/man1"

# A .deb and a .tar.gz of the program with Swift's runtime inside, into .build-package/packages: docs/install.md.
package:
	Scripts/package

# The .deb in a clean Debian root: installed by apt, used, removed. Needs root's rights.
check-package:
	Scripts/check-package

# The C library with Swift's runtime inside, into .build-library/lib; with LIBRARY_OPTIONS=--without-ffmpeg, the one that reads WAV files
# and samples alone, into .build-library-plain/lib.
LIBRARY_OPTIONS =
library:
	Scripts/install-dependencies $(if $(LIBRARY_OPTIONS),without-ffmpeg)
	Scripts/build-library $(LIBRARY_OPTIONS)

# The C library, its header and its file for pkg-config.
install-library: library
	install -d "$(destination)/lib/pkgconfig" "$(destination)/include"
	install -m 644 Sources/CSwiftlet/include/swiftlet.h "$(destination)/include/swiftlet.h"
	install -m 755 "$$(Scripts/build-library $(LIBRARY_OPTIONS) 2>/dev/null)/libswiftlet.so.0" "$(destination)/lib/libswiftlet.so.0"
	ln -sf libswiftlet.so.0 "$(destination)/lib/libswiftlet.so"
	sed -e 's,@PREFIX@,$(PREFIX),' -e "s,@VERSION@,$$(sed -n 's/^public let swiftletVersion = "\(.*\)"$$/\1/p' Sources/Swiftlet/Version.swift)," \
		Sources/CInterface/swiftlet.pc.in >"$(destination)/lib/pkgconfig/swiftlet.pc"

# The C interface, from C and C++, plainly and under valgrind.
check-c: build
	Scripts/install-dependencies tests
	Scripts/check-c

# The library's documentation with its tutorial, into .build/documentation.
documentation: build
	Scripts/build-documentation

# The listing of the public interface, docs/api.txt, which `make documentation` checks.
api: build
	SWIFTLET_WRITE_API=1 Scripts/build-documentation

# The package Examples/Captions, on real speech, and every piece of Swift in the documentation.
examples:
	Scripts/install-dependencies tests
	Scripts/check-examples

# Kernels and networks against the ceilings of this machine, measured in the same run; about ten minutes.
benchmark:
	Scripts/install-dependencies
	swift build -c release --product SwiftletBenchmark
	.build/release/SwiftletBenchmark --json benchmark.json

# The kernels natively and on arm64 in an emulator, against plain arithmetic.
check-neon:
	Scripts/check-neon

# The kernels for NVIDIA GPUs to PTX, which is committed; and whether what is committed is what they compile to.
ptx:
	Scripts/build-ptx
check-ptx:
	Scripts/check-ptx

# Normalizers and error counts against openai-whisper and jiwer, on the texts of the recordings in $SWIFTLET_AUDIO or those in
# TEXTS as well.
TEXTS = $(wildcard $(SWIFTLET_AUDIO)/*/manifest.tsv)
check-normalizers:
	Scripts/check-normalizers $(TEXTS)

# The server's web page in headless Chromium, against a mock server or the real one at URL.
check-page:
	Scripts/check-page $(URL)

# The server's openapi.json: that it is valid, and that routes, fields and options are those in the sources.
check-openapi:
	Scripts/check-openapi

# `swiftlet serve` with real clients: openai's package, curl, websockets, wyoming, schemathesis; mutated requests and kill -9.
check-server: build
	Scripts/check-server

# The Python wheel, with the library inside, into .build-python/dist.
wheel:
	Scripts/install-dependencies without-ffmpeg
	Scripts/build-wheel

# The wheel in an empty environment: its tests, types and examples, those of Ray and Spark too.
check-python: build
	Scripts/check-python

# The package without its trait FFmpeg, in a build folder of its own.
check-traits:
	Scripts/install-dependencies without-ffmpeg
	Scripts/check-traits

# Runs the tests that need no model, no network and little time. Debug, which checks more; only C is optimized. Without the
# server's, whose packages take most of the time to build: TRAITS=FFmpeg,Server has them.
TRAITS = FFmpeg
test-fast:
	Scripts/install-dependencies tests
	SWIFTLET_OPTIMIZED_C=1 swift build --build-tests --disable-default-traits --traits $(TRAITS)
	SWIFTLET_OPTIMIZED_C=1 SWIFTLET_FAST_TESTS=1 swift test --skip-build --disable-default-traits --traits $(TRAITS)

# Runs all tests. Release, because debug Swift is far too slow for the network.
test:
	Scripts/install-dependencies tests
	SWIFTLET_TESTABLE=1 swift build -c release --build-tests
	SWIFTLET_TESTABLE=1 swift test -c release --skip-build

# Mutated files for every reader, SECONDS each, or for those in READER; docs/fuzzing.md.
SECONDS = 60
fuzz:
	Scripts/install-dependencies tests
	Scripts/fuzz -s $(SECONDS) $(READER)

# Tests under sanitizers: threads, then memory and undefined behaviour; docs/fuzzing.md.
sanitize:
	Scripts/install-dependencies tests
	Scripts/sanitize threads
	Scripts/sanitize memory

format:
	swift format format --in-place --recursive Sources Tests Benchmarks Examples Package.swift

check-format:
	swift format lint --strict --recursive Sources Tests Benchmarks Examples Package.swift
