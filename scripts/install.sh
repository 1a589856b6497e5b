#!/usr/bin/env bash
# install.sh VENV: Amends and what it needs, in the versions of requirements.lock, into the virtual environment.
set -euo pipefail
venv=$1

# uv does in seconds what takes pip a minute; where it cannot be had, pip does.
if ! "$venv/bin/python" -m uv --version >/dev/null 2>&1; then
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c requirements.lock uv || true
fi
if "$venv/bin/python" -m uv --version >/dev/null 2>&1 &&
    "$venv/bin/python" -m uv pip install --quiet --python "$venv/bin/python" -c requirements.lock -e '.[dev]'; then
    exit 0
fi
echo "uv could not do it; trying with pip, which takes longer."
exec "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'
