#!/usr/bin/env python3
"""Checks of the library's documentation that DocC leaves to others.

  documentation.py modules RELEASE     prints the compiler's arguments to import Swiftlet from a release build's folder
  documentation.py symbols GRAPH       every public symbol has documentation
  documentation.py listing GRAPH       docs/api.txt lists every public declaration; write-listing writes it
  documentation.py topics ARCHIVE      every public type is found from the landing page, every member of a page with topics
                                       under one of them
  documentation.py tutorial            the last code that the tutorial shows of a file is that file of the example package, and
                                       it shows all files
  documentation.py snippets RELEASE    the code of every step of the tutorial compiles, and so do the pieces of Swift in
                                       articles, comments and README
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

CATALOG = pathlib.Path("Sources/Swiftlet/Swiftlet.docc")
LISTING = pathlib.Path("docs/api.txt")
EXAMPLE = pathlib.Path("Examples/Captions")
# What pieces of Swift may take for granted.
CONTEXT = "transcriber: Transcriber, model: URL, url: URL, call: URL, samples: [Float], microphone: AsyncStream<[Float]>"


def fail(problems):
    if problems:
        sys.exit("\n".join(f"documentation: {problem}" for problem in problems))


def modules(release):
    """Swift's modules, and those of C whose headers they were compiled with."""
    information = json.loads(subprocess.check_output(["swift", "-print-target-info"]))
    folders = [release / "Modules", *sorted(release.glob("C[A-Z]*.build"))]
    folders += [pathlib.Path("Sources/CFFmpeg"), pathlib.Path("Sources/CZlib"), pathlib.Path("Sources/CCurl")]
    return ["-target", information["target"]["triple"], *(f"-I{folder}" for folder in folders)]


def check_symbols(graph):
    symbols = json.loads(graph.read_text())["symbols"]
    names = [".".join(symbol["pathComponents"]) for symbol in symbols if not has_abstract(symbol)]
    fail([f"{name} has no documentation" for name in sorted(names)])
    print(f"documentation: all {len(symbols)} public symbols have some")


def has_abstract(symbol):
    lines = symbol.get("docComment", {}).get("lines", [])
    return bool(lines) and not lines[0]["text"].startswith("-")


def listing(graph):
    """Every public declaration, by type."""
    symbols = json.loads(graph.read_text())["symbols"]
    lines = []
    for symbol in sorted(symbols, key=lambda symbol: (symbol["pathComponents"], symbol["kind"]["identifier"])):
        text = "".join(part["spelling"] for part in symbol["declarationFragments"])
        text = re.sub(r"\s+", " ", text.replace("@Sendable ", "@Sendable "))
        lines.append("  " * (len(symbol["pathComponents"]) - 1) + text)
    return "\n".join(lines) + "\n"


def check_listing(graph):
    text = listing(graph)
    if not LISTING.exists() or LISTING.read_text() != text:
        fail([f"{LISTING} is not what is public; make api writes it"])
    print(f"documentation: {LISTING} lists {text.count(chr(10))} declarations")


def check_topics(archive):
    pages = [archive / "data/documentation/swiftlet.json"]
    types = archive / "data/documentation/swiftlet"
    pages += [types / f"{page.stem.lower()}.json" for page in sorted(CATALOG.glob("Types/*.md"))]
    problems = []
    for page in pages:
        for section in json.loads(page.read_text()).get("topicSections", []):
            if section.get("generated") and section["title"] != "Default Implementations":
                names = ", ".join(name.split("/")[-1] for name in section["identifiers"])
                problems.append(f"{page.stem} has no topic for {names}")
    fail(problems)


def steps():
    """The tutorials' code, in the order of their steps: the file of the example package, and that of the catalogue."""
    for tutorial in sorted(CATALOG.glob("Tutorials/*.tutorial")):
        for name, file in re.findall(r'@Code\(name: "([^"]+)", file: "([^"]+)"', tutorial.read_text()):
            yield name, CATALOG / "Resources" / file


def check_tutorial():
    last = dict(steps())
    problems = [
        f"{resource} is not {EXAMPLE / name}"
        for name, resource in last.items()
        if not (EXAMPLE / name).exists() or resource.read_bytes() != (EXAMPLE / name).read_bytes()
    ]
    files = {str(file.relative_to(EXAMPLE)) for file in EXAMPLE.glob("Sources/**/*.swift")} | {"Package.swift"}
    problems += [f"the tutorial does not show {EXAMPLE / name}" for name in sorted(files - set(last))]
    for tutorial in sorted(CATALOG.glob("Tutorials/*.tutorial")):
        for section in tutorial.read_text().split("@Section")[1:]:
            name, file = re.findall(r'@Code\(name: "([^"]+)", file: "([^"]+)"', section)[-1]
            if last[name] != CATALOG / "Resources" / file:
                problems.append(f"a section of {tutorial} ends with {file}, which is not the last of {name}")
    fail(problems)
    print(f"documentation: the tutorial ends with the {len(last)} files of {EXAMPLE}")


def type_check(arguments, files, what):
    """The problem with `files`, one or none."""
    parsing = [] if any(file.name == "main.swift" for file in files) else ["-parse-as-library"]
    command = ["swiftc", "-typecheck", "-swift-version", "6", *parsing, *arguments, *map(str, files)]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return [f"{what} does not compile\n{result.stdout}"] if result.returncode else []


def check_steps(arguments, folder):
    """Does what a reader does, step by step, and compiles after each."""
    problems, count = [], 0
    for name, resource in steps():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(resource.read_bytes())
        count += 1
        if name == "Package.swift":
            command = ["swift", "package", "--package-path", str(folder), "dump-package"]
            result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            if result.returncode:
                problems.append(f"{resource} is no manifest\n{result.stderr}")
        else:
            # Under its own name the compiler would find the module that the example was built to.
            module = ["-module-name", f"{file.parent.name}Step", "-warnings-as-errors"]
            problems += type_check([*arguments, *module], sorted(file.parent.glob("*.swift")), resource)
    return problems, count


def snippets():
    """Where each piece of Swift is, and its lines. Fences with more than `swift` (`swift manifest`) are not compiled."""
    library = pathlib.Path("Sources/Swiftlet").glob("**/*.swift")
    for path in [pathlib.Path("README.md"), *sorted(CATALOG.glob("**/*.md")), *sorted(library)]:
        lines = path.read_text().split("\n")
        if path.suffix == ".swift":
            lines = [re.sub(r"^ *///? ?", "", line) if line.lstrip().startswith("///") else "" for line in lines]
        begin = None
        for number, line in enumerate(lines):
            if line.strip() == "```swift":
                begin = number + 1
            elif line.strip() == "```" and begin:
                yield path, begin, [line for line in lines[begin:number] if not line.startswith("import ")]
                begin = None


def check_snippets(arguments, folder):
    """One file of functions; what is wrong is told at its place in the documentation."""
    text, count = "import Foundation\nimport Swiftlet\n", 0
    for path, begin, lines in snippets():
        count += 1
        body = "\n".join(lines)
        place = f'#sourceLocation(file: "{path}", line: {begin + 1})\n'
        text += f"func snippet{count}({CONTEXT}) async throws {{\n{place}{body}\n#sourceLocation()\n}}\n"
    file = folder / "Snippets.swift"
    file.write_text(text)
    return type_check([*arguments, "-suppress-warnings"], [file], "a piece of Swift"), count


def check_code(release):
    arguments = modules(release)
    with tempfile.TemporaryDirectory() as folder:
        problems, steps = check_steps(arguments, pathlib.Path(folder) / "package")
        more, pieces = check_snippets(arguments, pathlib.Path(folder))
    fail(problems + more)
    print(f"documentation: {steps} steps of the tutorial and {pieces} pieces of Swift compile")


def main():
    os.chdir(pathlib.Path(__file__).parent.parent)
    match sys.argv[1:]:
        case ["modules", release]:
            print(*modules(pathlib.Path(release)))
        case ["symbols", graph]:
            check_symbols(pathlib.Path(graph))
        case ["listing", graph]:
            check_listing(pathlib.Path(graph))
        case ["write-listing", graph]:
            LISTING.write_text(listing(pathlib.Path(graph)))
        case ["topics", archive]:
            check_topics(pathlib.Path(archive))
        case ["tutorial"]:
            check_tutorial()
        case ["snippets", release]:
            check_code(pathlib.Path(release))
        case _:
            sys.exit(__doc__)


main()
