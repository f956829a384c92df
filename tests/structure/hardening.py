#!/usr/bin/env python3
"""The built binaries are what the build asked for: static, position independent, hardened, and
without the parts of the libraries that would make each start slower.

usage: hardening.py BINARY[,BINARY…] OBJECT[,OBJECT…]
"""
import re
import subprocess
import sys


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def rules_of(binary):
    """(words, whether it holds), and the machine that the binary is for."""
    header = run("readelf", "-hW", binary)
    segments = run("readelf", "-lW", binary)
    dynamic = run("readelf", "-dW", binary)
    symbols = set(re.findall(r"\S+$", run("nm", binary), re.MULTILINE))

    stack = re.search(r"GNU_STACK.*", segments)
    loads = re.findall(r"^\s*LOAD\s+(?:\S+\s+){5}([RWE ]{3})", segments, re.MULTILINE)
    # libseccomp brings that of fprintf with it.
    fortified = [s for s in symbols if re.fullmatch(r"__\w+_chk", s) and "fprintf" not in s]
    rules = [
        ("position independent", re.search(r"Type:\s+DYN", header)),
        ("static: no interpreter", "INTERP" not in segments),
        ("static: no shared library", "(NEEDED)" not in dynamic),
        ("relocations become read-only (RELRO)", "GNU_RELRO" in segments),
        ("everything is bound at the start (NOW)", re.search(r"BIND_NOW|Flags:.*NOW", dynamic)),
        ("the stack is not executable", stack and "E" not in stack.group().split()[-2]),
        ("there are segments", loads),
        ("no segment is writable and executable",
         not any("W" in flags and "E" in flags for flags in loads)),
        ("no relocation in the text", "TEXTREL" not in dynamic),
        ("stack protector", "__stack_chk_fail" in symbols),
        ("fortified calls", fortified),
        # One use of a stream links them all, and what is linked is relocated at each start.
        ("no streams and locales of the C++ library",
         not any(re.match("_ZNK?St6locale|_ZN?K?So", s) for s in symbols)),
        ("no demangler", "__cxa_demangle" not in symbols),
        ("no name services of libc", not any(s.startswith("__nss_") for s in symbols)),
        ("no search path for libraries", not re.search(r"RPATH|RUNPATH", dynamic)),
    ]
    return rules, re.search(r"Machine:\s+(.*)", header).group(1)


def main():
    binaries, objects = sys.argv[1].split(","), sys.argv[2].split(",")
    held, broken = 0, []
    for binary in binaries:
        rules, machine = rules_of(binary)
        held += len(rules)
        broken += [f"{binary}: {name}" for name, holds in rules if not holds]
    # The linker keeps the note in the binary only if every object has it, libc's included. Ours do.
    without = [o for o in objects if not re.search(r"IBT.*SHSTK", run("readelf", "-nW", o))]
    if "X86-64" in machine and without:
        broken.append(f"control-flow marks (CET) in our objects; not in {without}")
    print("\n".join(f"does not hold: {name}" for name in broken) or
          f"{held} rules hold of {len(binaries)} programs")
    return 1 if broken else 0


sys.exit(main())
