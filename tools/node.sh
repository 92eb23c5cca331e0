#!/usr/bin/env bash
# Make node_modules hold what package-lock.json lists, with Node from the virtual environment, and do nothing where it
# already does. $1 is "run" (Swagger UI alone) or "dev" (also buf and what the tests need).
set -euo pipefail
cd "$(dirname "$0")/.."

wish=$1
# npm empties node_modules each time, so the copies of the lock file in it tell what it holds.
if cmp -s package-lock.json node_modules/.locked-dev || cmp -s package-lock.json "node_modules/.locked-$wish"; then
    exit 0
fi

printf '· installing the npm packages of package-lock.json (only when it changes)\n' >&2
omit=()
if [[ $wish == run ]]; then
    omit=(--omit dev --omit optional)
fi
# npm and the scripts it starts look for `node` on the path.
PATH="$PWD/.venv/bin:$PATH" npm ci --loglevel error --no-progress "${omit[@]}" >/dev/null
cp package-lock.json "node_modules/.locked-$wish"
