#!/usr/bin/env bash
# make_venv.sh PYTHON VENV: a virtual environment, or one sentence saying what is missing.
set -euo pipefail
python=${1:-} venv=$2

if [ -z "$python" ]; then
    echo "Amends needs Python 3.11 or newer, and found none: install it, or name it with make setup PYTHON=/path/to/python3." >&2
    exit 3
fi

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif sudo -n true 2>/dev/null; then sudo -n "$@"; else return 1; fi
}

# Debian and Ubuntu keep ensurepip in a package of its own.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    echo "This Python cannot make virtual environments; installing $version."
    if ! { command -v apt-get >/dev/null && as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$version"; } >/dev/null 2>&1; then
        echo "Install the package $version (on Debian or Ubuntu: sudo apt-get install $version), then run make setup again." >&2
        exit 3
    fi
fi

# Half an environment would be taken for a whole one the next time.
"$python" -m venv "$venv" || { rm -rf "$venv"; exit 3; }
