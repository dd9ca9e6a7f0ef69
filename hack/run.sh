#!/usr/bin/env bash
# Brings up everything, runs the bookstore example in it over HTTP, and prints how to go on. A second run repairs and
# updates what the first has made.
#
#   hack/run.sh            on the local cluster named preview, or LOCALCLUSTER_NAME
#   hack/run.sh current    in the cluster of the current kube context, with images that it can pull:
#                          IMAGE_REPOSITORY (registry and folder) and IMAGE_TAG name them
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/lib.sh
. hack/lib.sh

work=$(mktemp -d)
forward=
cleanup() {
	[ -z "$forward" ] || kill "$forward" 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

generation=bookstore
user=dev

install_into_local_cluster() {
	step 1 7 "looking for Debian packages"
	hack/deps.sh
	step 2 7 "building the cluster's command and helm"
	helm_path=$(hack/tool.sh helm)
	use_local_cluster "${LOCALCLUSTER_NAME:-preview}"
	step 3 7 "starting the local cluster (builds Kubernetes the first time: about 10 minutes)"
	localcluster up
	kubectl config set-context --current --namespace "$previews_namespace" >/dev/null
	step 4 7 "building and loading the images"
	load_images
	step 5 7 "installing the chart"
	install_local
	gateway=$(local_gateway_url)
}

install_into_current_cluster() {
	step 1 7 "using the current context: $(kubectl config current-context)"
	step 2 7 "building helm"
	helm_path=$(hack/tool.sh helm)
	step 3 7 "images: ${IMAGE_REPOSITORY:-codebegen}/preview-*:${IMAGE_TAG:-the version of the chart}"
	step 4 7 "installing the chart"
	install --timeout 10m ${IMAGE_REPOSITORY:+--set-string "image.repository=$IMAGE_REPOSITORY"} \
		${IMAGE_TAG:+--set-string "image.tag=$IMAGE_TAG"}
	step 5 7 "forwarding a port to the gateway"
	local port=${PORT:-8080}
	gateway=http://127.0.0.1:$port
	port_forward="kubectl -n $system_namespace port-forward service/$release-gateway $port:80"
	kubectl -n "$system_namespace" port-forward "service/$release-gateway" "$port:80" >"$work/forward.log" 2>&1 &
	forward=$!
}

# await_gateway: until it answers, for at most a minute.
await_gateway() {
	local deadline=$((SECONDS + 60))
	until curl -fsS -m 5 -o /dev/null "$gateway/readyz" 2>"$work/error"; do
		if [ "$SECONDS" -ge "$deadline" ]; then
			echo "the gateway does not answer at $gateway: $(cat "$work/error" "$work/forward.log" 2>/dev/null)" >&2
			exit 1
		fi
		sleep 0.2
	done
}

# call <method> <path> [curl options]: the answer's body; the script ends with it when the answer is no success.
call() {
	local method=$1 path=$2 status
	shift 2
	status=$(curl -sS -m 60 -X "$method" -o "$work/body" -w '%{http_code}' -H "Authorization: Bearer $token" "$@" "$gateway$path")
	case $status in
	2*) cat "$work/body" ;;
	*)
		echo "$method $path answered $status: $(cat "$work/body")" >&2
		exit 1
		;;
	esac
}

# await_running: until the preview runs, for at most two minutes. It fails with what the status says.
await_running() {
	local deadline=$((SECONDS + 120)) answer status
	while :; do
		answer=$(call GET "$preview/status")
		status=$(jq -r .status <<<"$answer")
		case $status in
		running) return ;;
		starting) ;;
		*)
			echo "the preview is $status: $answer" >&2
			exit 1
			;;
		esac
		if [ "$SECONDS" -ge "$deadline" ]; then
			echo "the preview did not start within 2 minutes: $answer" >&2
			exit 1
		fi
		sleep 0.1
	done
}

case ${1:-local} in
local) install_into_local_cluster ;;
current) install_into_current_cluster ;;
*)
	echo "usage: hack/run.sh [local|current]" >&2
	exit 2
	;;
esac
await_gateway

step 6 7 "storing examples/bookstore as generation $generation"
(umask 077 && kubectl -n "$system_namespace" get secret "$release-keys" -o jsonpath='{.data.jwt-secret}' | base64 -d >"$work/jwt-secret")
go build -trimpath -o bin/gateway ./cmd/gateway
token=$(PREVIEW_JWT_SECRET_FILE=$work/jwt-secret bin/gateway token --user "$user")
tar -C examples/bookstore -czf "$work/bookstore.tar.gz" .
call PUT "/api/v1/generations/$generation?project_id=examples" \
	-H 'Content-Type: application/gzip' --data-binary "@$work/bookstore.tar.gz" >/dev/null

step 7 7 "launching it"
preview=/api/v1/generations/$generation/preview
launched=$(call POST "$preview/launch")
await_running
books=$(call POST "$preview/request" -H "X-Preview-Token: $(jq -r .session_token <<<"$launched")" \
	-H 'Content-Type: application/json' -d '{"method":"GET","path":"/books"}')
if [ "$(jq -r .status_code <<<"$books")" != 200 ]; then
	echo "GET /books of the bookstore did not answer 200: $books" >&2
	exit 1
fi

bearer="-H 'Authorization: Bearer $token'"
url=$gateway$preview
cat <<TEXT

The bookstore runs, and GET /books answered 200 through the gateway ($SECONDS s in all).

  gateway   $gateway
  preview   $(jq -r .base_url <<<"$(call GET "$preview/status")")   (inside the cluster)
  token     $token
            user $user, for development

Launch it, follow its logs (Ctrl-C ends that), send it a request, stop it:

curl -sS -X POST $bearer $url/launch

curl -sSN $bearer $url/logs/stream

curl -sS -X POST $bearer -H "X-Preview-Token: \$(curl -sS -X POST $bearer $url/launch | jq -r .session_token)" -H 'Content-Type: application/json' -d '{"method":"GET","path":"/books"}' $url/request

curl -sS -X DELETE $bearer $url

TEXT
if [ -n "$forward" ]; then
	cat <<TEXT
They need this in another terminal:

$port_forward

\`make down CLUSTER=current\` uninstalls it again.
TEXT
else
	cat <<TEXT
The same with kubectl (the default namespace is $previews_namespace):

export KUBECONFIG=$KUBECONFIG
alias kubectl='$PWD/bin/localcluster --name $cluster_name kubectl'
kubectl get pvi

\`make down\` removes everything again.
TEXT
fi
