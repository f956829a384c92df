#!/usr/bin/env python3
"""No leftovers in the sources: promises to do it later, ticket numbers, paths of one machine.

usage: words.py SOURCE_DIR
"""
import pathlib
import re
import sys

# The patterns are put together here so that this file does not match itself.
FORBIDDEN = [
    (re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b"),
     "a promise instead of the work"),
    (re.compile("not " + r"(yet )?implemented|place" + "holder", re.IGNORECASE),
     "a promise instead of the work"),
    (re.compile(r"\b(is" + r"sue|ti" + r"cket|bug) #?[0-9]+\b", re.IGNORECASE),
     "a ticket number"),
    (re.compile(r"(?<![\w.])/(work|root|home/[a-z])/"), "a path of one machine"),
]
# A test may name such a path as an example of a user's.
EXAMPLES_OF_PATHS = ("tests/",)
LONG = 400
TOO_LONG = 500


def main():
    top = pathlib.Path(sys.argv[1])
    folders = ["src", "tests", "profiles", "completions", ".ci"]
    files = [p for folder in folders for p in sorted((top / folder).rglob("*")) if p.is_file()]
    files += [p for p in (top / "README.md", top / "CMakeLists.txt") if p.exists()]
    problems, warnings = [], []
    for path in files:
        name = path.relative_to(top).as_posix()
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            for pattern, what in FORBIDDEN:
                if what.startswith("a path") and name.startswith(EXAMPLES_OF_PATHS):
                    continue
                if pattern.search(line):
                    problems.append(f"{name}:{number}: {what}: {line.strip()}")
        if name.endswith((".cc", ".h", ".c")) and len(lines) > LONG:
            told = problems if len(lines) > TOO_LONG else warnings
            told.append(f"{name}: {len(lines)} lines, more than one idea?")
    for warning in warnings:
        print("warning:", warning)
    print("\n".join(problems) or f"{len(files)} files are clean")
    return 1 if problems or len(files) < 10 else 0


sys.exit(main())
