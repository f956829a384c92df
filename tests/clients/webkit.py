#!/usr/bin/env python3
"""WebKitGTK shows a page with its web process and its D-Bus proxy in the given bwrap.

usage: webkit.py BWRAP
"""
import os
import pathlib
import subprocess
import sys

import client

USUAL = pathlib.Path("/usr/bin/bwrap")  # compiled into WebKitGTK

# A browser of one page: prints the title, or what went wrong, and waits to be ended.
BROWSER = """
import sys, gi
gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2
context = WebKit2.WebContext()
context.set_sandbox_enabled(True)
context.add_path_to_sandbox(sys.argv[1], True)
view = WebKit2.WebView.new_with_context(context)
window = Gtk.Window()
window.add(view)
window.show_all()

def say(*words):
    print(*words, flush=True)
    Gtk.main_quit()

view.connect("notify::title", lambda *_: say("title:", view.get_title()))
view.connect("load-failed", lambda _view, _event, uri, error: say("failed:", uri, error.message))
view.connect("web-process-terminated", lambda _view, why: say("ended:", why.value_nick))
view.load_uri("file://" + sys.argv[1] + "/page.html")
Gtk.main()
sys.stdin.read()
"""
# The picture is decoded and the sum made in the web process, so the title comes out of there.
PAGE = """<!DOCTYPE html><img src="picture.svg" onload="document.title = width * (40 + 2)">"""
PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"></svg>"""


def start_display(webkit):
    """The name of an X display that is nobody's."""
    reading, writing = os.pipe()
    server = webkit.start("Xvfb", "-displayfd", writing, "-screen", "0", "640x480x24",
                          "-nolisten", "tcp", pass_fds=[writing], stderr=subprocess.DEVNULL)
    webkit.stack.callback(client.stop, server)
    os.close(writing)
    with open(reading, encoding="ascii") as number:
        return f":{number.readline().strip()}"


def web_processes(pages):
    """The folders in /proc of those that see these pages."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if ((process / "comm").read_text() == "WebKitWebProces\n"
                    and (process / f"root{pages}/page.html").exists()):
                found.append(process)
        except OSError:
            continue
    return found


def look_at(webkit, process):
    secret = webkit.home / "secret"
    secret.touch()
    webkit.equal("the web process sees nothing of the home", (process / f"root{secret}").exists(),
                 False)
    status = dict(line.split(":\t") for line in (process / "status").read_text().splitlines()
                  if ":\t" in line)
    for name, value in {"CapEff": "0" * 16, "CapBnd": "0" * 16, "NoNewPrivs": "1",
                        "Seccomp": "2"}.items():
        webkit.equal(f"its {name} is {value}", status[name], value)
    webkit.equal("it is one of a few processes", len(status["NSpid"].split()), 2)
    for kind in ("mnt", "pid", "user", "uts", "net"):
        webkit.check(f"it has its own {kind} namespace",
                     os.readlink(process / f"ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}"))


def main():
    client.need("Xvfb", "dbus-daemon", "/usr/bin/xdg-dbus-proxy", "unshare", "setpriv", USUAL)
    client.need_introspection("WebKit2", "4.1")
    # It makes a link of /var/tmp.
    with client.Client("webkit", sys.argv[1], where=pathlib.Path.home()) as webkit:
        pages = webkit.directory / "pages"
        pages.mkdir()
        (pages / "page.html").write_text(PAGE)
        (pages / "picture.svg").write_text(PICTURE)
        webkit.environment |= {
            "DBUS_SESSION_BUS_ADDRESS": webkit.bus(), "DISPLAY": start_display(webkit),
            "GDK_BACKEND": "x11", "LIBGL_ALWAYS_SOFTWARE": "1", "NO_AT_BRIDGE": "1",
            "WEBKIT_DISABLE_COMPOSITING_MODE": "1"}
        log = webkit.directory / "browser.log"
        browser = webkit.start(
            *webkit.privately(f"mount --bind {webkit.bwrap} {USUAL}",
                              "/usr/bin/python3", "-c", BROWSER, pages),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log.open("w"), text=True)
        webkit.stack.callback(client.stop, browser)
        alarm = client.alarm(browser, 200)
        said = browser.stdout.readline()
        alarm.cancel()
        webkit.equal("a script's title comes back from the page", said, "title: 420\n")
        if said != "title: 420\n":
            print(log.read_text(errors="replace"))
            raise client.Hopeless
        webkit.used(at_least=2)
        for program in ("WebKitWebProcess", "xdg-dbus-proxy"):
            webkit.check(f"{program} was started by it",
                         any(word.endswith(program) for call in webkit.calls() for word in call))
        processes = web_processes(pages)
        webkit.equal("one web process runs", len(processes), 1)
        for process in processes:
            look_at(webkit, process)
        browser.stdin.close()
        webkit.equal("the browser ends", browser.wait(60), 0)
        webkit.equal("and with it what it started", client.until(
            lambda: not any(process.exists() for process in processes)), True)


main()
