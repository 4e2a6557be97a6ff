#!/usr/bin/env python3
"""Makes an object file of the part of ICU's data that Swiftlet can need: Scripts/icu_data.py OUTPUT.o

A program with Swift's Foundation linked statically has all of ICU's data in it, 34 MB: names of languages, units and currencies,
calendars and sort orders of 600 languages and regions, dictionaries of Thai and Chinese, old encodings. Swiftlet formats nothing
for a language, so the few items that Foundation may ask for by itself are enough. An object with the same symbol, given to the
linker before Foundation's library, takes the place of the one in there.

The data's format ("CmnD", version 1) is described in ICU's sources, tools/toolutil/package.cpp.
"""

import os
import re
import struct
import subprocess
import sys
import tempfile

MEMBER = "icu_packaged_data.cpp.o"

# Everything at the top that is no language's is kept, but encodings, names of characters and idna; below, roots and English.
KEPT = [
    # Languages and regions: root and English, and what all of them share.
    r"(.*/)?(root|en|en_001|en_US|en_US_POSIX|pool|res_index)\.res",
    # Tables: calendars, numbering systems, plurals, time zones, likely subtags, and the like.
    r"(supplementalData|likelySubtags|numberingSystems|plurals|pluralRanges|dayPeriods|genderList|keyTypeData|icustd|icuver"
    r"|metadata|metaZones|timezoneTypes|windowsZones|zoneinfo64|currencyNumericCodes|units|grammaticalFeatures|langInfo)\.res",
    # Normalization, emoji and layout, aliases of encodings.
    r"(nfkc|nfkc_cf|nfkc_scf)\.nrm",
    r"(uemoji|ulayout|cnvalias)\.\w+",
    # Where characters, words, sentences and lines end, without dictionaries.
    r"brkitr/\w+\.brk",
    r"coll/ucadata\.icu",
]
DROPPED = [r"(translit|rbnf|lang|region|unit)/.*", r"brkitr/line_(loose|normal|strict|phrase|cj)\w*\.brk"]


def data_of(library):
    """The data and its symbol, out of Foundation's static library."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["ar", "x", "--output", folder, library, MEMBER], check=True)
        member = os.path.join(folder, MEMBER)
        symbols = subprocess.run(["nm", "--defined-only", member], check=True, capture_output=True, text=True).stdout
        found = re.findall(r"(icudt\d+_dat)$", symbols, re.MULTILINE)
        if len(found) != 1:
            sys.exit(f"icu_data: {MEMBER} in {library} has another form than expected: {symbols}")
        raw = os.path.join(folder, "data")
        subprocess.run(["objcopy", "-O", "binary", "--only-section=.rodata", member, raw], check=True)
        with open(raw, "rb") as file:
            return found[0], file.read()


def items_of(data):
    """The header, and the items by name: `icudt76l/coll/root.res`, in the order of names."""
    (size,) = struct.unpack_from("<H", data)
    if data[2:4] != b"\xda\x27" or data[12:16] != b"CmnD":
        sys.exit("icu_data: this is not a package of ICU data")
    (count,) = struct.unpack_from("<I", data, size)
    table = [struct.unpack_from("<II", data, size + 4 + 8 * index) for index in range(count)]
    items = {}
    for index, (name, offset) in enumerate(table):
        end = table[index + 1][1] if index + 1 < count else len(data) - size
        begin = size + name
        items[data[begin : data.index(b"\0", begin)].decode()] = data[size + offset : size + end]
    return data[:size], items


def is_kept(name):
    path = name.split("/", 1)[1]
    matches = lambda patterns: any(re.fullmatch(pattern, path) for pattern in patterns)
    return matches(KEPT) and not matches(DROPPED)


def package(header, items):
    """The same format with these items, each at a multiple of 16 bytes from the beginning."""
    names = b"".join(name.encode() + b"\0" for name in items)
    offset = 4 + 8 * len(items) + len(names)
    table, body, position = [], b"", 4 + 8 * len(items)
    padding = -(len(header) + offset) % 16
    offset += padding
    for name, content in items.items():
        content += b"\0" * (-len(content) % 16)
        table.append(struct.pack("<II", position, offset))
        position += len(name) + 1
        offset += len(content)
        body += content
    return header + struct.pack("<I", len(items)) + b"".join(table) + names + b"\0" * padding + body


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.split("\n")[0])
    output = sys.argv[1]
    target = subprocess.run(["swift", "-print-target-info"], check=True, capture_output=True, text=True).stdout
    resources = re.search(r'"runtimeResourcePath": "(.*)"', target)[1]
    library = os.path.join(os.path.dirname(resources), "swift_static", "linux", "lib_FoundationICU.a")
    symbol, data = data_of(library)
    header, items = items_of(data)
    kept = {name: content for name, content in items.items() if is_kept(name)}
    small = package(header, kept)
    assert items_of(small)[1].keys() == kept.keys()
    with tempfile.TemporaryDirectory() as folder:
        raw, source = os.path.join(folder, "icu.dat"), os.path.join(folder, "icu.s")
        with open(raw, "wb") as file:
            file.write(small)
        with open(source, "w", encoding="ascii") as file:
            file.write(
                f'.section .rodata,"a",@progbits\n.balign 16\n.globl {symbol}\n.type {symbol},@object\n'
                f'{symbol}:\n.incbin "{raw}"\n.size {symbol}, . - {symbol}\n.section .note.GNU-stack,"",@progbits\n'
            )
        compiler = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(resources))), "usr", "bin", "clang")
        compiler = compiler if os.path.exists(compiler) else os.path.join(resources, "..", "..", "bin", "clang")
        subprocess.run([compiler, "-c", source, "-o", output], check=True)
    print(f"ICU's data: {len(kept)} of {len(items)} items, {len(small)} of {len(data)} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
