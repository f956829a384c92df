#!/usr/bin/env python3
"""opam builds, installs and removes tiny packages in the given bwrap; one that writes where it must
not is refused.

usage: opam.py BWRAP
"""
import os
import sys

import client

PACKAGES = {
    "tidy": """
build: [["sh" "-c" "echo built > built; echo kept > $TMPDIR/x; cp $TMPDIR/x ."]
        ["sh" "-c" "test ! -e $TMPDIR/x"]]
install: [["mkdir" "-p" "%{lib}%/tidy"] ["cp" "built" "x" "%{lib}%/tidy"]]
remove: [["rm" "-r" "%{lib}%/tidy"]]
""",
    "curious": """
depends: ["tidy"]
build: [["sh" "-c" "cat %{tidy:lib}%/built; grep -c : /proc/net/dev; ls /run; readlink /bin; id -u"]
        ["cat" "/proc/self/status"]]
""",
    "rude": 'build: [["sh" "-c" "echo planted > $HOME/planted"]]\n',
    "hasty": 'install: [["sh" "-c" "echo planted > %{prefix}%/.opam-switch/planted"]]\n',
    "late": 'build: [["sh" "-c" "exit 5"]]\n',
}


def make_repository(opam):
    repository = opam.directory / "repository"
    for name, commands in PACKAGES.items():
        folder = repository / "packages" / name / f"{name}.1"
        folder.mkdir(parents=True)
        (folder / "opam").write_text(f"""opam-version: "2.0"
maintainer: "nobody"
synopsis: "{name}"
description: "{name}"
{commands}""")
    (repository / "repo").write_text('opam-version: "2.0"\n')
    for command in (["init", "-q"], ["add", "--all"],
                    ["-c", "user.name=n", "-c", "user.email=n@e", "commit", "-qm", "packages"]):
        opam.must("git", "-C", repository, *command)
    return f"git+file://{repository}"


def refuse(opam, package, told):
    done = opam.run("opam", "install", package)
    opam.equal(f"{package} fails", done.returncode, 31)
    opam.check(f"{package} is told: {told}", told in done.stdout + done.stderr,
               done.stdout + done.stderr)


def main():
    client.need("opam", "git")
    with client.Client("opam", sys.argv[1]) as opam:
        root = opam.home / ".opam"
        opam.environment |= {"OPAMROOT": str(root), "OPAMYES": "1", "OPAMCOLOR": "never"}
        # It tries the sandbox itself, and would go on without one.
        begun = opam.must("opam", "init", "--bare", "--no-setup", "default", make_repository(opam))
        opam.check("opam accepts it", "sandbox" not in (begun.stdout + begun.stderr).lower(),
                   begun.stdout + begun.stderr)
        opam.used()
        opam.must("opam", "switch", "create", "here", "--empty")
        opam.must("opam", "install", "tidy")
        place = root / "here" / "lib" / "tidy"
        opam.equal("what it builds is installed", (place / "built").read_text(), "built\n")
        opam.equal("by way of a TMPDIR that each command has anew", (place / "x").read_text(),
                   "kept\n")
        seen = opam.run("opam", "install", "--verbose", "curious").stdout
        for line in ("built", "1", "/usr/bin", str(os.getuid()), "CapEff:\t0000000000000000",
                     "NoNewPrivs:\t1"):
            opam.check(f"a build sees {line!r}", f"- {line}" in seen.splitlines(), seen)
        refuse(opam, "rude", "Read-only file system")
        refuse(opam, "hasty", "Read-only file system")
        refuse(opam, "late", "exit-code            5")
        for planted in (opam.home / "planted", root / "here/.opam-switch/planted"):
            opam.equal("nothing was written there", planted.exists(), False)
        opam.must("opam", "remove", "tidy")
        opam.equal("what was installed can be removed", place.exists(), False)
        opam.used(at_least=10)


main()
