#!/usr/bin/env python3
"""Writes the manual pages from the tool's own help: Scripts/manual.py BINARY FOLDER.

One page for the tool and one for each of its commands, from what `--experimental-dump-help` prints. swift-argument-parser's
own plugin, generate-manual, would build the package once more and can't show which options belong together.
"""

import json
import os
import re
import subprocess
import sys
import time


def escaped(text):
    """Text as roff takes it literally: hyphens stay hyphens, and no line is mistaken for a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("^", "\\(ha").replace("~", "\\(ti")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def bold(text):
    return f"\\fB{escaped(text)}\\fR"


def italic(text):
    return f"\\fI{escaped(text)}\\fR"


def spelled(name):
    dashes = {"long": "--", "longWithSingleDash": "-", "short": "-"}[name["kind"]]
    return dashes + name["name"]


def is_flag(argument):
    return argument["kind"] == "flag"


def synopsis_part(argument):
    value = italic(argument["valueName"])
    if argument["kind"] == "positional":
        part = value
    else:
        part = bold(spelled(argument["preferredName"])) + ("" if is_flag(argument) else " " + value)
    if argument["isRepeating"]:
        part += " ..."
    return f"[{part}]" if argument["isOptional"] else part


def synopsis(path, command, arguments):
    """Options that can be left out are many and listed below, so they are not spelled out here."""
    parts = [bold(" ".join(path))]
    plain = [argument for argument in arguments if argument["kind"] != "positional" and argument["isOptional"]]
    if any(argument["valueName"] not in ("help", "version") for argument in plain):
        parts.append("[" + italic("options") + "]")
    parts += [
        synopsis_part(argument)
        for argument in arguments
        if argument["kind"] == "positional" or not argument["isOptional"]
    ]
    if shown_subcommands(command) and "defaultSubcommand" not in command:
        parts.append(italic("command"))
    return " ".join(parts)


def paragraphs(text):
    """A discussion as roff. Indented lines are an example, or a list if each has a term and, two spaces on, its meaning."""
    lines = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        rows = block.split("\n")
        heading = [row for row in rows if not row.startswith("  ")]
        indented = rows[len(heading) :]
        if heading:
            lines += [".PP", escaped("\n".join(heading))]
        if not indented:
            continue
        if re.match(r"^  \S+(, \S+)*  +\S", indented[0]):
            lines += definitions(indented)
        else:
            lines += [".PP", ".RS 4", ".nf", *(escaped(row.strip()) for row in indented), ".fi", ".RE"]
    return lines


def definitions(rows):
    lines = []
    for row in rows:
        found = re.match(r"^  (\S+(?:,? \S+)*)(?:  +(\S.*))?$", row)
        if found and len(row) - len(row.lstrip()) == 2:
            lines += [".TP", bold(found[1])]
            if found[2]:
                lines.append(escaped(found[2]))
        else:
            lines.append(escaped(row.strip()))
    return lines


def merged(arguments):
    """The same with a flag and the one that turns it off, which the dump has one after the other, as one entry."""
    entries = []
    for argument in arguments:
        last = entries[-1] if entries else None
        described = ("kind", "abstract", "discussion")
        if last and is_flag(argument) and all(last.get(key) == argument.get(key) for key in described):
            entries[-1] = {**last, "names": last["names"] + argument["names"]}
        else:
            entries.append(argument)
    return entries


def option(argument):
    """An entry of a list of options."""
    if argument["kind"] == "positional":
        term = italic(argument["valueName"]) + (" ..." if argument["isRepeating"] else "")
    else:
        value = "" if is_flag(argument) else " " + italic(argument["valueName"])
        term = ", ".join(bold(spelled(name)) for name in argument["names"]) + value
    abstract = argument.get("abstract", "")
    default = argument.get("defaultValue")
    if default is not None and not is_flag(argument) and f"efault: {default}" not in abstract:
        abstract = f"{abstract} (default: {default})".strip()
    lines = [".TP", term]
    if abstract:
        lines.append(escaped(abstract))
    if argument.get("discussion"):
        lines += [".RS", *paragraphs(argument["discussion"]), ".RE"]
    return lines


def options(arguments):
    """Arguments under the headings that the help has."""
    lines = []
    shown = [argument for argument in arguments if argument["shouldDisplay"]]
    groups = {}
    for argument in shown:
        title = argument.get("sectionTitle")
        if title is None:
            title = "ARGUMENTS" if argument["kind"] == "positional" else "OPTIONS"
        groups.setdefault(title, []).append(argument)
    # As in the help: what a command takes first, its plain options last.
    order = sorted(groups, key=lambda title: {"ARGUMENTS": 0, "OPTIONS": 2}.get(title, 1))
    for title in order:
        lines.append(f'.SH "{escaped(title.upper())}"')
        for argument in merged(groups[title]):
            lines += option(argument)
    return lines


def shown_subcommands(command):
    return [
        subcommand
        for subcommand in command.get("subcommands", [])
        if subcommand["shouldDisplay"] and subcommand["commandName"] != "help"
    ]


def nested(path, command):
    """The commands below a command, each with its options, in the same page."""
    lines = []
    for subcommand in shown_subcommands(command):
        name = [*path, subcommand["commandName"]]
        arguments = [argument for argument in subcommand.get("arguments", []) if argument["shouldDisplay"]]
        # Said at the command above.
        arguments = [argument for argument in arguments if argument["valueName"] not in ("help", "version")]
        lines += [f'.SH "{escaped(" ".join(name[1:]).upper())}"', escaped(subcommand.get("abstract", "")), ".PP"]
        lines.append(synopsis(name, subcommand, arguments))
        lines += paragraphs(subcommand["discussion"]) if subcommand.get("discussion") else []
        for argument in merged(arguments):
            lines += option(argument)
        lines += nested(name, subcommand)
    return lines


def page(path, command, version, date, others):
    title = "-".join(path)
    abstract = command["abstract"].rstrip(".")
    arguments = [argument for argument in command.get("arguments", []) if argument["shouldDisplay"]]
    own = list(arguments)
    # `swiftlet serve` is `swiftlet serve run`: what the default command takes is what this one takes.
    default = next(
        (each for each in shown_subcommands(command) if each["commandName"] == command.get("defaultSubcommand")), None
    )
    if default:
        own = [argument for argument in default["arguments"] if argument["shouldDisplay"]]
    lines = [
        f'.TH {escaped(title).upper()} 1 {date} "swiftlet {version}" "User Commands"',
        ".nh",
        ".ad l",
        ".SH NAME",
        f"{escaped(title)} \\- {escaped(abstract)}",
        ".SH SYNOPSIS",
    ]
    if len(path) == 1:
        lines.append(bold("swiftlet") + " " + italic("command") + " [" + italic("options") + "] [" + italic("arguments") + "]")
    else:
        lines.append(synopsis(path, command, own))
        for subcommand in shown_subcommands(command):
            if subcommand is not default:
                name = [*path, subcommand["commandName"]]
                lines += [".br", synopsis(name, subcommand, subcommand.get("arguments", []))]
    lines += [".SH DESCRIPTION"]
    discussion = command.get("discussion", "") or command["abstract"]
    environment = re.search(r"(?:^|\n\n)Environment:\n((?:  .*(?:\n|$))+)", discussion)
    if environment:
        discussion = discussion.replace(environment[0], "\n")
    if default and default.get("discussion"):
        discussion += "\n\n" + default["discussion"]
    described = paragraphs(discussion)
    lines += described[1:] if described[:1] == [".PP"] else described
    if len(path) == 1:
        lines.append(".SH COMMANDS")
        for subcommand in shown_subcommands(command):
            lines += [".TP", f"{bold('swiftlet-' + subcommand['commandName'])}(1)", escaped(subcommand.get("abstract", ""))]
    lines += options(own)
    if len(path) > 1:
        rest = dict(command)
        rest["subcommands"] = [each for each in command.get("subcommands", []) if each is not default]
        lines += nested(path, rest)
    if environment:
        lines += [".SH ENVIRONMENT", *definitions(environment[1].rstrip("\n").split("\n"))]
    lines += [".SH SEE ALSO", ",\n".join(f"{bold(other)}(1)" for other in others if other != title)]
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.split("\n")[0])
    binary, folder = sys.argv[1:]

    def output(*arguments):
        return subprocess.run([binary, *arguments], check=True, capture_output=True, text=True).stdout

    root = json.loads(output("--experimental-dump-help"))["command"]
    version = output("--version").strip().removeprefix("swiftlet ")
    # Packages are to be the same whenever they are built.
    date = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))
    os.makedirs(folder, exist_ok=True)
    commands = shown_subcommands(root)
    names = ["swiftlet"] + ["swiftlet-" + command["commandName"] for command in commands]
    pages = [(["swiftlet"], root)] + [(["swiftlet", command["commandName"]], command) for command in commands]
    for path, command in pages:
        others = names if len(path) == 1 else ["swiftlet"]
        with open(os.path.join(folder, "-".join(path) + ".1"), "w", encoding="utf-8") as file:
            file.write(page(path, command, version, date, others))


if __name__ == "__main__":
    main()
