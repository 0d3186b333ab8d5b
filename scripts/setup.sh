# Sourced by demo, test and serve: makes .venv in the checkout and installs a requirements file into it, once.
# Every failure ends in one sentence that says what to do.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    printf '\nerror: %s\n' "$*" >&2
    exit 1
}

pip_group=

# Stops pip and what it has started, such as a compiler: they are a process group of their own.
stop_pip() {
    local group=$pip_group tries=0
    pip_group=
    [ -n "$group" ] || return 0
    kill -TERM -- "-$group" 2>/dev/null || return 0
    while [ $((tries += 1)) -le 25 ] && kill -0 -- "-$group" 2>/dev/null; do
        sleep 0.2
    done
    kill -KILL -- "-$group" 2>/dev/null || true
}

interrupted() {
    trap '' INT TERM HUP
    stop_pip
    printf '\nStopped. What was installed stays; start again to go on.\n' >&2
    exit "$1"
}

# The first interpreter that is Python 3.11 or newer and can make virtual environments.
find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            printf '%s' "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer with its venv module is needed (Debian/Ubuntu: apt install python3 python3-venv; macOS: brew install python). Set PYTHON=/path/to/python if it is somewhere unusual."
}

has_compiler() {
    command -v "${CC:-cc}" >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null || return 1
    command -v "${CXX:-c++}" >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null
}

need_disk_gib() {
    local free_kib
    free_kib=$(df -Pk . | awk 'NR == 2 { print $4 }')
    [ "$free_kib" -ge $(($1 * 1024 * 1024)) ] ||
        fail "$1 GiB of free disk are needed in $PWD, $((free_kib / 1024 / 1024)) GiB are free. Free some, or put the checkout on another disk."
}

# install FILE: bring .venv up to date with a requirements file; does nothing if it already is.
install() {
    local file=$1 stamp=.venv/.installed-${1##*/} want python
    want=$(cat requirements*.txt | cksum)
    if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then
        return
    fi
    trap 'interrupted 130' INT
    trap 'interrupted 143' TERM
    trap 'interrupted 129' HUP
    trap stop_pip EXIT
    python=$(find_python)
    [ -x .venv/bin/python ] || need_disk_gib 4
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then # none yet, or stopped while it was made
        printf 'Making .venv with %s\n' "$("$python" --version)"
        "$python" -m venv .venv || fail "the virtual environment could not be made; see the lines above."
    fi
    if ! .venv/bin/python -c 'import llama_cpp' >/dev/null 2>&1; then
        has_compiler || fail "a C and C++ compiler is needed to build llama.cpp (Debian/Ubuntu: apt install build-essential; Fedora: dnf install gcc-c++; macOS: xcode-select --install)."
        printf 'Installing packages; llama.cpp is compiled for this machine, which takes 3 to 5 minutes on two cores.\n'
    else
        printf 'Installing packages.\n'
    fi
    .venv/bin/python -m pip install --quiet --upgrade 'pip==26.3' || fail "pip could not be upgraded: is the package registry reachable? Check the network or your pip configuration."
    set -m # job control: pip gets a process group, and Ctrl+C is passed on below
    .venv/bin/python -m pip install --progress-bar on --prefer-binary -r "$file" </dev/null >.venv/install.log 2>&1 &
    local pip_process=$! began=$SECONDS
    set +m
    pip_group=$pip_process
    while kill -0 "$pip_process" 2>/dev/null; do
        sleep 1
        if [ $(((SECONDS - began) % 15)) -eq 0 ]; then
            printf '  %3d s  %s\n' $((SECONDS - began)) "$(grep -E '^(Collecting|Downloading|Building|Installing|  Building)' .venv/install.log | tail -n 1 | cut -c 1-90)"
        fi
    done
    pip_group=
    wait "$pip_process" || {
        tail -n 25 .venv/install.log >&2
        fail "packages could not be installed; the end of .venv/install.log is above. Usual causes: no network, or no compiler."
    }
    printf '%s' "$want" >"$stamp"
    printf 'Packages installed in %d s.\n' $((SECONDS - began))
    trap - INT TERM HUP EXIT
}
