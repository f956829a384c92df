#!/usr/bin/env python3
"""The manual pages render without a warning, and hold every command, option and key that immure
knows, and none more; and so does the page of the drop-in bwrap.

usage: manual.py IMMURE BWRAP DIRECTORY_OF_PAGES
"""
import json
import os
import pathlib
import re
import subprocess
import sys

GROFF = ["groff", "-K", "utf8", "-man", "-Tutf8", "-ww", "-rLL=250n", "-P-c", "-P-b", "-P-u"]
ALWAYS = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "SEE ALSO"]
ALSO = {
    "immure.1": ["COMMANDS", "ENVIRONMENT", "FILES", "EXAMPLES"],
    "immure-run.1": ["ENVIRONMENT", "FILES", "EXAMPLES"],
    "immure-shell.1": ["ENVIRONMENT", "FILES", "EXAMPLES"],
    "immure-explain.1": ["ENVIRONMENT", "FILES", "EXAMPLES"],
    "immure-check.1": ["EXAMPLES"],
    "immure-bwrap.1": ["NOTES", "SECURITY", "EXAMPLES"],
}
OPTION = re.compile(r"^(?: {2}(-\S)(?:, (--\S+))?| {6}(--\S+))(?: (\S.*?))?(?: {2,}(.*))?$")


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


def render(page, problems):
    """The plain text of a page; what groff and man have to say of it are problems."""
    done = run(*GROFF, str(page))
    shown = run("man", "--warnings", "-l", str(page), env={**os.environ, "LC_ALL": "C.UTF-8"})
    for who, result in (("groff", done), ("man", shown)):
        if result.returncode != 0 or result.stderr:
            problems.append(f"{who}: {page.name}: {result.stderr.strip()}")
    return done.stdout


def sections(text):
    found, name = {}, ""
    for line in text.splitlines():
        if re.match(r"^[A-Z][A-Z ]+$", line):
            name = line
        found.setdefault(name, []).append(line)
    return found


def one_line(text):
    return " ".join(text.split())


def options_of_help(text):
    """{(letter, name, argument): help} of the options that --help prints."""
    found, last = {}, None
    for line in text.split("ptions:\n", 1)[1].splitlines():
        match = OPTION.match(line)
        if match:
            last = (match[1] or "", match[2] or match[3] or "", match[4] or "")
            found[last] = match[5] or ""
        elif last and line.startswith(" " * 32):
            found[last] += " " + line.strip()
        else:
            last = None
    return {option: one_line(help_text) for option, help_text in found.items()}


def options_of_usage(text):
    """The same of what bwrap prints, whose texts are sentences: "Print this help"."""
    found = {}
    for line in text.splitlines()[2:]:
        name, values, help_text = re.fullmatch(r" {4}(--\S+)((?: [A-Z]+)*) +(\S.*)", line).groups()
        help_text = help_text[0].lower() + help_text[1:].removesuffix(".")
        found["", name, values.strip()] = one_line(help_text)
    return found


def short_tag(line):
    """(tag, text) where both stand on one line, as a tag of at most six characters does. What begins
    with a capital there is the argument of an option, with the text on the next line."""
    tag = line[7:14].strip()
    if line[:7].strip() or not tag.startswith("-") or " " in tag or line[13:14] != " ":
        return None
    text = line[14:]
    return (tag, text) if re.match(r"[^A-Z\[ ]", text) else None


def options_of_page(lines):
    found, last = {}, None
    for line in lines:
        short = short_tag(line)
        match = re.match(r"^ {7}(-\w)?(?:, )?(--\S+)?(?: (\S.*))?$", line)
        if short:
            tag, text = short
            last = ("", tag, "") if tag.startswith("--") else (tag, "", "")
            found[last] = text
        elif match and line[7] == "-":
            last = tuple(part or "" for part in match.groups())
            found[last] = ""
        elif last and line.startswith(" " * 14):
            found[last] += " " + line.strip()
    return {option: one_line(text).removesuffix(".") for option, text in found.items()}


def keys_of_schema(node, prefix=""):
    found = set()
    for branch in node.get("anyOf", []):
        found |= keys_of_schema(branch, prefix)
    properties = node.get("properties", {})
    if "soft" in properties:
        return found
    entries = list(properties.items())
    others = node.get("additionalProperties")
    other = "PATH" if prefix in ("fs", "landlock.fs") else "NAME"
    if isinstance(others, dict):
        entries.append((other, others))
    entries += [(other, entry) for entry in node.get("patternProperties", {}).values()]
    for name, child in entries:
        key = f"{prefix}.{name}" if prefix else name
        found |= {key} | keys_of_schema(child, key)
    return found


def compare(what, expected, found, problems):
    if not expected:
        problems.append(f"{what}: nothing to compare with")
    problems += [f"{what}: {item} is missing" for item in sorted(expected - found)]
    problems += [f"{what}: {item} does not exist" for item in sorted(found - expected)]


def main():
    immure, bwrap, directory = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    problems = []
    help_text = run(immure, "help").stdout
    listed = help_text.split("Commands:\n")[1].split("\n\n")[0]
    commands = {line.split()[0] for line in listed.splitlines()}
    pages = {page.name: page for page in directory.iterdir()}
    compare("pages", {f"immure-{name}.1" for name in commands} |
            {"immure.1", "immure-bwrap.1", "immure-profile.5", "immure-security.7"}, set(pages), problems)

    texts = {name: sections(render(page, problems)) for name, page in sorted(pages.items())}
    for name, text in texts.items():
        wanted = ALWAYS + ALSO.get(name, [])
        if name.endswith(("5", "7")):
            wanted = ["NAME", "DESCRIPTION", "SEE ALSO"] + ["KEYS", "FILES", "EXAMPLES"] * name.endswith("5")
        problems += [f"{name}: no section {section}" for section in wanted if section not in text]
        for page, section in re.findall(r"(immure[\w-]*)\((\d)\)", "\n".join(sum(text.values(), []))):
            if f"{page}.{section}" not in pages:
                problems.append(f"{name}: refers to {page}({section}), which is no page")

    known = {f"immure-{command}.1": options_of_help(run(immure, command, "--help").stdout)
             for command in sorted(commands)}
    known["immure.1"] = options_of_help(help_text)
    known["immure-bwrap.1"] = options_of_usage(run(bwrap, "--help").stdout)
    for page, expected in known.items():
        found = options_of_page(texts[page]["OPTIONS"])
        compare(f"{page}: options", set(expected), set(found), problems)
        problems += [f"{page}: {option}: the page says {found[option]!r}, --help {text!r}"
                     for option, text in expected.items() if found.get(option, text) != text]
    counted = sum(map(len, known.values()))
    in_page = "\n".join(texts["immure.1"]["COMMANDS"])
    compare("immure(1): commands", commands, set(re.findall(r"^ {7}([a-z]+)\b", in_page, re.M)), problems)

    schema = json.loads(run(immure, "schema").stdout)
    lines = "\n".join(texts["immure-profile.5"]["KEYS"])
    keys = set(re.findall(r"^ {7}([a-z][\w.-]*): ", lines, re.M))
    tables = set(re.findall(r"^ {3}\[([\w.]+)\]$", lines, re.M))
    compare("immure-profile(5): keys", keys_of_schema(schema), keys | tables, problems)

    broken = run(*GROFF, input=".TH A 1\n.SH NAME\na \\- b\n.NoSuchRequest\n")
    if not broken.stderr:
        problems.append("groff has no warning for a page that is wrong")
    print("\n".join(problems) or f"{len(pages)} pages, {counted} options, {len(keys | tables)} keys")
    return 1 if problems else 0


sys.exit(main())
