#!/usr/bin/env python3
"""Include arrows only point to folders that a folder may use; launch never sees policy.

usage: include_rule.py SOURCE_DIR
"""
import pathlib
import re
import sys

# What a folder of src/ may include, besides itself. It is the MAY_USE of CMakeLists.txt.
MAY_USE = {
    "base": set(),
    "spec": {"base"},
    "config": {"base", "spec"},
    "seccomp": {"base"},
    "plan": {"base", "spec", "seccomp"},
    "launch": {"base", "plan"},
    "commands": {"base", "spec", "config", "plan", "launch", "seccomp"},
    "manual": {"base", "config", "commands"},  # no part of the program
    "": {"base", "commands", "launch", "config"},  # main.cc
}
# Code that holds privileges cannot see policy, not even through another header.
NEVER_REACHES = {"launch": {"spec", "config"}}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def folder_of(path):
    return path.split("/")[0] if "/" in path else ""


def reachable(path, includes, seen):
    for included in includes.get(path, ()):
        if included not in seen:
            seen.add(included)
            reachable(included, includes, seen)
    return seen


def main():
    source = pathlib.Path(sys.argv[1]) / "src"
    files = sorted(p for p in source.rglob("*") if p.suffix in (".h", ".cc"))
    includes = {}
    for path in files:
        name = path.relative_to(source).as_posix()
        includes[name] = [i for i in INCLUDE.findall(path.read_text()) if not i.endswith(".inc")]
    problems = []
    for name, included in includes.items():
        folder = folder_of(name)
        if folder not in MAY_USE:
            problems.append(f"src/{name}: the folder {folder} has no rule")
            continue
        for other in included:
            if other not in includes:
                problems.append(f'src/{name}: "{other}" is not a path below src')
            elif folder_of(other) not in MAY_USE[folder] | {folder}:
                problems.append(f'src/{name}: {folder or "main"} may not include "{other}"')
        for other in sorted(reachable(name, includes, set())):
            if folder_of(other) in NEVER_REACHES.get(folder, ()):
                problems.append(f'src/{name}: reaches "{other}"')
    if len(includes) < 10:
        problems.append(f"only {len(includes)} sources found below {source}")
    print("\n".join(problems) or f"{len(includes)} files keep the rule")
    return 1 if problems else 0


sys.exit(main())
