#!/usr/bin/env bash
# Runs the fuzz targets, one after the other, for a while each, and says what became of each. What a target finds is written
# below its package's testdata/fuzz; make a test of it, and repair what it shows.
#
#   hack/fuzz.sh              one minute each
#   hack/fuzz.sh 10m          ten minutes each
#   hack/fuzz.sh 10m express  those whose package or name has express in it
set -euo pipefail
cd "$(dirname "$0")/.."

each=${1:-1m} only=${2:-}
mapfile -t targets < <(grep -rhoE --include='*_test.go' '^func Fuzz[A-Za-z]+' --with-filename cmd controllers internal test |
	sed -E 's#^(.*)/[^/]+:func (Fuzz.*)#\1 \2#' | sort | grep -- "$only")
if [ ${#targets[@]} -eq 0 ]; then
	echo "no fuzz target has $only in its package or name" >&2
	exit 2
fi
failed=0 n=0
for target in "${targets[@]}"; do
	n=$((n + 1))
	read -r package name <<<"$target"
	log=$(mktemp) begun=$SECONDS
	echo "[$n/${#targets[@]}] $package $name, for $each"
	# Inputs that are only interesting are not made smaller: that can take longer than all the rest.
	if CGO_ENABLED=1 go test "./$package" -run '^$' -fuzz "^$name\$" -fuzztime "$each" -fuzzminimizetime 1x >"$log" 2>&1; then
		grep -E 'execs' "$log" | tail -n 1
	else
		tail -n 40 "$log"
		failed=$((failed + 1))
	fi
	rm -f "$log"
	echo "        took $((SECONDS - begun)) s"
done
echo "fuzz: $n targets, $failed failed"
[ "$failed" -eq 0 ]
