#!/usr/bin/env bash
# Compare the contract with an earlier one and fail where a client of the earlier one would break.
#
# $1 is the revision to compare with. Without it: main as the remote has it, or the local main, whichever this work
# does not stand on yet; on main itself, the commit before this one. So there is always a change to judge.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

is_new() { # whether revision $1 exists and is not what is checked out
    git rev-parse --quiet --verify "$1^{commit}" >/dev/null && [[ $(git rev-parse "$1^{commit}") != "$head" ]]
}

if ! head=$(git rev-parse --quiet --verify HEAD); then
    say "No commit yet: there is no earlier contract to compare with."
    exit 0
fi

base=${1:-}
# A forge names the commit before a first push by zeros alone.
[[ $base =~ ^0+$ ]] && base=
if [[ -n $base ]]; then
    git rev-parse --quiet --verify "$base^{commit}" >/dev/null || { say "No revision $base here: fetch it first."; exit 1; }
else
    for candidate in origin/main main HEAD^; do
        if is_new "$candidate"; then
            # A branch that is behind main is judged by where it left it.
            base=$(git merge-base HEAD "$candidate") && [[ $base != "$head" ]] && break
        fi
        base=
    done
fi

if [[ -z $base ]]; then
    if [[ $(git rev-parse --is-shallow-repository) == true ]]; then
        say "The history is cut off before the commit to compare with: run git fetch --unshallow."
        exit 1
    fi
    say "This is the first commit: there is no earlier contract to compare with."
    exit 0
fi

if ! git cat-file -e "$base:protos" 2>/dev/null; then
    say "Commit $(git rev-parse --short "$base") has no protos/: there is no earlier contract to compare with."
    exit 0
fi

# The earlier contract gets today's buf.yaml and google/ protos: only ours are compared.
earlier=.buf/earlier
rm -rf "$earlier"
mkdir -p "$earlier/.buf"
git archive "$base" protos | tar -x -C "$earlier"
cp buf.yaml "$earlier/"
cp -r .buf/googleapis "$earlier/.buf/"

say "Comparing the contract with $(git log -1 --format='%h %s' "$base")"
"$BUF" breaking --against "$earlier"
