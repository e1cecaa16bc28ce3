# says.sh PATTERN PROGRAM ARGUMENTS: does the program end well and print a line like that?
pattern=$1
shift
out=$("$@") || { echo "$1 ended with $?"; exit 1; }
printf '%s\n' "$out"
printf '%s\n' "$out" | grep -Eq "$pattern" || { echo "no line like: $pattern"; exit 1; }
