#!/usr/bin/env python3
"""The command lines of programs that run others in bubblewrap and are no packages of Debian's:
agents' sandboxes, bubblejail, glycin, nixpkgs' environments, ansible-runner: in their very shape.

usage: agents.py BWRAP
"""
import errno
import fcntl
import http.server
import json
import os
import resource
import shlex
import signal
import socket
import subprocess
import sys
import threading

import client
import seccomp_filter

# What a static busybox calls between its start and the end of `echo`, and all that bubblewrap calls
# itself once the filter is loaded.
OF_ECHO = """arch_prctl brk exit_group fstat getegid geteuid getgid getpid getrandom getuid ioctl
mmap mprotect munmap newfstatat prctl prlimit64 readlink readlinkat rseq rt_sigaction rt_sigprocmask
set_robust_list set_tid_address setgid setuid write writev""".split()
OF_BWRAP = "write close execve wait4 exit exit_group".split()

NS_GET_USERNS = 0xB701  # ioctl_ns(2)


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"from outside\n")

    def log_message(self, *_):
        pass


def serve(agent):
    """A server on the host's loopback; its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    agent.stack.callback(server.server_close)
    agent.stack.callback(server.shutdown)
    return server.server_address[1]


def project(agent):
    """A project with what an agent may write, may not write and may not read."""
    top = agent.directory / "project"
    for folder in (".git/hooks", "private"):
        (top / folder).mkdir(parents=True)
    for file in (".git/config", "key", "private/key", "source"):
        (top / file).write_text("as it was\n")
    return top


def fetch(port):
    """A request by bash's own means."""
    return (f"exec 3<>/dev/tcp/127.0.0.1/{port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3"
            " && tail -n1 <&3")


def sandbox_runtime(agent):
    """srt: one line for a shell; the network is a proxy behind a socket that socat serves."""
    top, port = project(agent), serve(agent)
    bridge = agent.directory / "http.sock"
    agent.stack.callback(client.stop, agent.start(
        "socat", f"UNIX-LISTEN:{bridge},fork", f"TCP:127.0.0.1:{port}"))
    client.until(bridge.exists)

    def run(command):
        inner = f"""socat TCP-LISTEN:3128,fork,reuseaddr UNIX-CONNECT:{bridge} >/dev/null 2>&1 &
trap "kill %1 2>/dev/null; exit" EXIT
for i in 1 2 3 4 5 6 7 8 9; do (: </dev/tcp/127.0.0.1/3128) 2>/dev/null && break; sleep 0.2; done
eval {shlex.quote(command)}"""
        line = shlex.join([str(word) for word in [
            agent.bwrap, "--new-session", "--die-with-parent", "--unshare-net",
            "--bind", bridge, bridge, "--setenv", "HTTP_PROXY", "http://localhost:3128",
            "--ro-bind", "/", "/", "--bind", top, top, "--bind", bridge, bridge,
            "--ro-bind", top / ".git/hooks", top / ".git/hooks",
            "--ro-bind", "/dev/null", top / "key", "--tmpfs", top / "private",
            "--dev", "/dev", "--unshare-pid", "--proc", "/proc",
            "--", "/bin/bash", "-c", inner]])
        return agent.run("/bin/bash", "-c", line, cwd=top)

    done = run(fetch(3128))
    agent.equal("srt: a request goes through both bridges", (done.stdout, done.stderr),
                ("from outside\n", ""))
    agent.check("srt: none goes by itself", run(fetch(port)).returncode != 0)
    done = run("cat key private/key; ls private; echo $HTTP_PROXY; pwd")
    agent.equal("srt: denied files say nothing", done.stdout,
                f"http://localhost:3128\n{top}\n")
    agent.equal("srt: the project is written", (run("echo new > source").returncode,
                                                (top / "source").read_text()), (0, "new\n"))
    done = run(f"touch .git/hooks/h; touch {agent.home}/x; touch /usr/x; kill -0 {os.getpid()}")
    agent.equal("srt: protected and foreign places and processes are out of reach",
                [line.rsplit(": ")[-1] for line in done.stderr.splitlines()],
                ["Read-only file system"] * 3 + ["(%d) - No such process" % os.getpid()])
    agent.equal("srt: the exit status", run("exit 42").returncode, 42)
    agent.equal("srt: a signal's", run("kill -KILL $$").returncode, 137)


def codex(agent):
    """codex: tried with --proc first, and without when that fails with the words it looks for."""
    top = agent.directory / "workspace"
    (top / ".git").mkdir(parents=True)
    named = ["--argv0", "sandboxed"] if "--argv0" in agent.run(agent.bwrap, "--help").stdout else []

    def words(proc, *command):
        return ["--new-session", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev",
                "--bind", top, top, "--ro-bind", top / ".git", top / ".git",
                "--ro-bind", "/dev/null", top / ".codex",
                "--unshare-user", "--unshare-pid", "--unshare-net",
                *(["--proc", "/proc"] if proc else []), *named, "--", *command]

    done = agent.run(agent.bwrap, *words(True, "/bin/sh", "-c", """
        echo $0; echo x > file && cat file; echo x > .git/config; cat .codex; echo /proc/[0-9]*
        grep -c : /proc/net/dev"""), cwd=top)
    agent.equal("codex: what is written and seen", done.stdout.splitlines(),
                [named[1] if named else "/bin/sh", "x", "/proc/1 /proc/2", "1"])
    # A device file bound without devices cannot even be read.
    agent.equal("codex: what is refused",
                [line.rsplit(": ")[-1] for line in done.stderr.splitlines()],
                ["Read-only file system", "Permission denied"])
    # A container that hides a part of /proc: a new one may not be mounted in it.
    container = [agent.bwrap, "--dev-bind", "/", "/", "--unshare-pid", "--proc", "/proc",
                 "--ro-bind", "/dev/null", "/proc/uptime", "--"]
    failed = agent.run(*container, agent.bwrap, *words(True, "/bin/true"))
    agent.equal("codex: the words that make it try again", (failed.returncode, failed.stderr),
                (1, "bwrap: Can't mount proc on /newroot/proc: Operation not permitted\n"))
    again = agent.run(*container, agent.bwrap, *words(False, "/bin/echo", "done"))
    agent.equal("codex: and then it runs", (again.returncode, again.stdout), (0, "done\n"))


def bubblejail_words(home, data, program, information):
    """All that bubblejail puts behind --args."""
    return ["--unshare-all", "--die-with-parent", "--as-pid-1", "--new-session",
            "--proc", "/proc", "--dev", "/dev", "--ro-bind", "/usr", "/usr",
            "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib",
            "--ro-bind-try", "/lib64", "/lib64", "--dir", "/tmp",
            "--perms", "0700", "--dir", "/run/user/1000", "--bind", home, "/home/user",
            "--dev-bind-try", "/dev/dri", "/dev/dri", "--clearenv", "--setenv", "PATH", "/usr/bin",
            "--setenv", "HOME", "/home/user", "--chdir", "/home/user",
            "--ro-bind-data", data, "/.flatpak-info", "--seccomp", program,
            "--info-fd", information]


def readable(data):
    """A descriptor that gives these bytes, then the end."""
    file = os.memfd_create("data", 0)
    os.write(file, data)
    os.lseek(file, 0, os.SEEK_SET)
    return file


def attach_network(agent, child):
    """What slirp4netns does: enters the network, by way of the user namespace that owns it, as
    bubblewrap's process may be in another one by then."""
    with open(f"/proc/{child}/ns/net", "rb") as network:
        owner = fcntl.ioctl(network, NS_GET_USERNS)
        entered = agent.run("nsenter", "--preserve-credentials", f"--user=/proc/self/fd/{owner}",
                            f"--net=/proc/self/fd/{network.fileno()}",
                            "grep", "-c", ":", "/proc/self/net/dev",
                            pass_fds=[owner, network.fileno()])
        os.close(owner)
    agent.equal("bubblejail: its network can be entered from outside",
                entered.stdout + entered.stderr, "1\n")


def bubblejail(agent):
    """bubblejail: a helper's socket and a pipe to start by are handed through, the network is
    attached from outside in between."""
    home = agent.directory / "profile"
    home.mkdir()
    information, info_write = os.pipe()
    ready, ready_write = os.pipe()
    ours, helper = socket.socketpair()
    program = seccomp_filter.export(seccomp_filter.ALLOW, seccomp_filter.errno_of(errno.EPERM),
                                    ["unshare", "setns", "ptrace", "keyctl"])
    data = readable(b"[Application]\n")
    arguments = readable(b"\0".join(os.fsencode(str(word)) for word in bubblejail_words(
        home, data, program, info_write)))
    script = f"""head -c1 <&{ready} >/dev/null
{{ echo $$; cat /.flatpak-info; pwd; sort -z /proc/1/environ | tr '\\0' '\\n'
stat -c %a /run/user/1000; unshare -U true 2>/dev/null || echo kept; touch made; }} >&{helper.fileno()}"""
    handed = [info_write, ready, helper.detach(), program, data, arguments]
    # bash: other shells know descriptors up to 9 only.
    jail = agent.start(agent.bwrap, "--args", arguments, "--", "/bin/bash", "-c", script,
                       pass_fds=handed, stdin=subprocess.DEVNULL)
    agent.stack.callback(client.stop, jail)
    for descriptor in handed:
        os.close(descriptor)
    with open(information, encoding="utf-8") as pipe:
        told = json.load(pipe)
    child = told.pop("child-pid")
    agent.equal("bubblejail: what it is told of the namespaces, and truly", told, {
        f"{kind}-namespace": os.stat(f"/proc/{child}/ns/{kind}").st_ino
        for kind in ("cgroup", "ipc", "mnt", "net", "pid", "uts")})
    attach_network(agent, child)
    os.write(ready_write, b"1")
    os.close(ready_write)
    with ours.makefile() as said:
        agent.equal("bubblejail: what the jail says by the socket", said.read().splitlines(), [
            "1", "[Application]", "/home/user", "HOME=/home/user", "PATH=/usr/bin",
            "PWD=/home/user", "700", "kept"])
    agent.equal("bubblejail: it ends well", jail.wait(60), 0)
    agent.check("bubblejail: and has written", (home / "made").is_file())


def glycin(agent):
    """glycin: a filter that traps what it does not know, also bubblewrap's own calls after it is
    loaded, and a limit of the memory of all of them."""
    words = ["--unshare-all", "--die-with-parent", "--chdir", "/", "--ro-bind", "/usr", "/usr",
             "--dev", "/dev", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache",
             "--tmpfs", "/tmp-home", "--tmpfs", "/tmp-run", "--clearenv",
             "--setenv", "HOME", "/tmp-home", "--setenv", "XDG_RUNTIME_DIR", "/tmp-run",
             "--symlink", "/usr/bin", "/bin", "--symlink", "/usr/lib", "/lib"]

    def load(calls):
        program = seccomp_filter.export(seccomp_filter.TRAP, seccomp_filter.ALLOW, calls)
        done = agent.run(
            agent.bwrap, *words, "--seccomp", program, "/bin/busybox", "echo", "loaded",
            pass_fds=[program],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30)))
        os.close(program)
        return done.returncode, done.stdout

    agent.equal("glycin: a loader has all calls that it needs", load(OF_ECHO + OF_BWRAP),
                (0, "loaded\n"))
    agent.equal("glycin: one that has not is trapped, and that is told", load(OF_BWRAP),
                (128 + signal.SIGSYS, ""))


def nixpkgs(agent):
    """buildFHSEnv: a root put together of hundreds of binds and links."""
    names = sorted(os.listdir("/etc"))
    etc = [["--symlink", f"/.host-etc/{name}", f"/etc/{name}"] for name in names]
    tries = [["--ro-bind-try", f"/nowhere/{i}", f"/etc/nowhere/{i}"] for i in range(300)]
    roots = [["--ro-bind", f"/usr/{name}", f"/usr/{name}"] for name in sorted(os.listdir("/usr"))]
    roots += [["--symlink", os.readlink(f"/{name}"), f"/{name}"]
              for name in ("bin", "lib", "lib64") if os.path.islink(f"/{name}")]
    done = agent.run(
        agent.bwrap, "--dev-bind", "/dev", "/dev", "--proc", "/proc", "--chdir", "/",
        "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try",
        "--die-with-parent", "--tmpfs", "/glibc", "--tmpfs", "/etc",
        "--ro-bind", "/etc", "/.host-etc",
        *sum(etc + tries + roots, []), "--bind", agent.home, agent.home, "--remount-ro", "/",
        "/bin/sh", "-c", f"ls -A /etc; touch /x || touch {agent.home}/written")
    agent.equal("nixpkgs: every link is there, and nothing else", done.stdout.splitlines(), names)
    agent.equal("nixpkgs: the root is read-only at last", done.stderr,
                "touch: cannot touch '/x': Read-only file system\n")
    agent.check("nixpkgs: what is bound in it is not", (agent.home / "written").is_file())


def ansible_runner(agent):
    """ansible-runner: a destination that is not absolute, what to hide covered by empty folders."""
    hidden, data = agent.directory / "hidden", agent.directory / "data"
    (hidden / "within").mkdir(parents=True)
    data.mkdir()
    empty = agent.directory / "empty"
    empty.mkdir()
    done = agent.run(
        agent.bwrap, "--die-with-parent", "--unshare-pid", "--dev-bind", "/dev", "dev",
        "--proc", "/proc", "--dir", "/tmp", "--ro-bind", "/bin", "/bin",
        "--ro-bind", "/etc", "/etc", "--ro-bind", "/usr", "/usr", "--ro-bind", "/opt", "/opt",
        "--symlink", "usr/lib64", "/lib64", "--ro-bind", "/lib", "/lib",
        "--bind", empty, hidden, "--bind", data, data, "--chdir", data,
        "/usr/bin/python3", "-c", f"""import os
print(os.getcwd(), os.listdir({str(hidden)!r}), os.path.exists("/dev/null"), os.listdir("/tmp"))
open("made", "w").close()""")
    agent.equal("ansible-runner: what is seen", (done.stdout, done.stderr),
                (f"{data} [] True []\n", ""))
    agent.check("ansible-runner: its data is written", (data / "made").is_file())


def main():
    client.need("/bin/bash", "/bin/busybox", "socat", "nsenter")
    with client.Client("agents", sys.argv[1]) as agent:
        for shape in (sandbox_runtime, codex, bubblejail, glycin, nixpkgs, ansible_runner):
            shape(agent)
        agent.used(at_least=16)


main()
