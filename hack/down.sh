#!/usr/bin/env bash
# Removes what hack/run.sh has made.
#
#   hack/down.sh            the local cluster named preview, with everything in it
#   hack/down.sh current    all previews and the release, in the cluster of the current kube context
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/lib.sh
. hack/lib.sh

case ${1:-local} in
local)
	use_local_cluster "${LOCALCLUSTER_NAME:-preview}"
	localcluster down
	;;
current)
	helm_path=$(hack/tool.sh helm)
	# While the manager still runs: it removes the pods.
	kubectl -n "$previews_namespace" delete previewinstances --all --timeout=2m
	helm uninstall "$release" --namespace "$system_namespace" --wait --timeout 2m
	cat <<TEXT
Kept, because they hold data: the volume of the store, the custom resource definitions and namespace $previews_namespace.
To remove them as well:

kubectl delete namespace $previews_namespace $system_namespace
kubectl delete crd previewinstances.preview.codebegen.dev previewruntimes.preview.codebegen.dev
TEXT
	;;
*)
	echo "usage: hack/down.sh [local|current]" >&2
	exit 2
	;;
esac
