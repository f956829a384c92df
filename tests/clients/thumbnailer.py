#!/usr/bin/env python3
"""The thumbnailers of gnome-desktop, which Nautilus uses, make pictures in the given bwrap.

usage: thumbnailer.py BWRAP
"""
import json
import sys

import client

# A file that is its own thumbnailer: what it sees, as the bytes of a picture, which is all that
# comes out of the sandbox.
REPORTER = r"""report=$(
  pwd
  ls -d /home /run /sys 2>/dev/null
  readlink /bin
  grep -c : /proc/net/dev
  grep -E '^(CapEff|CapBnd|Seccomp|NoNewPrivs):' /proc/self/status
  echo /proc/[0-9]*
  for file in /usr/planted "$0"; do touch "$file" || echo kept; done 2>/dev/null
  unshare --user true 2>/dev/null || echo no namespace
  echo "$0"
)
echo P2 ${#report} 1 255 $(printf %s "$report" | od -An -v -tu1) >/tmp/report
gdk-pixbuf-thumbnailer -s ${#report} /tmp/report "$1"
"""

# The part of a file manager, in a process that has the client's environment.
FACTORY = """
import json, sys, gi
gi.require_version("GnomeDesktop", "4.0")
from gi.repository import GLib, GnomeDesktop
factory = GnomeDesktop.DesktopThumbnailFactory.new(GnomeDesktop.DesktopThumbnailSize.NORMAL)
for path, mime in zip(sys.argv[1::2], sys.argv[2::2]):
    uri = GLib.filename_to_uri(path)
    assert factory.can_thumbnail(uri, mime, 1), mime
    try:
        picture = factory.generate_thumbnail(uri, mime, None)
    except GLib.Error as error:
        print(json.dumps({"error": error.message}))
        continue
    pixels = picture.get_pixels() if picture else b""
    print(json.dumps({"size": [picture.get_width(), picture.get_height()],
                      "first": list(pixels[:3]), "red": pixels[::3].decode("latin-1")}))
"""


def offer(thumbnailer, name, command):
    """A thumbnailer of the user's, for files of a type of its own."""
    folder = thumbnailer.home / ".local/share/thumbnailers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.thumbnailer").write_text(
        f"[Thumbnailer Entry]\nExec={command}\nMimeType=application/x-{name}\n")


def main():
    client.need("/usr/bin/gdk-pixbuf-thumbnailer")
    client.need_introspection("GnomeDesktop", "4.0")
    with client.Client("thumbnailer", sys.argv[1]) as thumbnailer:
        picture, reported = thumbnailer.directory / "a picture.ppm", thumbnailer.home / "reported"
        picture.write_text("P3\n400 200 1\n" + "1 0 0 " * 400 * 200)
        reported.write_text(REPORTER)
        offer(thumbnailer, "reported", "/usr/bin/sh %i %o")
        offer(thumbnailer, "failing", "/usr/bin/false %i %o")
        # It leaves folders in /tmp when it fails.
        done = thumbnailer.must(*thumbnailer.privately(
            "mount -t tmpfs tmp /tmp", "/usr/bin/python3", "-c", FACTORY,
            picture, "image/x-portable-pixmap", reported, "application/x-reported",
            reported, "application/x-failing"))
        thumbnailer.used(at_least=3)
        made, report, failed = map(json.loads, done.stdout.splitlines())
        thumbnailer.equal("a picture is made small", made["size"], [128, 64])
        thumbnailer.equal("and keeps its colour", made["first"], [255, 0, 0])
        thumbnailer.equal("a thumbnailer sees no more than it needs", report["red"].splitlines(), [
            "/", "/usr//bin", "1", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000",
            "NoNewPrivs:\t1", "Seccomp:\t2", "/proc/1 /proc/2 /proc/3", "kept", "kept",
            "no namespace", "/tmp/gnome-desktop-file-to-thumbnail"])
        thumbnailer.check("one that fails makes nothing", "error" in failed, failed)
        thumbnailer.equal("nothing was written to the file", reported.read_text(), REPORTER)


main()
