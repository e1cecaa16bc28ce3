#!/bin/sh
# program_test.sh MYNA - exit codes and sentences of the program itself; prints TAP.
myna=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
HOME=$dir
export HOME
unset XDG_CONFIG_HOME MYNA_TURN_ALPHA
n=0
bad=0

# expect CODE TEXT ARGS...: this exit code, and TEXT somewhere in what was written
expect() {
    code=$1 text=$2
    shift 2
    "$myna" "$@" >out 2>&1 </dev/null
    got=$?
    n=$((n + 1))
    if [ "$got" -eq "$code" ] && grep -qF -- "$text" out; then
        echo "ok $n - myna $*"
    else
        bad=1
        echo "not ok $n - myna $*: exit $got, want $code and \"$text\""
        sed 's/^/# /' out
    fi
}

expect 0 'Usage: myna COMMAND' --help
expect 0 'Usage: myna models' models --help
expect 0 'Usage: myna models' help models
expect 0 'myna 0.' --version
expect 2 'Usage: myna COMMAND'
expect 2 'myna: unknown command "cnfig"; did you mean "config"?' cnfig
expect 2 'myna: unknown flag "--jsn"; did you mean "--json"?' config --jsn
expect 0 'alpha: 0.9' config
expect 0 '"turn.alpha":{"value":0.25,"origin":"--set"}' config --json --set turn.alpha=0.25

printf 'turn:\n  alpha: 0.5\n' >myna.yaml
expect 0 '# myna.yaml:2:3' config
MYNA_TURN_ALPHA=0.75 expect 0 '# environment MYNA_TURN_ALPHA' config
printf 'turn:\n  alpah: 0.5\n' >myna.yaml
expect 2 'myna: myna.yaml:2:3: unknown key "turn.alpah"; did you mean "turn.alpha"?' config
expect 0 'NAME' __man
mkdir -p .config/myna
mv myna.yaml .config/myna/
expect 2 ".config/myna/myna.yaml:2:3: unknown key" config
expect 1 'nowhere.yaml: there is no such configuration file' config --config nowhere.yaml
rm .config/myna/myna.yaml

if [ -w /dev/full ]; then
    n=$((n + 1))
    if "$myna" config >/dev/full 2>out || ! grep -q 'cannot write to standard output' out; then
        bad=1
        echo "not ok $n - a full disk behind standard output is an error"
    else
        echo "ok $n - a full disk behind standard output is an error"
    fi
fi
echo "1..$n"
exit $bad
