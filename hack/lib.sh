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
	bin/localcluster --name "$cluster_name" "$@"
}

helm() {
	"$helm_path" "$@"
}

# load_images: builds the images as dev and loads those that this cluster does not have yet. The digests are left in
# image_digests.
load_images() {
	local loaded path name digest
	# Beside the kubeconfig, in the folder that goes with the cluster.
	loaded=$(dirname "$KUBECONFIG")/images.loaded
	image_digests=$(go run ./hack/images -tag dev)
	while read -r path name digest; do
		if ! grep -qsxF "$name $digest" "$loaded"; then
			localcluster load "$path"
			echo "$name $digest" >>"$loaded"
		fi
	done <<<"$image_digests"
}

# install_local: the chart with the images that load_images has loaded.
install_local() {
	local digest
	# The tag stays the same: a new digest replaces the pod.
	digest=$(grep -E 'preview-(manager|gateway):' <<<"$image_digests" | sha256sum | cut -c1-16)
	helm upgrade --install "$release" charts/preview-operator --namespace "$system_namespace" --create-namespace \
		--set image.tag=dev --set image.pullPolicy=Never \
		--set gateway.service.type=NodePort --set gateway.service.nodePort="$node_port" \
		--set-string podAnnotations.images="$digest" \
		--wait --timeout 5m "$@" >/dev/null
}

# local_gateway_url: the gateway's address on the node of the local cluster.
local_gateway_url() {
	local address
	address=$(kubectl get nodes -o jsonpath='{.items[0].status.addresses[?(@.type=="InternalIP")].address}')
	echo "http://$address:$node_port"
}
