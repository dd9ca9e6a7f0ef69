#!/usr/bin/env bash
# Runs test/e2e on a local cluster of its own, which is removed afterwards, also when something fails. KEEP=1 keeps it
# for a look at what went wrong; the next run starts from where it is.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/lib.sh
. hack/lib.sh

# One run at a time: a second one would take the cluster away from under the first.
exec 9>"${TMPDIR:-/tmp}/preview-operator-e2e.lock"
if ! flock -n 9; then
	echo "another run of this suite uses the cluster e2e; waiting for it for at most 40 minutes"
	flock -w 2400 9
fi

hack/deps.sh
helm_path=$(hack/tool.sh helm)
use_local_cluster e2e
finish() {
	if [ -n "${KEEP:-}" ]; then
		echo "kept: export KUBECONFIG=$KUBECONFIG; remove it with bin/localcluster --name e2e down"
	else
		localcluster down
	fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step 1 5 "starting the local cluster e2e"
[ -n "${KEEP:-}" ] || localcluster down
localcluster up
step 2 5 "building and loading the images"
load_images
step 3 5 "installing the chart"
# Without waiting pods: the specs of warm pods have runtimes of their own, and the others begin from nothing.
install_local --set runtimes.python.warm.size=0
step 4 5 "helm test"
helm test "$release" --namespace "$system_namespace" --timeout 2m
step 5 5 "running the specs"
printf '#!/bin/sh\nexec "%s/bin/localcluster" --name e2e "$@"\n' "$PWD" >bin/localcluster-e2e
printf '#!/bin/sh\nexec "%s/bin/localcluster-e2e" kubectl "$@"\n' "$PWD" >bin/kubectl-e2e
chmod +x bin/localcluster-e2e bin/kubectl-e2e
E2E_KUBECONFIG=$KUBECONFIG E2E_GATEWAY_URL=$(local_gateway_url) E2E_KUBECTL=$PWD/bin/kubectl-e2e E2E_HELM=$helm_path \
	E2E_LOCALCLUSTER=$PWD/bin/localcluster-e2e GINKGO=1 \
	hack/suite.sh e2e . -timeout 40m ./test/e2e "$@"
