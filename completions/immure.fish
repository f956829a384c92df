# Completion of immure for fish. Made by `immure completion fish`.

# The command of the line, and the index of the first word after its options (0: none yet).
function __immure_look
    set -l words (commandline -opc)
    set -l command ''
    set -l index 2
    while test $index -le (count $words)
        set -l word $words[$index]
        if test "$word" = --
            test -n "$command"; or set command run
            printf '%s\n' $command (math $index + 1)
            return
        else if contains -- $word -p --profile --allow --deny --ro --rw --dev --overlay --tmpfs --hide -e --env --unset-env -C --chdir --name --set --unset --as --why --diff --status-fd --ready-fd --block-fd --args-fd --log-fd --color --log-format --from; or string match -qr '^-[^-]*[peC]$' -- $word
            set index (math $index + 1)
        else if not string match -q -- '-?*' $word
            if test -n "$command"; or string match -q '*/*' -- $word
                test -n "$command"; or set command run
                printf '%s\n' $command $index
                return
            end
            set command $word
        end
        set index (math $index + 1)
    end
    printf '%s\n' "$command" 0
end

# Whether options of one of these commands can stand here ("front": those before any).
function __immure_options_of
    set -l look (__immure_look)
    test $look[2] -eq 0; or return 1
    test -n "$look[1]"; or set look[1] front
    contains -- $look[1] $argv
end

# Whether a word after the options of one of these commands can stand here.
function __immure_operand_of
    set -l look (__immure_look)
    test -n "$look[1]"; and contains -- $look[1] $argv
end

# Profiles with what they are for: built in, and files of the three directories.
function __immure_profiles
    set -l config ~/.config
    set -q XDG_CONFIG_HOME; and set config $XDG_CONFIG_HOME
    set -l seen
    set -l program (command -s immure | string replace -r '/bin/[^/]*$' '')
    for file in $config/immure/profiles/*.toml /etc/immure/profiles/*.toml $program/share/immure/profiles/*.toml
        set -l name (string replace -r '.*/(.*)\.toml$' '$1' -- $file)
        contains -- $name $seen; and continue
        set -a seen $name
        printf '%s\t%s\n' $name (string match -r '^description\s*=\s*"([^"]*)' < $file)[2]
    end
    contains -- archive $seen; or printf '%s\t%s\n' 'archive' 'tar, unzip, zip and their like: the current directory writable, no other program'
    contains -- build $seen; or printf '%s\t%s\n' 'build' 'as default, with the current directory writable, for builds'
    contains -- cargo $seen; or printf '%s\t%s\n' 'cargo' 'cargo: builds the package in the current directory from fetched sources'
    contains -- default $seen; or printf '%s\t%s\n' 'default' 'programs of the system, the current directory read-only, a private home, no network'
    contains -- ffmpeg $seen; or printf '%s\t%s\n' 'ffmpeg' 'ffmpeg, ffprobe: media of the current directory, no other file, no other program'
    contains -- gcc $seen; or printf '%s\t%s\n' 'gcc' 'gcc, g++: sources of the current directory, the system\'s headers, the linker'
    contains -- ghostscript $seen; or printf '%s\t%s\n' 'ghostscript' 'gs: PostScript and PDF of the current directory, no other program'
    contains -- git $seen; or printf '%s\t%s\n' 'git' 'git: the repository of the current directory, your settings, no keys, no network'
    contains -- imagemagick $seen; or printf '%s\t%s\n' 'imagemagick' 'convert, identify and their like: pictures of the current directory, no other program'
    contains -- judge $seen; or printf '%s\t%s\n' 'judge' 'one submission: limits of time, memory, output and processes'
    contains -- node $seen; or printf '%s\t%s\n' 'node' 'Node.js scripts: the current directory read-only, no other program, no sockets'
    contains -- pandoc $seen; or printf '%s\t%s\n' 'pandoc' 'pandoc: documents of the current directory, your templates, no other program'
    contains -- pdftotext $seen; or printf '%s\t%s\n' 'pdftotext' 'pdftotext, pdfinfo: the named PDF, to standard output, and nothing else'
    contains -- python $seen; or printf '%s\t%s\n' 'python' 'Python scripts: the current directory read-only, no other program, no sockets'
    contains -- shell $seen; or printf '%s\t%s\n' 'shell' 'an interactive shell: the current directory writable, a private home, no network'
    contains -- sqlite3 $seen; or printf '%s\t%s\n' 'sqlite3' 'sqlite3: databases of the current directory, no other program'
    contains -- untrusted-cli $seen; or printf '%s\t%s\n' 'untrusted-cli' 'a tool that is not trusted: reads ./in, writes ./out, nothing else'
    string match -qr '[/.~]' -- (commandline -ct); and __fish_complete_suffix .toml
end

function __immure_commands
    printf '%s\t%s\n' 'run' 'run a command in a sandbox'
    printf '%s\t%s\n' 'shell' 'run your shell in a sandbox, to look around'
    printf '%s\t%s\n' 'explain' 'show what a run would do, and what asks for it'
    printf '%s\t%s\n' 'check' 'read profiles and report all that is wrong with them'
    printf '%s\t%s\n' 'profile' 'look at profiles, and make own ones'
    printf '%s\t%s\n' 'trust' 'use the .immure.toml of this project from now on'
    printf '%s\t%s\n' 'untrust' 'use it no more'
    printf '%s\t%s\n' 'doctor' 'say what this machine allows, and how to mend what it does not'
    printf '%s\t%s\n' 'schema' 'print the JSON Schema of profiles, for editors'
    printf '%s\t%s\n' 'completion' 'print the completions for a shell'
    printf '%s\t%s\n' 'version' 'show the version'
    printf '%s\t%s\n' 'help' 'show this, or the options of a command'
end

function __immure_keys
    printf '%s\t%s\n' 'version' 'Version of the profile language.'
    printf '%s\t%s\n' 'description' 'One line that says what the profile is for.'
    printf '%s\t%s\n' 'why' 'Why the profile exists, for those who read it.'
    printf '%s\t%s\n' 'extends' 'Profiles that this one is laid on, left to right; [] is the engine\'s floor alone.'
    printf '%s\t%s\n' 'hostname' 'Host name inside.'
    printf '%s\t%s\n' 'domainname' 'NIS domain name inside.'
    printf '%s\t%s\n' 'best_effort' 'What this host may lack without ending the start; a note says what is lost.'
    printf '%s\t%s\n' 'match' 'Names or absolute paths of root\'s programs that this profile is for.'
    printf '%s\t%s\n' 'fs_protect' 'Keeps names that git, editors, shells and agents believe outside read-only where a writable bind shows them, as .git/hooks, .envrc or .vscode; says when the command has made one.'
    printf '%s\t%s\n' 'root.dir' 'A ready root file system.'
    printf '%s\t%s\n' 'root.size' 'Size of the root tmpfs.'
    printf '%s\t%s\n' 'root.mode' 'Mode of the root directory.'
    printf '%s\t%s\n' 'root.writable' 'Leaves the root tmpfs writable.'
    printf '%s\t%s\n' 'root.proc' 'The /proc inside: an own one, none, or the host\'s.'
    printf '%s\t%s\n' 'root.dev' 'A minimal /dev.'
    printf '%s\t%s\n' 'allow.system' 'The system\'s programs, libraries and what they need of /etc; "minimal": libraries only.'
    printf '%s\t%s\n' 'allow.etc' 'All of /etc, or the names below it, read-only.'
    printf '%s\t%s\n' 'allow.programs' 'The only programs that the system\'s directories show.'
    printf '%s\t%s\n' 'allow.exe' 'The started file, and its own libraries beside it.'
    printf '%s\t%s\n' 'allow.cwd' 'The current directory, unless it is /, the home, or above it.'
    printf '%s\t%s\n' 'allow.args' 'Existing files named as arguments.'
    printf '%s\t%s\n' 'allow.home' 'The home directory; "private": an empty one, gone afterwards.'
    printf '%s\t%s\n' 'allow.tmp' '/tmp and /var/tmp; "private": empty ones, gone afterwards.'
    printf '%s\t%s\n' 'allow.shm' '/dev/shm; "host": shared with the host.'
    printf '%s\t%s\n' 'allow.network' 'The network; "host": the host\'s own.'
    printf '%s\t%s\n' 'allow.dns' 'What the resolution of names reads below /etc and /run.'
    printf '%s\t%s\n' 'allow.certificates' 'CA certificates.'
    printf '%s\t%s\n' 'allow.timezone' 'The time zone.'
    printf '%s\t%s\n' 'allow.locale' 'The language, and its files.'
    printf '%s\t%s\n' 'allow.fonts' 'Fonts and their configuration, read-only.'
    printf '%s\t%s\n' 'allow.themes' 'The look of desktop programs, read-only.'
    printf '%s\t%s\n' 'allow.icons' 'Icons, read-only.'
    printf '%s\t%s\n' 'allow.gpu' 'Graphics devices; "compute": those for computing as well.'
    printf '%s\t%s\n' 'allow.input' 'Input devices: keyboards, mice. They hear all that is typed.'
    printf '%s\t%s\n' 'allow.joystick' 'Game controllers.'
    printf '%s\t%s\n' 'allow.usb' 'USB devices.'
    printf '%s\t%s\n' 'allow.kvm' 'Virtual machines.'
    printf '%s\t%s\n' 'allow.fuse' 'The FUSE device.'
    printf '%s\t%s\n' 'allow.tun' 'The TUN and TAP device.'
    printf '%s\t%s\n' 'allow.video4linux' 'Video devices.'
    printf '%s\t%s\n' 'allow.serial' 'Serial ports.'
    printf '%s\t%s\n' 'allow.tpm' 'The TPM.'
    printf '%s\t%s\n' 'allow.u2f' 'Security keys.'
    printf '%s\t%s\n' 'allow.optical' 'Optical drives.'
    printf '%s\t%s\n' 'allow.ssh-config' 'SSH\'s configuration and known hosts, read-only.'
    printf '%s\t%s\n' 'allow.git' 'git\'s configuration, read-only; "commit": the repository of the current directory as well.'
    printf '%s\t%s\n' 'allow.nested' 'User namespaces inside.'
    printf '%s\t%s\n' 'allow.debug' 'Debugging and measuring of own processes.'
    printf '%s\t%s\n' 'allow.jit' 'Memory that is written and executed; false refuses it.'
    printf '%s\t%s\n' 'allow.io-uring' 'io_uring.'
    printf '%s\t%s\n' 'allow.userfaultfd' 'userfaultfd.'
    printf '%s\t%s\n' 'allow.32bit' '32-bit programs on x86-64.'
    printf '%s\t%s\n' 'allow.realtime' 'Real-time scheduling, as far as we may.'
    printf '%s\t%s\n' 'allow.numa' 'NUMA policies.'
    printf '%s\t%s\n' 'allow.setid' 'Writing of set-id bits where the host can run the file.'
    printf '%s\t%s\n' 'allow.sys' '/sys, read-only.'
    printf '%s\t%s\n' 'allow.proc-host' 'The host\'s /proc, read-only.'
    printf '%s\t%s\n' 'allow.machine-id' '/etc/machine-id: a random one, or the host\'s.'
    printf '%s\t%s\n' 'process.command' 'Run when the command line names none.'
    printf '%s\t%s\n' 'process.args' 'Put before the command line\'s arguments.'
    printf '%s\t%s\n' 'process.argv0' 'The command\'s name for itself.'
    printf '%s\t%s\n' 'process.cwd' 'Directory the command starts in.'
    printf '%s\t%s\n' 'process.umask' 'File mode creation mask.'
    printf '%s\t%s\n' 'process.nice' 'Niceness.'
    printf '%s\t%s\n' 'process.oom_score_adj' 'Readiness to be killed when memory is short.'
    printf '%s\t%s\n' 'process.tty' 'Keeps the terminal, gets one of its own in its place, or leaves it.'
    printf '%s\t%s\n' 'process.init' 'Who is pid 1 inside: immure\'s reaper, or the command.'
    printf '%s\t%s\n' 'process.die_with_parent' 'Ends when the one who started immure ends.'
    printf '%s\t%s\n' 'process.wait' 'What is waited for: the command, or all processes.'
    printf '%s\t%s\n' 'process.stop_signal' 'Sent to end the command.'
    printf '%s\t%s\n' 'process.grace' 'Time between stop_signal and KILL.'
    printf '%s\t%s\n' 'process.pass_fds' 'Descriptors kept besides 0, 1 and 2. Nothing below a directory can be opened by its descriptor, unless landlock.mode is "scope" or "off".'
    printf '%s\t%s\n' 'process.stdin' 'Where standard input comes from.'
    printf '%s\t%s\n' 'process.stdout' 'Where standard output goes.'
    printf '%s\t%s\n' 'process.stderr' 'Where standard error goes.'
    printf '%s\t%s\n' 'process.personality' 'Execution domain flags, personality(2).'
    printf '%s\t%s\n' 'process.tsc' 'x86: the time stamp counter can be read; false: that is SIGSEGV, also for the loader of glibc and exact clocks, so few but static programs run.'
    printf '%s\t%s\n' 'process.cpus' 'Processors the command may run on.'
    printf '%s\t%s\n' 'process.sched' 'Scheduling policy: other, batch, idle, or fifo:N and rr:N where we may; sched(7).'
    printf '%s\t%s\n' 'process.io_priority' 'Priority of disk access: idle, best-effort:0 to 7, realtime:0 to 7; ioprio_set(2).'
    printf '%s\t%s\n' 'process.core_sched' 'Shares no core with processes outside.'
    printf '%s\t%s\n' 'process.keyring' 'The session keyring.'
    printf '%s\t%s\n' 'process.selinux' 'SELinux label applied at exec.'
    printf '%s\t%s\n' 'process.apparmor' 'AppArmor profile applied at exec; the administrator has loaded it.'
    printf '%s\t%s\n' 'user.uid' 'User id inside; 0 looks like root.'
    printf '%s\t%s\n' 'user.gid' 'Group id inside.'
    printf '%s\t%s\n' 'user.uid_map' 'User ids inside: a list of { inside, outside, count }, or "subid" for all of /etc/subuid.'
    printf '%s\t%s\n' 'user.gid_map' 'Group ids inside, as uid_map.'
    printf '%s\t%s\n' 'user.groups' 'Supplementary groups: dropped where a subid map allows it, else shown as nobody; or kept.'
    printf '%s\t%s\n' 'user.name' 'User name, in USER and in a made-up /etc/passwd.'
    printf '%s\t%s\n' 'user.passwd' '/etc/passwd and /etc/group: made up, the host\'s, or none. Replaces [fs] entries of earlier layers.'
    printf '%s\t%s\n' 'caps.keep' 'Capabilities the command has; also ambient.'
    printf '%s\t%s\n' 'caps.bounding' 'Capabilities it can ever get.'
    printf '%s\t%s\n' 'namespaces.pid' 'Process ids; a shared one has no /proc of its own to show.'
    printf '%s\t%s\n' 'namespaces.ipc' 'System V IPC and POSIX message queues.'
    printf '%s\t%s\n' 'namespaces.uts' 'Host name.'
    printf '%s\t%s\n' 'namespaces.cgroup' 'Control group paths.'
    printf '%s\t%s\n' 'namespaces.net' 'Network.'
    printf '%s\t%s\n' 'namespaces.time' 'Offsets of clocks.'
    printf '%s\t%s\n' 'namespaces.user' 'Ids and capabilities; can\'t be the host\'s. A joined one has its id maps already.'
    printf '%s\t%s\n' 'namespaces.nested.user' 'Most user namespaces made inside.'
    printf '%s\t%s\n' 'namespaces.nested.mnt' 'Most mnt namespaces made inside.'
    printf '%s\t%s\n' 'namespaces.nested.pid' 'Most pid namespaces made inside.'
    printf '%s\t%s\n' 'namespaces.nested.ipc' 'Most ipc namespaces made inside.'
    printf '%s\t%s\n' 'namespaces.nested.uts' 'Most uts namespaces made inside.'
    printf '%s\t%s\n' 'namespaces.nested.net' 'Most net namespaces made inside.'
    printf '%s\t%s\n' 'namespaces.nested.cgroup' 'Most cgroup namespaces made inside.'
    printf '%s\t%s\n' 'namespaces.nested.time' 'Most time namespaces made inside.'
    printf '%s\t%s\n' 'time.monotonic' 'Added to the monotonic clock.'
    printf '%s\t%s\n' 'time.boottime' 'Added to the time since boot.'
    printf '%s\t%s\n' 'seccomp.base' 'The filter that the others change.'
    printf '%s\t%s\n' 'seccomp.allow' 'Calls allowed besides, whatever their arguments, and groups of them ("@timer"), which the base\'s rules on arguments still bind. A name beats a group; of groups that overlap, that of the later layer decides, in one layer the one that is denied.'
    printf '%s\t%s\n' 'seccomp.deny' 'Calls and groups of them refused besides, with EPERM.'
    printf '%s\t%s\n' 'seccomp.rules' 'Rules before all else; the first that holds decides, and those of a later layer come first: { syscalls, action, args, arch }. The action is allow, kill, trap, log or errno:EPERM. All args must hold: "0 == AF_UNIX", "1 & O_CREAT", "1 & 0xf == 2", "2 in [1, 2]", != < <= > >=; arguments count from 0, as unsigned numbers, ints by their low 32 bits. arch: as the key of this name; all if not given.'
    printf '%s\t%s\n' 'seccomp.on_deny' 'What a call meets that is refused with EPERM: kill ends the process, log lets it through and writes to the kernel\'s log. Calls that fail with another errno, as those that this version doesn\'t know (ENOSYS), go on to do so.'
    printf '%s\t%s\n' 'seccomp.sockets' 'The families of socket(2), all of them; netlink is that of routing only. Beats allow.'
    printf '%s\t%s\n' 'seccomp.arch' 'Other ABIs beside that of this processor: i386 (or x86) and x32 on x86-64; calls of all others end the process.'
    printf '%s\t%s\n' 'seccomp.file' 'A second filter on top, the stricter of the two decides: a program as bwrap --seccomp takes it, or the object linux.seccomp of an OCI config.json.'
    printf '%s\t%s\n' 'seccomp.report' 'Refused calls are counted. Nobody listens yet: the filter answers by itself.'
    printf '%s\t%s\n' 'landlock.mode' 'The mounts\' rights once more as Landlock rules, which also hold for what a descriptor reaches, and no signal and no abstract socket across the sandbox\'s edge. auto: what the kernel has of that. require: no start without the rules. scope: no rules for files, so that mounts stay possible inside; so it is too where allow.nested or CAP_SYS_ADMIN is.'
    printf '%s\t%s\n' 'landlock.tcp_bind' 'TCP ports that can be bound, and no others; 0 is one of the kernel\'s choice.'
    printf '%s\t%s\n' 'landlock.tcp_connect' 'TCP ports that can be connected to, and no others.'
    printf '%s\t%s\n' 'landlock.scope' 'What does not reach processes outside the sandbox.'
    printf '%s\t%s\n' 'limits.cpu' 'Processor time, seconds.'
    printf '%s\t%s\n' 'limits.as' 'Address space, bytes.'
    printf '%s\t%s\n' 'limits.data' 'Data segment, bytes.'
    printf '%s\t%s\n' 'limits.stack' 'Stack, bytes.'
    printf '%s\t%s\n' 'limits.core' 'Core files, bytes; 1 also stops programs that take cores.'
    printf '%s\t%s\n' 'limits.fsize' 'Size of files written, bytes.'
    printf '%s\t%s\n' 'limits.nofile' 'Open files.'
    printf '%s\t%s\n' 'limits.nproc' 'Processes and threads of this user namespace; the profile default sets 4096, or the host\'s if less.'
    printf '%s\t%s\n' 'limits.memlock' 'Locked memory, bytes.'
    printf '%s\t%s\n' 'limits.msgqueue' 'POSIX message queues, bytes.'
    printf '%s\t%s\n' 'limits.rtprio' 'Real-time priority.'
    printf '%s\t%s\n' 'limits.rttime' 'Real-time processor time, microseconds.'
    printf '%s\t%s\n' 'limits.sigpending' 'Queued signals.'
    printf '%s\t%s\n' 'limits.locks' 'File locks.'
    printf '%s\t%s\n' 'limits.nice' 'Ceiling of niceness, 20 - nice.'
    printf '%s\t%s\n' 'limits.output' 'Bytes of standard output and error together; then the command is ended, with the exit status 153. It writes to a pipe, and has no terminal.'
    printf '%s\t%s\n' 'limits.tmp_total' 'Bytes of all tmpfs together; those without a size share what the others leave.'
    printf '%s\t%s\n' 'limits.wall' 'Real time until the command is ended.'
    printf '%s\t%s\n' 'state.name' 'Runs of the same name share their state.'
    printf '%s\t%s\n' 'state.scope' 'One state for all runs of that name; or "project": for each ${PROJECT} one of its own, below the same directory.'
    printf '%s\t%s\n' 'state.dir' 'The directory that ${STATE} stands for; made with mode 0700 when it is used.'
    printf '%s\t%s\n' 'state.lock' 'Whether several runs can have it at a time; flock(2).'
    printf '%s\t%s\n' 'lint.allow' 'Codes that are known and accepted, as "W710".'
end

function __immure_values
    switch $argv[1]
        case fs_protect
            printf '%s\n' true false
        case root.writable
            printf '%s\n' true false
        case root.proc
            printf '%s\n' fresh none host
        case root.dev
            printf '%s\n' true false
        case allow.system
            printf '%s\n' minimal true false
        case allow.etc
            printf '%s\n' true false
        case allow.programs
            printf '%s\n' true false
        case allow.exe
            printf '%s\n' true false
        case allow.cwd
            printf '%s\n' ro rw overlay true false
        case allow.args
            printf '%s\n' ro rw true false
        case allow.home
            printf '%s\n' private persist overlay ro rw true false
        case allow.tmp
            printf '%s\n' private persist host true false
        case allow.shm
            printf '%s\n' private host true false
        case allow.network
            printf '%s\n' host none false
        case allow.dns
            printf '%s\n' true false
        case allow.certificates
            printf '%s\n' true false
        case allow.timezone
            printf '%s\n' true false
        case allow.locale
            printf '%s\n' true false
        case allow.fonts
            printf '%s\n' true false
        case allow.themes
            printf '%s\n' true false
        case allow.icons
            printf '%s\n' true false
        case allow.gpu
            printf '%s\n' compute true false
        case allow.input
            printf '%s\n' true false
        case allow.joystick
            printf '%s\n' true false
        case allow.usb
            printf '%s\n' true false
        case allow.kvm
            printf '%s\n' true false
        case allow.fuse
            printf '%s\n' true false
        case allow.tun
            printf '%s\n' true false
        case allow.video4linux
            printf '%s\n' true false
        case allow.serial
            printf '%s\n' true false
        case allow.tpm
            printf '%s\n' true false
        case allow.u2f
            printf '%s\n' true false
        case allow.optical
            printf '%s\n' true false
        case allow.ssh-config
            printf '%s\n' true false
        case allow.git
            printf '%s\n' read commit true false
        case allow.nested
            printf '%s\n' true false
        case allow.debug
            printf '%s\n' true false
        case allow.jit
            printf '%s\n' true false
        case allow.io-uring
            printf '%s\n' true false
        case allow.userfaultfd
            printf '%s\n' true false
        case allow.32bit
            printf '%s\n' true false
        case allow.realtime
            printf '%s\n' true false
        case allow.numa
            printf '%s\n' true false
        case allow.setid
            printf '%s\n' true false
        case allow.sys
            printf '%s\n' ro true false
        case allow.proc-host
            printf '%s\n' ro true false
        case allow.machine-id
            printf '%s\n' random host true false
        case process.tty
            printf '%s\n' share pty detach
        case process.init
            printf '%s\n' reaper target
        case process.die_with_parent
            printf '%s\n' true false
        case process.wait
            printf '%s\n' command all
        case process.stdin
            printf '%s\n' inherit null
        case process.stdout
            printf '%s\n' inherit null
        case process.stderr
            printf '%s\n' inherit null
        case process.tsc
            printf '%s\n' true false
        case process.core_sched
            printf '%s\n' true false
        case process.keyring
            printf '%s\n' new inherit
        case user.groups
            printf '%s\n' drop keep
        case user.passwd
            printf '%s\n' minimal host none
        case namespaces.pid
            printf '%s\n' new host path: fd:
        case namespaces.ipc
            printf '%s\n' new host path: fd:
        case namespaces.uts
            printf '%s\n' new host path: fd:
        case namespaces.cgroup
            printf '%s\n' new host path: fd:
        case namespaces.net
            printf '%s\n' new host path: fd:
        case namespaces.time
            printf '%s\n' new host path: fd:
        case namespaces.user
            printf '%s\n' new host path: fd:
        case seccomp.base
            printf '%s\n' none standard strict
        case seccomp.on_deny
            printf '%s\n' errno kill log
        case seccomp.report
            printf '%s\n' false
        case landlock.mode
            printf '%s\n' auto require scope off
        case limits.cpu
            printf '%s\n' inherit hard unlimited
        case limits.as
            printf '%s\n' inherit hard unlimited
        case limits.data
            printf '%s\n' inherit hard unlimited
        case limits.stack
            printf '%s\n' inherit hard unlimited
        case limits.core
            printf '%s\n' inherit hard unlimited
        case limits.fsize
            printf '%s\n' inherit hard unlimited
        case limits.nofile
            printf '%s\n' inherit hard unlimited
        case limits.nproc
            printf '%s\n' inherit hard unlimited
        case limits.memlock
            printf '%s\n' inherit hard unlimited
        case limits.msgqueue
            printf '%s\n' inherit hard unlimited
        case limits.rtprio
            printf '%s\n' inherit hard unlimited
        case limits.rttime
            printf '%s\n' inherit hard unlimited
        case limits.sigpending
            printf '%s\n' inherit hard unlimited
        case limits.locks
            printf '%s\n' inherit hard unlimited
        case limits.nice
            printf '%s\n' inherit hard unlimited
        case state.scope
            printf '%s\n' profile project
        case state.lock
            printf '%s\n' exclusive share
    end
end

function __immure_settings
    set -l token (commandline -ct | string replace -r '^--set=' '')
    if string match -q '*=*' -- $token
        set -l key (string replace -r '=.*' '' -- $token)
        for value in (__immure_values $key)
            printf '%s=%s\n' $key $value
        end
    else
        __immure_keys | string replace -r '\t' '=\t'
    end
end

# The last one of a list.
function __immure_intents
    set -l token (commandline -ct | string replace -r '^--(allow|deny)=' '')
    set -l front (string match -r '^.*,' -- $token)
    set token (string replace -r '^.*,' '' -- $token)
    if string match -q '*=*' -- $token
        set -l name (string replace -r '=.*' '' -- $token)
        for value in (__immure_values allow.$name)
            printf '%s%s=%s\n' "$front" $name $value
        end
    else
        for intent in (__immure_keys | string replace -f -r '^allow\.' '')
            printf '%s%s\n' "$front" $intent
        end
    end
end

# The command that is to be run completes its own arguments.
function __immure_program
    set -l look (__immure_look)
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    if test $look[2] -eq 0; or test $look[2] -gt (count $words)
        string match -q -- '-*' "$token"; or complete --do-complete="$token"
    else
        set -l line (string escape -- $words[$look[2]..-1]) "$token"
        complete --do-complete="$line"
    end
end

complete -c immure -f
complete -c immure -n '__immure_options_of front; and string match -qr "^[./~]" -- (commandline -ct)' -F
complete -c immure -n '__immure_options_of front' -a '(__immure_commands)'
complete -c immure -n '__immure_options_of front run shell explain' -s p -l profile -x -k -a '(__immure_profiles)' -d 'add a profile, by name or file; the last one wins'
complete -c immure -n '__immure_options_of front run shell explain' -s w -d 'the current directory is writable'
complete -c immure -n '__immure_options_of front run shell explain' -s a -d 'the same as --allow args'
complete -c immure -n '__immure_options_of front run shell explain' -l allow -x -a '(__immure_intents)' -d 'allow an intent, or several with commas between them: --allow fonts,home=persist'
complete -c immure -n '__immure_options_of front run shell explain' -l deny -x -a '(__immure_intents)' -d 'withdraw an intent that a profile allows'
complete -c immure -n '__immure_options_of front run shell explain' -l ro -r -F -d 'show PATH, read-only; a \'?\' after it: unless it is missing (the same for the next five)'
complete -c immure -n '__immure_options_of front run shell explain' -l rw -r -F -d 'show PATH, writable'
complete -c immure -n '__immure_options_of front run shell explain' -l dev -r -F -d 'show PATH, writable, device nodes usable'
complete -c immure -n '__immure_options_of front run shell explain' -l overlay -r -F -d 'show PATH, what is written to it is discarded'
complete -c immure -n '__immure_options_of front run shell explain' -l tmpfs -r -F -d 'an empty directory in memory'
complete -c immure -n '__immure_options_of front run shell explain' -l hide -r -F -d 'cover PATH with something empty'
complete -c immure -n '__immure_options_of front run shell explain' -s e -l env -x -a '(set -nx)' -d 'set a variable, or pass the caller\'s'
complete -c immure -n '__immure_options_of front run shell explain' -l unset-env -x -a '(set -nx)' -d 'take a variable away'
complete -c immure -n '__immure_options_of front run shell explain' -s C -l chdir -x -a '(__fish_complete_directories)' -d 'where the command starts'
complete -c immure -n '__immure_options_of front run shell explain' -l name -x -d 'the name of the sandbox: $IMMURE_SANDBOX inside, and in its events'
complete -c immure -n '__immure_options_of front run shell explain' -l set -x -a '(__immure_settings)' -d 'set any key of a profile: --set limits.wall=10s'
complete -c immure -n '__immure_options_of front run shell explain' -l unset -x -a '(__immure_keys)' -d 'put a key back to its default'
complete -c immure -n '__immure_options_of front run shell' -l dry-run -d 'print the plan to standard output, and run nothing'
complete -c immure -n '__immure_options_of explain' -l as -x -a 'json toml bwrap' -d 'print the plan as JSON, a profile that makes the same plan, or what bubblewrap can do of it'
complete -c immure -n '__immure_options_of explain' -l why -x -d 'what decides about a path, a system call or a variable (path:X, syscall:X, env:X)'
complete -c immure -n '__immure_options_of explain' -l diff -x -k -a '(__immure_profiles)' -d 'what profile P2 grants, denies or changes against P1'
complete -c immure -n '__immure_options_of explain' -l steps -d 'print the plan step by step'
complete -c immure -n '__immure_options_of explain' -l seccomp -d 'print what each system call meets, and the line that decided it'
complete -c immure -n '__immure_options_of check' -l json -d 'print what was found to standard output, as JSON'
complete -c immure -n '__immure_options_of check' -l pure -d 'ask nothing of this host: made-up values for variables, no other files'
complete -c immure -n '__immure_options_of front run shell' -l status-fd -x -d 'write events as lines of JSON to this descriptor'
complete -c immure -n '__immure_options_of front run shell' -l ready-fd -x -d 'write a line to this descriptor when the command runs'
complete -c immure -n '__immure_options_of front run shell' -l block-fd -x -d 'start the command when this descriptor can be read, or is at its end'
complete -c immure -n '__immure_options_of front run shell explain' -l args-fd -x -d 'read more options from this descriptor, each ended by a NUL byte'
complete -c immure -n '__immure_options_of front run shell explain check profile trust untrust doctor schema completion version help' -l log-fd -x -d 'write messages to this descriptor, instead of standard error'
complete -c immure -n '__immure_options_of front run shell explain check profile trust untrust doctor schema completion version help' -s q -l quiet -d 'no notes and warnings'
complete -c immure -n '__immure_options_of front run shell explain check profile trust untrust doctor schema completion version help' -s v -l verbose -d 'say which profiles are used; twice: the whole plan'
complete -c immure -n '__immure_options_of front run shell explain check profile trust untrust doctor schema completion version help' -l color -x -a 'auto always never' -d 'colour in messages'
complete -c immure -n '__immure_options_of front run shell explain check profile trust untrust doctor schema completion version help' -l log-format -x -a 'human short json syslog' -d 'messages with their source, or one line each: plain, JSON, or with a priority in front'
complete -c immure -n '__immure_options_of front run shell explain' -l no-project -d 'ignore .immure.toml'
complete -c immure -n '__immure_options_of front run shell explain' -l project -d 'require a trusted .immure.toml'
complete -c immure -n '__immure_options_of profile' -l json -d 'print JSON'
complete -c immure -n '__immure_options_of trust' -l yes -d 'don\'t ask'
complete -c immure -n '__immure_options_of profile' -l from -x -k -a '(__immure_profiles)' -d 'new: extend this one instead of default; import: bwrap, whose words stand behind "--"'
complete -c immure -n '__immure_options_of front run shell explain check profile trust untrust doctor schema completion version help' -s h -l help -d 'show this'
complete -c immure -n '__immure_options_of front' -l version -d 'show the version'
complete -c immure -n '__immure_operand_of run' -a '(__immure_program)'
complete -c immure -n '__immure_operand_of explain' -a '(__immure_program)'
complete -c immure -n '__immure_operand_of check' -k -a '(__immure_profiles)'
complete -c immure -n '__immure_operand_of profile' -a 'list show path new edit remove import'
complete -c immure -n '__immure_operand_of trust' -a '(__fish_complete_directories)'
complete -c immure -n '__immure_operand_of untrust' -a '(__fish_complete_directories)'
complete -c immure -n '__immure_operand_of completion' -a 'bash zsh fish'
complete -c immure -n '__immure_operand_of help' -a '(__immure_commands)'
