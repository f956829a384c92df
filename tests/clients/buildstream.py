#!/usr/bin/env python3
"""BuildStream builds in the given bwrap, in a root that it has put together, as user 0 of it.

usage: buildstream.py BWRAP
"""
import os
import shutil
import sys

import client

APPLETS = "sh cat find grep hostname id mkdir touch"
# Reports what it sees by what it installs.
HELLO = r"""kind: manual
depends: [{filename: base.bst, type: build}]
config:
  build-commands:
  - |
    { id -u; hostname; grep -c : /proc/net/dev; echo /dev/*; cat /dev/null
      touch /bin/planted 2>/dev/null || echo kept; } > report
  install-commands:
  - mkdir -p "%{install-root}/share" && cat report > "%{install-root}/share/report"
"""
FAILING = """kind: manual
depends: [{filename: base.bst, type: build}]
config: {build-commands: ["exit 3"]}
"""


def make_project(buildstream):
    programs = buildstream.directory / "project/base/bin"
    programs.mkdir(parents=True)
    shutil.copy("/bin/busybox", programs)
    for applet in APPLETS.split():
        (programs / applet).symlink_to("busybox")
    for name, text in {
            "project.conf": "name: tiny\nformat-version: 18\n", "hello.bst": HELLO,
            "failing.bst": FAILING,
            "base.bst": "kind: import\nsources: [{kind: local, path: base}]\n"}.items():
        (buildstream.directory / "project" / name).write_text(text)


def main():
    client.need("bst", "fusermount", "/bin/busybox")
    with client.Client("buildstream", sys.argv[1]) as buildstream:
        make_project(buildstream)
        project = buildstream.directory / "project"

        def bst(*words):
            return buildstream.run("bst", "--no-interactive", "--no-colors", *words, cwd=project)

        done = bst("build", "hello.bst")
        buildstream.check("an element is built", done.returncode == 0, done.stderr)
        out = buildstream.directory / "out"
        bst("checkout", "hello.bst", out)
        buildstream.equal("as user 0 of a machine of its own, in a root that it may not write",
                          (out / "share/report").read_text().splitlines(), [
                              "0", "buildstream", "1",
                              "/dev/full /dev/null /dev/random /dev/urandom /dev/zero", "kept"])
        failed = bst("build", "failing.bst")
        buildstream.check("one that fails is told", "failed with exitcode 3" in failed.stderr,
                          failed.stderr)
        shell = bst("shell", "--build", "hello.bst", "--", "sh", "-c",
                    "id -u; echo /dev/pt*; exit 4")
        buildstream.equal("a shell there is the user's own", (shell.returncode, shell.stdout),
                          (4, f"{os.getuid()}\n/dev/ptmx /dev/pts\n"))
        buildstream.used(at_least=4)


main()
