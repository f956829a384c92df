# Completion of immure for bash. Made by `immure completion bash`.

# Names of profiles: built in, and files of the three directories.
_immure_profiles() {
  local directory file program
  program=$(type -P -- "$1")
  printf '%s\n' archive build cargo default ffmpeg gcc ghostscript git imagemagick judge node pandoc pdftotext python shell sqlite3 untrusted-cli
  for directory in "${XDG_CONFIG_HOME:-$HOME/.config}/immure/profiles" /etc/immure/profiles \
    "${program%/bin/*}/share/immure/profiles"; do
    for file in "$directory"/*.toml; do
      [[ -f $file ]] || continue
      file=${file##*/}
      printf '%q\n' "${file%.toml}"
    done
  done
}

_immure_keys() {
  printf '%s\n' version \
    description \
    why \
    extends \
    hostname \
    domainname \
    best_effort \
    match \
    fs_protect \
    root.dir \
    root.size \
    root.mode \
    root.writable \
    root.proc \
    root.dev \
    allow.system \
    allow.etc \
    allow.programs \
    allow.exe \
    allow.cwd \
    allow.args \
    allow.home \
    allow.tmp \
    allow.shm \
    allow.network \
    allow.dns \
    allow.certificates \
    allow.timezone \
    allow.locale \
    allow.fonts \
    allow.themes \
    allow.icons \
    allow.gpu \
    allow.input \
    allow.joystick \
    allow.usb \
    allow.kvm \
    allow.fuse \
    allow.tun \
    allow.video4linux \
    allow.serial \
    allow.tpm \
    allow.u2f \
    allow.optical \
    allow.ssh-config \
    allow.git \
    allow.nested \
    allow.debug \
    allow.jit \
    allow.io-uring \
    allow.userfaultfd \
    allow.32bit \
    allow.realtime \
    allow.numa \
    allow.setid \
    allow.sys \
    allow.proc-host \
    allow.machine-id \
    process.command \
    process.args \
    process.argv0 \
    process.cwd \
    process.umask \
    process.nice \
    process.oom_score_adj \
    process.tty \
    process.init \
    process.die_with_parent \
    process.wait \
    process.stop_signal \
    process.grace \
    process.pass_fds \
    process.stdin \
    process.stdout \
    process.stderr \
    process.personality \
    process.tsc \
    process.cpus \
    process.sched \
    process.io_priority \
    process.core_sched \
    process.keyring \
    process.selinux \
    process.apparmor \
    user.uid \
    user.gid \
    user.uid_map \
    user.gid_map \
    user.groups \
    user.name \
    user.passwd \
    caps.keep \
    caps.bounding \
    namespaces.pid \
    namespaces.ipc \
    namespaces.uts \
    namespaces.cgroup \
    namespaces.net \
    namespaces.time \
    namespaces.user \
    namespaces.nested.user \
    namespaces.nested.mnt \
    namespaces.nested.pid \
    namespaces.nested.ipc \
    namespaces.nested.uts \
    namespaces.nested.net \
    namespaces.nested.cgroup \
    namespaces.nested.time \
    time.monotonic \
    time.boottime \
    seccomp.base \
    seccomp.allow \
    seccomp.deny \
    seccomp.rules \
    seccomp.on_deny \
    seccomp.sockets \
    seccomp.arch \
    seccomp.file \
    seccomp.report \
    landlock.mode \
    landlock.tcp_bind \
    landlock.tcp_connect \
    landlock.scope \
    limits.cpu \
    limits.as \
    limits.data \
    limits.stack \
    limits.core \
    limits.fsize \
    limits.nofile \
    limits.nproc \
    limits.memlock \
    limits.msgqueue \
    limits.rtprio \
    limits.rttime \
    limits.sigpending \
    limits.locks \
    limits.nice \
    limits.output \
    limits.tmp_total \
    limits.wall \
    state.name \
    state.scope \
    state.dir \
    state.lock \
    lint.allow
}

# Values of a key.
_immure_values() {
  case $1 in
    fs_protect)
      printf '%s\n' true false
      ;;
    root.writable)
      printf '%s\n' true false
      ;;
    root.proc)
      printf '%s\n' fresh none host
      ;;
    root.dev)
      printf '%s\n' true false
      ;;
    allow.system)
      printf '%s\n' minimal true false
      ;;
    allow.etc)
      printf '%s\n' true false
      ;;
    allow.programs)
      printf '%s\n' true false
      ;;
    allow.exe)
      printf '%s\n' true false
      ;;
    allow.cwd)
      printf '%s\n' ro rw overlay true false
      ;;
    allow.args)
      printf '%s\n' ro rw true false
      ;;
    allow.home)
      printf '%s\n' private persist overlay ro rw true false
      ;;
    allow.tmp)
      printf '%s\n' private persist host true false
      ;;
    allow.shm)
      printf '%s\n' private host true false
      ;;
    allow.network)
      printf '%s\n' host none false
      ;;
    allow.dns)
      printf '%s\n' true false
      ;;
    allow.certificates)
      printf '%s\n' true false
      ;;
    allow.timezone)
      printf '%s\n' true false
      ;;
    allow.locale)
      printf '%s\n' true false
      ;;
    allow.fonts)
      printf '%s\n' true false
      ;;
    allow.themes)
      printf '%s\n' true false
      ;;
    allow.icons)
      printf '%s\n' true false
      ;;
    allow.gpu)
      printf '%s\n' compute true false
      ;;
    allow.input)
      printf '%s\n' true false
      ;;
    allow.joystick)
      printf '%s\n' true false
      ;;
    allow.usb)
      printf '%s\n' true false
      ;;
    allow.kvm)
      printf '%s\n' true false
      ;;
    allow.fuse)
      printf '%s\n' true false
      ;;
    allow.tun)
      printf '%s\n' true false
      ;;
    allow.video4linux)
      printf '%s\n' true false
      ;;
    allow.serial)
      printf '%s\n' true false
      ;;
    allow.tpm)
      printf '%s\n' true false
      ;;
    allow.u2f)
      printf '%s\n' true false
      ;;
    allow.optical)
      printf '%s\n' true false
      ;;
    allow.ssh-config)
      printf '%s\n' true false
      ;;
    allow.git)
      printf '%s\n' read commit true false
      ;;
    allow.nested)
      printf '%s\n' true false
      ;;
    allow.debug)
      printf '%s\n' true false
      ;;
    allow.jit)
      printf '%s\n' true false
      ;;
    allow.io-uring)
      printf '%s\n' true false
      ;;
    allow.userfaultfd)
      printf '%s\n' true false
      ;;
    allow.32bit)
      printf '%s\n' true false
      ;;
    allow.realtime)
      printf '%s\n' true false
      ;;
    allow.numa)
      printf '%s\n' true false
      ;;
    allow.setid)
      printf '%s\n' true false
      ;;
    allow.sys)
      printf '%s\n' ro true false
      ;;
    allow.proc-host)
      printf '%s\n' ro true false
      ;;
    allow.machine-id)
      printf '%s\n' random host true false
      ;;
    process.tty)
      printf '%s\n' share pty detach
      ;;
    process.init)
      printf '%s\n' reaper target
      ;;
    process.die_with_parent)
      printf '%s\n' true false
      ;;
    process.wait)
      printf '%s\n' command all
      ;;
    process.stdin)
      printf '%s\n' inherit null
      ;;
    process.stdout)
      printf '%s\n' inherit null
      ;;
    process.stderr)
      printf '%s\n' inherit null
      ;;
    process.tsc)
      printf '%s\n' true false
      ;;
    process.core_sched)
      printf '%s\n' true false
      ;;
    process.keyring)
      printf '%s\n' new inherit
      ;;
    user.groups)
      printf '%s\n' drop keep
      ;;
    user.passwd)
      printf '%s\n' minimal host none
      ;;
    namespaces.pid)
      printf '%s\n' new host path: fd:
      ;;
    namespaces.ipc)
      printf '%s\n' new host path: fd:
      ;;
    namespaces.uts)
      printf '%s\n' new host path: fd:
      ;;
    namespaces.cgroup)
      printf '%s\n' new host path: fd:
      ;;
    namespaces.net)
      printf '%s\n' new host path: fd:
      ;;
    namespaces.time)
      printf '%s\n' new host path: fd:
      ;;
    namespaces.user)
      printf '%s\n' new host path: fd:
      ;;
    seccomp.base)
      printf '%s\n' none standard strict
      ;;
    seccomp.on_deny)
      printf '%s\n' errno kill log
      ;;
    seccomp.report)
      printf '%s\n' false
      ;;
    landlock.mode)
      printf '%s\n' auto require scope off
      ;;
    limits.cpu)
      printf '%s\n' inherit hard unlimited
      ;;
    limits.as)
      printf '%s\n' inherit hard unlimited
      ;;
    limits.data)
      printf '%s\n' inherit hard unlimited
      ;;
    limits.stack)
      printf '%s\n' inherit hard unlimited
      ;;
    limits.core)
      printf '%s\n' inherit hard unlimited
      ;;
    limits.fsize)
      printf '%s\n' inherit hard unlimited
      ;;
    limits.nofile)
      printf '%s\n' inherit hard unlimited
      ;;
    limits.nproc)
      printf '%s\n' inherit hard unlimited
      ;;
    limits.memlock)
      printf '%s\n' inherit hard unlimited
      ;;
    limits.msgqueue)
      printf '%s\n' inherit hard unlimited
      ;;
    limits.rtprio)
      printf '%s\n' inherit hard unlimited
      ;;
    limits.rttime)
      printf '%s\n' inherit hard unlimited
      ;;
    limits.sigpending)
      printf '%s\n' inherit hard unlimited
      ;;
    limits.locks)
      printf '%s\n' inherit hard unlimited
      ;;
    limits.nice)
      printf '%s\n' inherit hard unlimited
      ;;
    state.scope)
      printf '%s\n' profile project
      ;;
    state.lock)
      printf '%s\n' exclusive share
      ;;
  esac
}

_immure_commands() {
  printf '%s\n' run shell explain check profile trust untrust doctor schema completion version help
}

# Options of a command; of none: those in front of it.
_immure_options() {
  case $1 in
    '')
      printf '%s\n' -p --profile -w -a --allow --deny --ro --rw --dev --overlay --tmpfs --hide -e --env --unset-env -C --chdir --name --set --unset --dry-run --status-fd --ready-fd --block-fd --args-fd --log-fd -q --quiet -v --verbose --color --log-format --no-project --project -h --help --version
      ;;
    run)
      printf '%s\n' -p --profile -w -a --allow --deny --ro --rw --dev --overlay --tmpfs --hide -e --env --unset-env -C --chdir --name --set --unset --dry-run --status-fd --ready-fd --block-fd --args-fd --log-fd -q --quiet -v --verbose --color --log-format --no-project --project -h --help
      ;;
    shell)
      printf '%s\n' -p --profile -w -a --allow --deny --ro --rw --dev --overlay --tmpfs --hide -e --env --unset-env -C --chdir --name --set --unset --dry-run --status-fd --ready-fd --block-fd --args-fd --log-fd -q --quiet -v --verbose --color --log-format --no-project --project -h --help
      ;;
    explain)
      printf '%s\n' -p --profile -w -a --allow --deny --ro --rw --dev --overlay --tmpfs --hide -e --env --unset-env -C --chdir --name --set --unset --as --why --diff --steps --seccomp --args-fd --log-fd -q --quiet -v --verbose --color --log-format --no-project --project -h --help
      ;;
    check)
      printf '%s\n' --json --pure --log-fd -q --quiet -v --verbose --color --log-format -h --help
      ;;
    profile)
      printf '%s\n' --log-fd -q --quiet -v --verbose --color --log-format --json --from -h --help
      ;;
    trust)
      printf '%s\n' --log-fd -q --quiet -v --verbose --color --log-format --yes -h --help
      ;;
    untrust)
      printf '%s\n' --log-fd -q --quiet -v --verbose --color --log-format -h --help
      ;;
    doctor)
      printf '%s\n' --log-fd -q --quiet -v --verbose --color --log-format -h --help
      ;;
    schema)
      printf '%s\n' --log-fd -q --quiet -v --verbose --color --log-format -h --help
      ;;
    completion)
      printf '%s\n' --log-fd -q --quiet -v --verbose --color --log-format -h --help
      ;;
    version)
      printf '%s\n' --log-fd -q --quiet -v --verbose --color --log-format -h --help
      ;;
    help)
      printf '%s\n' --log-fd -q --quiet -v --verbose --color --log-format -h --help
      ;;
  esac
}

_immure_takes_value() {
  case $1 in
    -p | --profile | --allow | --deny | --ro | --rw | --dev | --overlay | --tmpfs | --hide | -e | --env | --unset-env | -C | --chdir | --name | --set | --unset | --as | --why | --diff | --status-fd | --ready-fd | --block-fd | --args-fd | --log-fd | --color | --log-format | --from) return 0 ;;
  esac
  return 1
}

# Those of the lines on standard input that begin with $cur become completions. Where bash breaks
# words at = and :, it wants what follows the last of them only.
_immure_offer() {
  local line front=
  if [[ $cur == *[=:]* && $COMP_WORDBREAKS == *[=:]* ]]; then
    front=${cur%"${cur##*[=:]}"}
  fi
  while IFS= read -r line; do
    if [[ $line == "$cur"* ]]; then
      COMPREPLY+=("${line#"$front"}")
    fi
  done < <(sort -u)
}

_immure_files() {
  compopt -o filenames 2>/dev/null
  local part=$cur found
  if [[ $COMP_WORDBREAKS == *[=:]* ]]; then
    part=${cur##*[=:]}
  fi
  mapfile -t found < <(compgen "$1" -- "$part")
  COMPREPLY+=("${found[@]}")
}

# The value of an option.
_immure_value() {
  case $1 in
    -p | --profile)
      _immure_offer < <(_immure_profiles "$2")
      [[ ${#COMPREPLY[@]} -gt 0 ]] || _immure_files -f
      ;;
    --allow)
      _immure_intent
      ;;
    --deny)
      _immure_intent
      ;;
    --ro)
      _immure_files -f
      ;;
    --rw)
      _immure_files -f
      ;;
    --dev)
      _immure_files -f
      ;;
    --overlay)
      _immure_files -f
      ;;
    --tmpfs)
      _immure_files -f
      ;;
    --hide)
      _immure_files -f
      ;;
    -e | --env)
      _immure_offer < <(compgen -e)
      ;;
    --unset-env)
      _immure_offer < <(compgen -e)
      ;;
    -C | --chdir)
      _immure_files -d
      ;;
    --name)
      :
      ;;
    --set)
      _immure_setting
      ;;
    --unset)
      _immure_offer < <(_immure_keys)
      ;;
    --as)
      _immure_offer < <(printf '%s\n' json toml bwrap)
      ;;
    --why)
      :
      ;;
    --diff)
      _immure_offer < <(_immure_profiles "$2")
      [[ ${#COMPREPLY[@]} -gt 0 ]] || _immure_files -f
      ;;
    --status-fd)
      :
      ;;
    --ready-fd)
      :
      ;;
    --block-fd)
      :
      ;;
    --args-fd)
      :
      ;;
    --log-fd)
      :
      ;;
    --color)
      _immure_offer < <(printf '%s\n' auto always never)
      ;;
    --log-format)
      _immure_offer < <(printf '%s\n' human short json syslog)
      ;;
    --from)
      _immure_offer < <(_immure_profiles "$2")
      [[ ${#COMPREPLY[@]} -gt 0 ]] || _immure_files -f
      ;;
  esac
}

_immure_setting() {
  local key=${cur%%=*}
  if [[ $cur == *=* ]]; then
    _immure_offer < <(_immure_values "$key" | sed "s|^|$key=|")
  else
    compopt -o nospace 2>/dev/null
    _immure_offer < <(_immure_keys | sed 's/$/=/')
  fi
}

# Puts a text in front of each line.
_immure_behind() {
  local line
  while IFS= read -r line; do
    printf '%s%s\n' "$1" "$line"
  done
}

# The last one of a list.
_immure_intent() {
  local front= name
  if [[ $cur == *,* ]]; then
    front=${cur%,*},
  fi
  name=${cur#"$front"}
  if [[ $name == *=* ]]; then
    name=${name%%=*}
    _immure_offer < <(_immure_values "allow.$name" | _immure_behind "$front$name=")
  else
    _immure_offer < <(_immure_keys | sed -n 's/^allow\.//p' | _immure_behind "$front")
  fi
}

# The command line's words as immure will see them, and where each begins among COMP_WORDS.
_immure_words() {
  local index rest=$COMP_LINE token bare glue
  words=() starts=()
  for ((index = 0; index < ${#COMP_WORDS[@]}; index++)); do
    token=${COMP_WORDS[index]}
    bare=${rest#"${rest%%[![:blank:]]*}"}
    glue=
    if [[ $index -gt 0 && $bare == "$rest" && -n $rest ]]; then
      [[ $token == *[!=:]* && ${COMP_WORDS[index - 1]} == *[!=:]* ]] || glue=1
    fi
    if [[ -n $glue ]]; then
      words[${#words[@]}-1]+=$token
    else
      words+=("$token")
      starts+=("$index")
    fi
    rest=${bare#"$token"}
    if [[ $index -eq $COMP_CWORD ]]; then
      cword=$((${#words[@]} - 1))
      cur=${words[cword]}
    fi
  done
}

# The command that is to be run completes its own arguments.
_immure_program() {
  local helper
  for helper in _comp_command_offset _command_offset; do
    if declare -F "$helper" >/dev/null; then
      "$helper" "${starts[$1]}"
      return
    fi
  done
  if [[ $1 -eq $cword ]]; then
    _immure_files -c
  else
    _immure_files -f
  fi
}

_immure_operands() {
  case $command in
    run)
      _immure_program "$1"
      ;;
    shell)
      :
      ;;
    explain)
      _immure_program "$1"
      ;;
    check)
      _immure_offer < <(_immure_profiles "$2")
      [[ ${#COMPREPLY[@]} -gt 0 ]] || _immure_files -f
      ;;
    profile)
      _immure_offer < <(printf '%s\n' list show path new edit remove import)
      ;;
    trust)
      _immure_files -d
      ;;
    untrust)
      _immure_files -d
      ;;
    doctor)
      :
      ;;
    schema)
      :
      ;;
    completion)
      _immure_offer < <(printf '%s\n' bash zsh fish)
      ;;
    version)
      :
      ;;
    help)
      _immure_offer < <(_immure_commands)
      ;;
  esac
}

_immure() {
  local -a words starts
  local cword=0 cur='' command='' pending='' first='' index word letters
  _immure_words
  for ((index = 1; index < cword; index++)); do
    word=${words[index]}
    if [[ -n $pending ]]; then
      pending=
      continue
    fi
    case $word in
      --)
        first=$((index + 1))
        command=${command:-run}
        break
        ;;
      --*=*) ;;
      --*) if _immure_takes_value "$word"; then pending=$word; fi ;;
      -?*)
        for ((letters = 1; letters < ${#word}; letters++)); do
          if _immure_takes_value "-${word:letters:1}"; then
            if ((letters + 1 == ${#word})); then
              pending=-${word:letters:1}
            fi
            break
          fi
        done
        ;;
      *)
        if [[ -n $command || $word == */* ]]; then
          first=$index
          command=${command:-run}
          break
        fi
        command=$word
        ;;
    esac
  done
  COMPREPLY=()
  if [[ -n $first ]]; then
    _immure_operands "$first" "$1"
  elif [[ -n $pending ]]; then
    _immure_value "$pending" "$1"
  elif [[ $cur == --*=* ]]; then
    word=${cur%%=*}
    cur=${cur#*=}
    _immure_value "$word" "$1"
  elif [[ $cur == -* ]]; then
    _immure_offer < <(_immure_options "$command")
  elif [[ -n $command ]]; then
    _immure_operands "$cword" "$1"
  elif [[ $cur == */* || $cur == .* ]]; then
    _immure_files -f
  else
    _immure_offer < <(_immure_commands)
  fi
}

complete -F _immure immure
