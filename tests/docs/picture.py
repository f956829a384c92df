#!/usr/bin/env python3
"""The picture of `immure explain` in the README: made from a real run, and still what a run prints.

usage: picture.py IMMURE PICTURE [--update]

Runs explain in colour on a profile of its own, and sets the text as SVG. --update writes it anew.
"""
import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from xml.sax.saxutils import escape

PROFILE = """description = "builds the site, and sees nothing else"
extends = []

[fs]
"/usr" = "ro"
"${CWD}" = { access = "rw", why = "make writes its results here" }
"${CWD}/.env" = "hide"
"/tmp" = "tmpfs,size=64M"

[env]
MODE = "test"

[limits]
wall = "10min"
nofile = 256
"""
COLUMNS, CHARACTER, LINE = 100, 8.4, 19
COLOURS = {"1": "font-weight='bold'", "2": "fill='#8b949e'", "31": "fill='#ff7b72'",
           "32": "fill='#7ee787'", "33": "fill='#e3b341'", "34": "fill='#79c0ff'",
           "35": "fill='#d2a8ff'", "36": "fill='#76e3ea'"}


def on_a_terminal(command, columns, **options):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    program = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, **options)
    os.close(slave)
    text = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # EIO: nobody holds the other end any more
            part = b""
        if not part:
            break
        text += part
    os.close(master)
    if program.wait() != 0:
        sys.exit(f"explain failed: {text.decode()}")
    return text.decode().replace("\r\n", "\n")


def page(immure):
    os.umask(0o022)
    with tempfile.TemporaryDirectory(prefix="immure-picture-", dir="/tmp") as top:
        site = pathlib.Path(top, "site")
        site.mkdir()
        (site / ".env").write_text("TOKEN=x\n")
        (site / "site.toml").write_text(PROFILE)
        text = on_a_terminal(
            [immure, "explain", "-p", "./site.toml", "--", "/usr/bin/true"],
            COLUMNS + len(str(site)), cwd=site,
            env={"PATH": "/usr/bin", "HOME": "/", "TERM": "xterm", "IMMURE_PAGER": "cat",
                 "XDG_CONFIG_HOME": f"{top}/config"}).replace(str(site), "~/site")
    # What the machine or the user is has no place in it, nor have lines that follow from them.
    text = re.sub(r"^.*(user:|group:|other groups:|HOME=|USER=|LOGNAME=|SHELL=).*\n", "", text,
                  flags=re.M)
    return [align(line) for line in text.splitlines()]


# Paths have become shorter, so what stands at the right is put there again.
def align(line):
    parts = re.fullmatch(r"( *\S.*?|)( {2,})(\S.*)", line)
    if not parts or (not parts[1] and len(parts[2]) < 20):
        return line
    seen = len(re.sub(r"\x1b\[[0-9;]*m", "", parts[1] + parts[3]))
    return parts[1] + " " * max(2, COLUMNS - seen) + parts[3]


def svg(lines):
    height = LINE * (len(lines) + 2)
    longest = max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines)
    width = round(CHARACTER * (longest + 4))
    out = [f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' "
           f"viewBox='0 0 {width} {height}'>",
           f"<rect width='{width}' height='{height}' rx='8' fill='#0d1117'/>",
           "<g font-family='monospace' font-size='14' fill='#e6edf3' xml:space='preserve'>"]
    for number, line in enumerate(lines):
        spans, style = [], ""
        for part in re.split(r"(\x1b\[[0-9;]*m)", line):
            code = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
            if code:
                numbers = [n for n in code.group(1).split(";") if n not in ("", "0")]
                style = " ".join(COLOURS.get(n, "") for n in numbers).strip()
            elif part:
                spans.append(f"<tspan {style}>{escape(part)}</tspan>" if style else escape(part))
        out.append(f"<text x='16' y='{LINE * (number + 2) - 6}'>{''.join(spans)}</text>")
    return "\n".join(out + ["</g>", "</svg>", ""])


def main():
    immure, picture = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    made = svg(page(immure))
    if "--update" in sys.argv:
        picture.write_text(made)
        return 0
    if not picture.exists() or picture.read_text() != made:
        print(f"{picture.name} is not what explain prints now: run {' '.join(sys.argv)} --update")
        return 1
    print(f"{len(made.splitlines())} lines of the picture are what explain prints")
    return 0


sys.exit(main())
