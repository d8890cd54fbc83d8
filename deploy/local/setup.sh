#!/bin/sh
# Makes .venv hold exactly what a lock file names: `sh deploy/local/setup.sh requirements/dev.lock`.
# Needs Python 3.11 or newer and asks nothing. Called by the Makefile when the lock has changed.
set -eu
lock=$1
venv=.venv
inside=$venv/bin/python

say() { printf '%-20s | %s\n' setup "$*"; }
give_up() { say "$*" >&2; exit 1; }
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if ! { [ -x "$inside" ] && new_enough "$inside" && "$inside" -m pip --version >/dev/null 2>&1; }; then
    for python in "${PYTHON3:-python3}" python3.14 python3.13 python3.12 python3.11 ''; do
        if [ -n "$python" ] && new_enough "$python"; then break; fi
    done
    [ -n "$python" ] || give_up "Python 3.11 or newer is missing: apt-get install python3 python3-venv"
    # Debian keeps half of venv in a package of its own.
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
            give_up "$package is missing. Install it, then type the same again: sudo apt-get install $package"
        fi
        say "installing $package"
        install="apt-get install -y --no-install-recommends $package"
        DEBIAN_FRONTEND=noninteractive $install || { apt-get update && DEBIAN_FRONTEND=noninteractive $install; } ||
            give_up "$package could not be installed: $install"
    fi
    say "making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
fi

# uv is ten times faster than pip; which one it is, the lock says with its hash. Without it pip does the same.
pin=$venv/uv.lock
awk '/^[^ #]/ { block = /^uv==/ } block' "$lock" >"$pin"
say "installing $(grep -c '^[a-z]' "$lock") packages from $lock"
"$inside" -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes -r "$pin" &&
    "$venv/bin/uv" pip sync --system-certs --python "$inside" --require-hashes "$lock" ||
    "$inside" -m pip install --disable-pip-version-check --no-input --require-hashes -r "$lock"
say "$venv is complete"
