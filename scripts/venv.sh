# Sourced by the scripts beside it: a virtual environment in .venv with this checkout in it.
#
#   prepare_venv NAME PIP-ARGUMENTS…   installs once, and again only when pyproject.toml changed

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
