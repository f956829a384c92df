#!/usr/bin/env python3
"""Runs the commands of "Profiles by example" and compares what they print.

usage: examples.py IMMURE PAGE

```toml NAME writes that file; in ```console a line "$ COMMAND" is run by bash, and the lines after it
are its output, both streams. The page's /home/user/demo stands for the directory of the test, and
white space for any other, as lines are broken by the length of paths.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SHOWN = "/home/user/demo"


def blocks(text):
    for fence in re.finditer(r"^```(\w+) ?(\S*)\n(.*?)^```$", text, re.M | re.S):
        yield fence.group(1), fence.group(2), fence.group(3)


def commands(block):
    """(command, expected output) of a console block."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return [(command, "\n".join(lines)) for command, lines in found]


def words(text):
    return " ".join(text.split())


def main():
    immure, page = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    if subprocess.run([immure, "doctor"], capture_output=True, check=False).returncode == 1:
        print("no sandbox can start here: see immure doctor")
        return 1 if os.environ.get("IMMURE_TESTS_MUST_RUN") == "1" else 77
    os.umask(0o022)
    wrong, ran = [], 0
    with tempfile.TemporaryDirectory(prefix="immure-examples-") as top:
        demo = pathlib.Path(top, "demo")
        demo.mkdir()
        os.chmod(top, 0o755)
        environment = {
            "PATH": f"{immure.parent}:/usr/bin:/bin", "LANG": "C.UTF-8",
            "HOME": os.environ.get("HOME", "/"), "XDG_CONFIG_HOME": f"{top}/config",
            "XDG_STATE_HOME": f"{top}/state",
        }
        for language, name, text in blocks(page.read_text()):
            if language == "toml":
                (demo / name).write_text(text)
            if language != "console":
                continue
            for command, expected in commands(text):
                result = subprocess.run(["bash", "-c", f"exec 2>&1; {command}"], cwd=demo,
                                        env=environment, capture_output=True, text=True,
                                        stdin=subprocess.DEVNULL, timeout=60)
                ran += 1
                printed = result.stdout.replace(str(demo), SHOWN)
                if words(printed) != words(expected):
                    wrong.append(f"$ {command}\nexpected:\n{expected}\nprinted:\n{printed}")
    if ran < 10:
        wrong.append(f"only {ran} commands were found")
    print("\n".join(wrong) or f"{ran} commands print what the page says")
    return 1 if wrong else 0


sys.exit(main())
