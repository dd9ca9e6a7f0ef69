# What run.sh, down.sh and e2e.sh share. Sourced by bash, from the root of the repository.

# shellcheck shell=bash
release=preview-operator
system_namespace=preview-system
previews_namespace=previews
# The gateway's port on the node of a local cluster. Every local cluster has a node address of its own.
node_port=30080

# step <n> <of> <what>: a line of progress, with the time since the script began.
step() {
	printf '==> [%d/%d] %s (%d s)\n' "$1" "$2" "$3" "$SECONDS"
}

# use_local_cluster <name>: kubectl and helm talk to the local cluster of that name from here on. It need not exist yet.
use_local_cluster() {
	cluster_name=$1
	mkdir -p bin
	go build -C hack/localcluster -o "$PWD/bin/localcluster" .
	KUBECONFIG=$(localcluster kubeconfig)
	export KUBECONFIG
	kubectl() { localcluster kubectl "$@"; }
}

localcluster() {
	# What it leaves running must not hold a lock of the script's.
	bin/localcluster --name "$cluster_name" "$@" 9>&-
}

helm() {
	"$helm_path" "$@"
}

# load_images: builds the images as dev and loads those that this cluster does not have yet. The digests are left in
# image_digests.
load_images() {
	local loaded path name digest
	# What each name was last loaded as: beside the kubeconfig, in the folder that goes with the cluster.
	loaded=$(dirname "$KUBECONFIG")/images.loaded
	image_digests=$(go run ./hack/images -tag dev)
	while read -r path name digest; do
		grep -qsxF "$path $name $digest" "$loaded" || localcluster load "$path"
	done <<<"$image_digests"
	echo "$image_digests" >"$loaded"
}

# install <helm arguments>...: the chart, and what stands in its way when it does not come up.
install() {
	helm upgrade --install "$release" charts/preview-operator --namespace "$system_namespace" --create-namespace \
		--wait "$@" >/dev/null || {
		kubectl --namespace "$system_namespace" get pods --output wide >&2 || true
		kubectl --namespace "$system_namespace" get events --field-selector type=Warning --sort-by .lastTimestamp >&2 || true
		kubectl --namespace "$system_namespace" logs "deployment/$release" --all-containers --tail 20 >&2 || true
		return 1
	}
}

# install_local <helm arguments>...: the chart with the images that load_images has loaded.
install_local() {
	local digest
	# The tag stays the same: a new digest replaces the pod.
	digest=$(grep -E 'preview-(manager|gateway):' <<<"$image_digests" | sha256sum | cut -c1-16)
	install --timeout 5m --set image.tag=dev --set image.pullPolicy=Never --set-string podAnnotations.images="$digest" \
		--set gateway.service.type=NodePort --set gateway.service.nodePort="$node_port" "$@"
}

# local_gateway_url: the gateway's address on the node of the local cluster.
local_gateway_url() {
	local address
	address=$(kubectl get nodes -o jsonpath='{.items[0].status.addresses[?(@.type=="InternalIP")].address}')
	echo "http://$address:$node_port"
}
