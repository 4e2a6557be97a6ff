"""Writes a small wheel for Tests/Swiftlet/Models: wheel.py FOLDER NAME VERSION PATH=TEXT ... Prints its path."""

import sys
import zipfile

folder, name, version, *files = sys.argv[1:]
module = name.replace("-", "_")
info = f"{module}-{version}.dist-info"
path = f"{folder}/{module}-{version}-py3-none-any.whl"
contents = {file.partition("=")[0]: file.partition("=")[2] for file in files}
contents[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
contents[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: swiftlet\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
record = "".join(f"{file},,\n" for file in [*contents, f"{info}/RECORD"])
contents[f"{info}/RECORD"] = record
with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
    for file, text in contents.items():
        archive.writestr(zipfile.ZipInfo(file, (2026, 1, 1, 0, 0, 0)), text)
print(path)
