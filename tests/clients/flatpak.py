#!/usr/bin/env python3
"""flatpak builds, installs, runs, enters and ends a tiny application with the given bwrap.

usage: flatpak.py BWRAP
"""
import base64
import os
import shutil
import sys

import client

PLATFORM, HELLO = "org.immure.Platform", "org.immure.Hello"
APPLETS = "sh ls cat echo mkdir sleep pwd chmod kill ps touch grep wc unshare"
# A picture of one point, as PNG.
RED_DOT = """iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4z8AAAAMBAQD3A0FDAAAA
AElFTkSuQmCC"""
VALIDATOR = "/usr/libexec/flatpak-validate-icon"


def make_runtime(flatpak):
    """busybox, under the names that the tests call it by, in the local repository."""
    runtime = flatpak.directory / "runtime.tree"
    programs = runtime / "usr" / "bin"
    programs.mkdir(parents=True)
    shutil.copy("/bin/busybox", programs)
    for applet in APPLETS.split():
        (programs / applet).symlink_to("busybox")
    (runtime / "files").mkdir()  # without which it counts as no build directory
    (runtime / "metadata").write_text(f"""[Runtime]
name={PLATFORM}
runtime={PLATFORM}/x86_64/master
sdk={PLATFORM}/x86_64/master
""")
    flatpak.must("flatpak", "build-export", "--runtime", "repository", runtime)
    flatpak.must("flatpak", "--user", "remote-add", "--no-gpg-verify", "local",
                 f"file://{flatpak.directory}/repository")
    flatpak.must("flatpak", "--user", "install", "-y", "local", PLATFORM)


def make_application(flatpak):
    """Made by commands in `flatpak build`'s sandbox, then installed from a bundle."""
    flatpak.must("flatpak", "build-init", "application", HELLO, PLATFORM, PLATFORM)
    before = len(flatpak.calls())
    built = flatpak.must("flatpak", "build", "application", "sh", "-c", r"""
        mkdir -p /app/bin
        printf '#!/bin/sh\necho "hello $*"\nexit 7\n' > /app/bin/hello
        chmod 755 /app/bin/hello
        touch /usr/planted 2>/dev/null || echo refused""")
    flatpak.equal("a build writes to /app only", built.stdout, "refused\n")
    flatpak.equal("a build runs in a sandbox", len(flatpak.calls()), before + 1)
    failed = flatpak.run("flatpak", "build", "application", "sh", "-c", "exit 3")
    flatpak.equal("what exits with 3 in a build does so outside", failed.returncode, 3)
    flatpak.must("flatpak", "build-finish", "application", "--command=hello")
    flatpak.must("flatpak", "build-export", "repository", "application")
    flatpak.must("flatpak", "build-bundle", "repository", "hello.flatpak", HELLO)
    flatpak.must("flatpak", "--user", "install", "-y", "./hello.flatpak")


def inside(flatpak, script, *options):
    return flatpak.run("flatpak", "run", *options, "--command=sh", HELLO, "-c", script)


def run_it(flatpak):
    done = flatpak.run("flatpak", "run", HELLO, "a", "b c")
    flatpak.equal("arguments arrive, output comes back", done.stdout, "hello a b c\n")
    flatpak.equal("the exit status is the command's", (done.returncode, done.stderr), (7, ""))
    flatpak.equal("a signal of the command's is told as 128 and its number",
                  inside(flatpak, "kill -TERM $$").returncode, 143)


def what_is_seen(flatpak):
    secret = flatpak.home / "secret"
    secret.write_text("secret")
    (flatpak.home / "granted").mkdir()
    denied = inside(flatpak, f"ls -A {flatpak.home}; cat {secret}; touch /app/x /usr/x")
    flatpak.equal("of the home nothing but folders of flatpak's is there", denied.stdout,
                  ".local\n.var\n")
    flatpak.equal("reading there and writing to /app or /usr are errors",
                  len(denied.stderr.splitlines()), 3)
    seen = inside(flatpak, "cat /.flatpak-info; ls /app/bin; pwd; cat /proc/self/status").stdout
    for rule, text in {
            "the application sees its own metadata": f"name={HELLO}",
            "and its own files": "\nhello\n",
            "no capability": "CapEff:\t0000000000000000",
            "nor one in the bounding set": "CapBnd:\t0000000000000000",
            "a filter of system calls": "Seccomp:\t2",
            "nothing with more rights to execute": "NoNewPrivs:\t1"}.items():
        flatpak.check(rule, text in seen, seen)
    flatpak.equal("no network but lo", inside(flatpak, "grep -c : /proc/net/dev").stdout,
                  "1\n")
    flatpak.equal("the filter refuses a user namespace",
                  inside(flatpak, "unshare -U echo made 2>/dev/null").stdout, "")
    processes = inside(flatpak, "echo $(ps -o comm | wc -l)").stdout
    flatpak.check("no process of the machine's", 3 <= int(processes or 0) <= 7, processes)
    given = inside(flatpak, f"cat {secret} && echo x > ~/granted/file; touch {secret} || echo kept",
                   f"--filesystem={secret}:ro", "--filesystem=~/granted")
    flatpak.equal("what is granted read-only is read, and only that", given.stdout, "secretkept\n")
    flatpak.check("what is granted is written", (flatpak.home / "granted/file").is_file(),
                  given.stderr)
    kept = inside(flatpak, "echo $V; pwd; echo data > /var/data/x; cat ~/.var/app/*/data/x",
                  "--env=V=value", "--cwd=/app/bin")
    flatpak.equal("variables, directory and data of its own", kept.stdout,
                  "value\n/app/bin\ndata\n")
    host = inside(flatpak, "ls -d /run/host/usr/bin && ls /dev/shm/. && echo dev",
                  "--filesystem=host-os", "--device=all", "--share=network", "--share=ipc")
    flatpak.equal("the host's system, all devices, its network", host.stdout,
                  "/run/host/usr/bin\ndev\n")


def instances(flatpak):
    """Of each running instance: its name, the process outside, the one inside, the application."""
    listed = flatpak.run("flatpak", "ps", "--columns=instance,pid,child-pid,application").stdout
    return [line.split("\t") for line in listed.splitlines()]


def kill(flatpak, instance):
    """In a session of its own: of one without a process yet it kills process 0, its own group."""
    return flatpak.run("flatpak", "kill", instance, start_new_session=True).returncode


def running(flatpak):
    """One started, joined by two others and killed, as they say of it."""
    sleeper = flatpak.start("flatpak", "run", "--command=sh", HELLO, "-c",
                            "echo joined > /tmp/mark; sleep 300")
    flatpak.stack.callback(client.stop, sleeper)
    # Those that ran before may still be ending, and its process is 0 at first.
    found = client.until(lambda: [i for i in instances(flatpak)
                                  if i[1] == str(sleeper.pid) and int(i[2] or 0) > 0])
    flatpak.check("flatpak ps lists it, and a process of the application's",
                  bool(found), instances(flatpak))
    if not found:
        return
    name, _, child, application = found[0]
    flatpak.stack.callback(kill, flatpak, name)  # it outlives what started it
    flatpak.equal("under the application's name", application, HELLO)
    for kind in ("mnt", "pid", "user", "ipc"):
        own = os.readlink(f"/proc/self/ns/{kind}")
        other = os.readlink(f"/proc/{child}/ns/{kind}")
        flatpak.check(f"its {kind} namespace can be named from outside", own != other, other)
    entered = flatpak.run("flatpak", "enter", name, "sh", "-c",
                          "cat /tmp/mark; grep ^name /.flatpak-info")
    flatpak.equal("flatpak enter runs a command beside it", entered.stdout + entered.stderr,
                  f"joined\nname={HELLO}\n")
    beside = inside(flatpak, "ps -o args", f"--parent-pid={child}", "--parent-share-pids")
    flatpak.check("a second run can share its processes", "sleep 300" in beside.stdout,
                  beside.stdout + beside.stderr)
    exposed = inside(flatpak, "ps -o args; cat /tmp/mark", f"--parent-pid={child}",
                     "--parent-expose-pids")
    flatpak.check("or have its own shown to it, and not see those",
                  exposed.stdout and "sleep 300" not in exposed.stdout,
                  exposed.stdout + exposed.stderr)
    joined = [c for c in flatpak.calls() if "--pidns" in c and "--userns" in c]
    flatpak.equal("both join namespaces by descriptors", len(joined), 2)
    flatpak.equal("flatpak kill knows it", kill(flatpak, name), 0)
    flatpak.equal("flatpak kill ends it by SIGKILL", sleeper.wait(60), 128 + 9)
    flatpak.equal("flatpak ps forgets it", client.until(lambda: not instances(flatpak)), True)


def proxied(flatpak):
    """With a bus, flatpak runs xdg-dbus-proxy in a sandbox of its own, which --sync-fd ends."""
    before = len(flatpak.calls())
    done = inside(flatpak, "ls -d $XDG_RUNTIME_DIR/bus")
    flatpak.check("the bus is there", done.stdout.endswith("/bus\n"), done.stdout + done.stderr)
    flatpak.equal("behind a proxy in a second sandbox", len(flatpak.calls()), before + 2)


def validate(flatpak):
    """Pictures of strangers are read in a sandbox, started without an environment."""
    icon, none = flatpak.directory / "icon.png", flatpak.directory / "none.png"
    icon.write_bytes(base64.b64decode(RED_DOT))
    none.write_bytes(base64.b64decode(RED_DOT)[:30])
    before = len(flatpak.calls())
    seen = flatpak.run(VALIDATOR, "--sandbox", "512", "512", icon)
    flatpak.equal("an icon is valid", (seen.returncode, seen.stdout),
                  (0, "[Icon Validator]\nformat=png\nwidth=1\n"))
    flatpak.check("another is not",
                  flatpak.run(VALIDATOR, "--sandbox", "512", "512", none).returncode != 0)
    flatpak.equal("both were looked at in a sandbox", len(flatpak.calls()), before + 2)


def main():
    client.need("flatpak", "dbus-daemon", "/usr/bin/xdg-dbus-proxy", "/bin/busybox", VALIDATOR)
    with client.Client("flatpak", sys.argv[1]) as flatpak:
        flatpak.environment["FLATPAK_BWRAP"] = str(flatpak.bwrap)
        # Parents' controls are asked for on the system's bus: one where nobody has any.
        bus = flatpak.environment["DBUS_SYSTEM_BUS_ADDRESS"] = flatpak.bus()
        make_runtime(flatpak)
        make_application(flatpak)
        run_it(flatpak)
        what_is_seen(flatpak)
        validate(flatpak)
        running(flatpak)
        flatpak.environment["DBUS_SESSION_BUS_ADDRESS"] = bus
        proxied(flatpak)
        flatpak.used(at_least=15)


main()
