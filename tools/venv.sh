#!/usr/bin/env bash
# Make virtual environment $1 hold what lock file $2 lists, and do nothing where it already does.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=$1
lock=$2
python=${PYTHON:-python3.11}

say() { printf '· %s\n' "$*" >&2; }

# A virtual environment names its own path and its interpreter, so a moved checkout needs a new one.
place="$PWD/$venv"
if [[ -x $venv/bin/python && -f $venv/.place && $(<"$venv/.place") == "$place" ]]; then
    # requirements-dev.lock holds all of requirements.lock: the wider environment serves the narrower wish.
    for have in "$lock" requirements-dev.lock; do
        if [[ $have == "$lock" || $lock == requirements.lock ]] && cmp -s "$have" "$venv/.${have//\//-}"; then
            exit 0
        fi
    done
else
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        say "$python with venv is missing: install it (Debian: apt install python3.11-venv) or run make with PYTHON=…"
        exit 1
    fi
    say "creating $venv"
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi

rm -f "$venv"/.requirements*.lock "$venv"/.benchmarks-*.lock
say "installing $(grep -c '==' "$lock") packages of $lock (only when it changes)"
# Twice quiet: errors alone are printed.
pip=("$venv/bin/python" -m pip --disable-pip-version-check -qq)
"${pip[@]}" install --no-deps --only-binary :all: --require-hashes -r "$lock"

if [[ $venv == .venv ]]; then
    # The root and the generated code; a .pth file reads each line as one path, spaces and all.
    site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    printf '%s\n%s\n' "$PWD" "$PWD/gen" > "$site/userdata.pth"
    "${pip[@]}" install --no-deps --no-index --no-build-isolation --editable .
fi
printf '%s' "$place" > "$venv/.place"
cp "$lock" "$venv/.${lock//\//-}"
say "$venv is ready"
