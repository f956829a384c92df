#!/usr/bin/env python3
"""The files of completions/ are what `immure completion` prints, and complete real command lines in
the real shells.

usage: completion.py IMMURE SOURCE_DIR
"""
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import tempfile
import time

FILES = {"bash": "immure.bash", "zsh": "_immure", "fish": "immure.fish"}
BASH = """PS1='$ '; set +o history
bind 'set enable-bracketed-paste off'; bind '"\\C-xa": insert-completions'
. /usr/share/bash-completion/bash_completion
. {file}
"""
ZSH = """PS1='$ '; PS2=; RPS1=; unset zle_bracketed_paste; setopt no_beep
fpath=({directory} $fpath); autoload -Uz compinit; compinit -u -d {home}/zcompdump
zle -C all-matches complete-word _generic; bindkey -e; bindkey '^Xa' all-matches; bindkey '^Xl' list-choices
zstyle ':completion:all-matches::::' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert true
"""
# A line; what it is completed to, in full or (ANY) among others; what must not be offered.
ANY = "..."
LINES = [
    ("immure ru", ["run"], []),
    ("immure ", ["run", "check", "doctor", "completion", ANY], ["learn", "ps", "ls"]),
    ("immure run --dr", ["--dry-run"], []),
    ("immure run --", ["--profile", "--ro", "--set", "--status-fd", ANY], ["--as", "--trace", "--version"]),
    ("immure explain --", ["--profile", "--as", ANY], ["--status-fd", "--version", "--dry-run"]),
    ("immure --", ["--version", "--profile", "--help", ANY], ["--as"]),
    ("immure doctor --", ["--help", "--color", ANY], ["--profile", "--ro"]),
    ("immure run -p ", ["build", "default", "web", ANY], ["run"]),
    ("immure run --profile=we", ["web"], []),
    ("immure -q run --profile we", ["web"], []),
    ("immure run --set process.tt", ["process.tty="], []),
    ("immure run --set ", ["limits.wall=", "root.size=", ANY], ["network.mode="]),
    ("immure run --set process.tty=", ["share", "pty", "detach"], []),
    ("immure run --set=process.tty=d", ["detach"], []),
    ("immure run --set process.die_with_parent=", ["true", "false"], []),
    ("immure run --unset limits.wal", ["limits.wall"], []),
    ("immure run --allow cw", ["cwd"], []),
    ("immure run --allow cwd=o", ["overlay"], []),
    ("immure run --allow fonts,cw", ["fonts,cwd"], []),
    ("immure run --allow fonts,cwd=o", ["overlay"], []),
    ("immure run --allow cwd=rw,fonts,loc", ["cwd=rw,fonts,locale"], []),
    ("immure run --allow=cwd=rw,tm", ["cwd=rw,tmp"], []),
    ("immure run --deny fonts,ico", ["fonts,icons"], []),
    ("immure run --deny ", ["cwd", "system", ANY], ["wayland"]),
    ("immure run --color ", ["auto", "always", "never"], []),
    ("immure run -e IMMURE_TES", ["IMMURE_TESTED"], []),
    ("immure run --rw {home}/dat", ["{home}/data/"], []),
    ("immure run -C {home}/", ["{home}/data/", ANY], ["{home}/file"]),
    ("immure run -p build -w mkdi", ["mkdir"], []),
    ("immure run -p build -- chec", ["checked-tool"], []),
    ("immure run -w checked-tool al", ["alpha"], []),
    ("immure run -p web -- checked-tool --o", ["--only-here"], []),
    ("immure -- checked-tool al", ["alpha"], []),
    ("immure -p web -w -- checked-tool al", ["alpha"], []),
    ("immure -- checked-to", ["checked-tool"], []),
    ("immure {home}/bin/checked-tool al", ["alpha"], []),
    ("immure run -qw -pweb checked-tool al", ["alpha"], []),
    ("immure explain -p build checked-tool al", ["alpha"], []),
    ("immure {home}/bin/checked-to", ["{home}/bin/checked-tool"], []),
    ("immure help expl", ["explain"], []),
    ("immure completion ", ["bash", "zsh", "fish"], []),
    ("immure check we", ["web"], []),
    ("immure check {home}/fil", ["{home}/file"], []),
]
# The command that is run has a completion of its own.
TOOL = {
    "bash": "_tool() { COMPREPLY=($(compgen -W 'alpha --only-here' -- \"$2\")); }; complete -F _tool checked-tool\n",
    "zsh": "_tool() { compadd -- alpha --only-here }; compdef _tool checked-tool\n",
    "fish": "complete -c checked-tool -f -a alpha; complete -c checked-tool -l only-here\n",
}


class Terminal:
    """A shell at a terminal of its own."""

    def __init__(self, command, environment, cwd):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execvpe(command[0], command, environment)

    def until(self, end):
        """Types nothing; what is shown up to the text `end`."""
        shown, limit = b"", time.monotonic() + 30
        while end.encode() not in shown:
            if not select.select([self.fd], [], [], max(0, limit - time.monotonic()))[0]:
                raise TimeoutError(f"no {end!r} in {shown!r}")
            try:
                shown += os.read(self.fd, 65536)
            except OSError:
                raise TimeoutError(f"the shell ended: {shown!r}") from None
        return shown.decode(errors="replace")

    def type(self, text):
        os.write(self.fd, text.encode())

    def close(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def typed_completions(shell, script, home, environment, lines):
    """For each line: the words that all its completions at once make of it."""
    start = pathlib.Path(home, "start." + shell)
    template = BASH if shell == "bash" else ZSH
    start.write_text(template.format(file=script, directory=script.parent, home=home) + TOOL[shell] +
                     "printf '%s\\n' 'is''ready'\n")
    command = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}[shell]
    terminal = Terminal(command, environment, home)
    terminal.type(f". {start}\n")
    terminal.until("isready")
    results = []
    for line in lines:
        terminal.type(f"{line}\x18a\x01printf '<%s>\\n' \x05 'the''end'\n")
        shown = terminal.until("<theend>")
        results.append(re.findall(r"^<(.*)>\r?$", shown, re.M)[:-1])
    if shell == "zsh":  # its list has the descriptions
        terminal.type("immure run -p \x18l")
        terminal.until("my own site")
    terminal.close()
    return results


def words_of(line):
    return line.split(" ")[-1], line.split(" ")[:-1]


def offered(shell, script, home, environment, lines):
    """For each line the completions of its last word, or all of it after the last '='."""
    if shell == "fish":
        for line in lines:
            program = TOOL[shell] + "source $argv[1]; complete -C $argv[2]"
            done = subprocess.run(["fish", "-N", "-c", program, str(script), line], cwd=home,
                                  env=environment, capture_output=True, text=True)
            if done.stderr:
                sys.exit(f"fish: {line}: {done.stderr}")
            yield [row.split("\t")[0] for row in done.stdout.splitlines()], done.stdout
        return
    for line, words in zip(lines, typed_completions(shell, script, home, environment, lines)):
        yield words[len(line.split(" ")) - 1:], ""


def plain(shell, word):
    """Of "process.tty=share" the value, of "process.tty=" all of it; of a directory the name alone.
    Zsh takes its = back when something else than a value is typed."""
    return re.sub(r"^.*=(?=.)", "", word).rstrip("/=" if shell == "zsh" else "/")


def check_shell(shell, script, home, environment, problems):
    lines = [line.format(home=home) for line, _, _ in LINES]
    for line, (found, text), (_, wanted, unwanted) in zip(
            lines, offered(shell, script, home, environment, lines), LINES):
        found = {plain(shell, word) for word in found}
        wanted = {plain(shell, word.format(home=home)) for word in wanted}
        unwanted = {word.format(home=home) for word in unwanted}
        missing = wanted - {ANY} - found
        others = found - wanted if ANY not in wanted else found & unwanted
        if missing or others:
            problems.append(f"{shell}: {line!r}: missing {sorted(missing)}, wrong {sorted(others)}")
        if shell == "fish" and line.endswith("-p ") and "web\tmy own site" not in text:
            problems.append(f"fish: no description of a profile in {text!r}")


def main():
    immure, source = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
    problems = []
    with tempfile.TemporaryDirectory() as home:
        for directory in ("bin", "data", ".config/immure/profiles"):
            os.makedirs(os.path.join(home, directory))
        os.symlink(immure, os.path.join(home, "bin/immure"))
        pathlib.Path(home, "file").write_text("")
        pathlib.Path(home, ".config/immure/profiles/web.toml").write_text(
            'version = 1\ndescription = "my own site"\n')
        tool = pathlib.Path(home, "bin/checked-tool")
        tool.write_text("#!/bin/sh\n")
        tool.chmod(0o755)
        environment = {"HOME": home, "PATH": f"{home}/bin:/usr/bin:/bin", "TERM": "dumb",
                       "COLUMNS": "2000", "LANG": "C.UTF-8", "IMMURE_TESTED": "1", "USER": "user"}
        for shell, name in FILES.items():
            script = source / "completions" / name
            printed = subprocess.run([immure, "completion", shell], capture_output=True, text=True)
            if printed.returncode != 0 or script.read_text() != printed.stdout:
                problems.append(f"{script} is not what `immure completion {shell}` prints: "
                                f"cmake --build DIR --target completions")
            check_shell(shell, script, home, environment, problems)
    print("\n".join(problems) or f"{len(LINES)} lines in each of {len(FILES)} shells")
    return 1 if problems else 0


sys.exit(main())
