# Sourced by the scripts beside it: a virtual environment in .venv with this checkout in it.
#
#   prepare_venv NAME PIP-ARGUMENTS…   installs once, and again only when pyproject.toml changed
#   in_memory                          temporary files in memory from now on, where there is room

find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    echo "askfirst needs Python 3.11 or newer; none was found on the PATH." >&2
    return 1
}

prepare_venv() {
    stamp=".venv/askfirst-$1"
    shift
    if [ ! -x .venv/bin/python ]; then
        python=$(find_python) || return 1
        echo "Making .venv with $("$python" --version) …" >&2
        if ! "$python" -m venv .venv; then
            rm -rf .venv
            echo "Python's venv module is missing (Debian and Ubuntu: apt install python3-venv)." >&2
            return 1
        fi
    fi
    if [ -f "$stamp" ] && cmp -s pyproject.toml "$stamp"; then
        return 0
    fi
    echo "Installing into .venv (the first time only) …" >&2
    # `pip install --group` came with pip 25.1.
    .venv/bin/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1' || return 1
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@" || return 1
    cp pyproject.toml "$stamp"
}

# Every test has databases of its own that sync each commit: in memory where there is room for them,
# which halves the time. The same files, locks and calls; only a power cut would tell the difference.
in_memory() {
    [ -w /dev/shm ] || return 0
    free=$(df -Pk /dev/shm | awk 'NR == 2 && $1 == "tmpfs" { print $4 }')
    [ "${free:-0}" -ge 4000000 ] || return 0
    TMPDIR=$(mktemp -d /dev/shm/askfirst-XXXXXX)
    export TMPDIR
    trap 'rm -rf "$TMPDIR"' EXIT
    trap 'exit 130' HUP INT TERM
}
