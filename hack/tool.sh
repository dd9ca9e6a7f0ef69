#!/usr/bin/env bash
# Prints the path of a pinned tool, which it builds first when this version is not in the cache yet.
#
#   hack/tool.sh helm    ->  ~/.cache/preview-operator/bin/helm-v4.3.1/helm
#
# Versions stand in hack/tools: go.mod holds the small tools, and those whose dependencies would clash have a module of
# their own beside it. A change of a version leads to another folder, so that two checkouts can share the cache.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
name=${1:?usage: hack/tool.sh <tool>}

ldflags="-s -w"
case $name in
controller-gen) dir=. module=sigs.k8s.io/controller-tools package=$module/cmd/controller-gen ;;
kustomize) dir=. module=sigs.k8s.io/kustomize/kustomize/v5 package=$module ;;
gotestsum) dir=. module=gotest.tools/gotestsum package=$module ;;
golangci-lint) dir=golangci-lint module=github.com/golangci/golangci-lint/v2 package=$module/cmd/golangci-lint ;;
helm) dir=helm module=helm.sh/helm/v4 package=$module/cmd/helm ;;
*)
	echo "hack/tool.sh: unknown tool $name" >&2
	exit 2
	;;
esac

cd "$root/hack/tools/$dir"
version=$(sed -nE "s|^[[:space:]]*(require )?$module (v[^ ]+).*|\2|p" go.mod | head -n 1)
[ -n "$version" ] || {
	echo "hack/tool.sh: hack/tools/$dir/go.mod does not require $module" >&2
	exit 1
}
# helm sends its version as user agent and compares it with what charts ask for; the others read it from their build.
[ "$name" != helm ] || ldflags="$ldflags -X $module/internal/version.version=$version"

folder=${XDG_CACHE_HOME:-$HOME/.cache}/preview-operator/bin/$name-$version
if [ ! -x "$folder/$name" ]; then
	started=$SECONDS
	echo "    building $name $version (minutes the first time, cached in $folder)" >&2
	mkdir -p "$folder"
	# Renamed into place when whole: a build that is interrupted, or runs twice at once, leaves no half file behind.
	partial=$(mktemp "$folder/.$name.XXXXXX")
	trap 'rm -f "$partial"' EXIT
	CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -ldflags "$ldflags" -o "$partial" "$package"
	mv -f "$partial" "$folder/$name"
	echo "    built $name $version in $((SECONDS - started)) s" >&2
fi
echo "$folder/$name"
