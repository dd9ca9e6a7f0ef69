#!/usr/bin/env bash
# Runs measurements of test/bench on a local cluster of their own, which is removed afterwards, also when something fails.
#
#   hack/bench.sh launch [options]          hack/bench.sh burst,poisson,density [options]
#
# KEEP=1 keeps the cluster; the next run starts from where it is. LOCALCLUSTER_NAME names it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/lib.sh
. hack/lib.sh

if [ $# -eq 0 ]; then
	echo "usage: hack/bench.sh <measurement>[,<measurement>...] [options]" >&2
	exit 2
fi
IFS=, read -ra measurements <<<"$1"
shift
name=${LOCALCLUSTER_NAME:-bench}

# One run at a time: a second one would take the cluster away from under the first, or be measured by it.
exec 9>"${TMPDIR:-/tmp}/preview-operator-bench.lock"
if ! flock -n 9; then
	echo "another measurement runs; waiting for it for at most two hours"
	flock -w 7200 9
fi

hack/deps.sh
helm_path=$(hack/tool.sh helm)
use_local_cluster "$name"
finish() {
	if [ -n "${KEEP:-}" ]; then
		echo "kept: E2E_KUBECONFIG=$KUBECONFIG bin/bench launch measures on it again; bin/localcluster --name $name down removes it"
	else
		localcluster down
	fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

steps=$((4 + ${#measurements[@]}))
step 1 "$steps" "starting the local cluster $name"
[ -n "${KEEP:-}" ] || localcluster down
localcluster up
step 2 "$steps" "building and loading the images"
load_images
step 3 "$steps" "installing the chart"
install_local
step 4 "$steps" "building what measures"
go build -trimpath -o bin/bench ./test/bench
export E2E_KUBECONFIG=$KUBECONFIG E2E_GATEWAY_URL
E2E_GATEWAY_URL=$(local_gateway_url)
n=4
for measurement in "${measurements[@]}"; do
	n=$((n + 1))
	step "$n" "$steps" "measuring: $measurement"
	bin/bench "$measurement" "$@" 9>&-
done
