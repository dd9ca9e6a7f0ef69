#!/usr/bin/env bash
# Runs a test suite and closes with one line: how many tests passed, failed and were skipped. It fails when one failed,
# when something did not build, and when there was none at all.
#
#   hack/suite.sh <name> <folder of the module> <arguments of go test>...
#
# With GINKGO=1 the one package is a Ginkgo suite, and its specs are counted in place of the function that starts them.
# With CGO=1 C is compiled, too, which packages that parse need; it takes half a minute when nothing is cached.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
name=$1 folder=$2
shift 2

gotestsum=$("$root/hack/tool.sh" gotestsum)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$root/$folder"
ok=0
arguments=("$@")
# Without the C library's resolvers all other packages are the ones that are compiled without C.
[ -z "${CGO:-}" ] || arguments=(-tags netgo,osusergo "${arguments[@]}")
[ -z "${GINKGO:-}" ] || arguments+=(-args "-ginkgo.json-report=$work/specs.json")
CGO_ENABLED=${CGO:-0} "$gotestsum" --format pkgname --format-hide-empty-pkg --jsonfile "$work/tests.json" -- \
	-count=1 "${arguments[@]}" || ok=$?

count() {
	jq -r "select(.Test != null and .Action == \"$1\") | .Test" "$work/tests.json" | wc -l
}
passed=$(count pass) failed=$(count fail) skipped=$(count skip)
if [ -n "${GINKGO:-}" ] && [ -s "$work/specs.json" ]; then
	# The function that runs the specs is itself one test, which failed if any of them did.
	specs() {
		jq "[.[].SpecReports[]? | select(.LeafNodeType == \"It\" and ($1))] | length" "$work/specs.json"
	}
	spec_failures=$(specs '.State != "passed" and .State != "skipped" and .State != "pending"')
	if [ "$(jq '[.[].SuiteSucceeded] | all' "$work/specs.json")" = true ]; then
		passed=$((passed - 1))
	else
		failed=$((failed - 1 > 0 ? failed - 1 : 0))
		# A suite can fail outside its specs, in what prepares them.
		[ "$spec_failures" -gt 0 ] || failed=$((failed + 1))
	fi
	passed=$((passed + $(specs '.State == "passed"')))
	failed=$((failed + spec_failures))
	skipped=$((skipped + $(specs '.State == "skipped" or .State == "pending"')))
fi
note=
[ "$ok" -eq 0 ] || [ "$failed" -gt 0 ] || note="; but it did not build or run to its end"
echo "$name: $passed passed, $failed failed, $skipped skipped$note"
[ "$ok" -eq 0 ] && [ "$passed" -gt 0 ]
