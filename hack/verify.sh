#!/usr/bin/env bash
# Checks everything that needs no cluster and runs no test: generated files, module files, lint, the import rules, the
# chart and the kustomize tree. It leaves the tree as it was, and fails with what differs.
set -euo pipefail
cd "$(dirname "$0")/.."

step() {
	printf '==> [%d/6] %s (%d s)\n' "$1" "$2" "$SECONDS"
}

before=$(git status --porcelain; git diff)

step 1 "generated files"
hack/generate.sh

step 2 "go mod tidy and go vet in every module"
git ls-files -- go.mod '*/go.mod' | while read -r module; do
	folder=$(dirname "$module")
	(cd "$folder" && go mod tidy -diff) || {
		echo "$module is not tidy: run go mod tidy in $folder" >&2
		exit 1
	}
done
go vet ./...
go vet -C hack/localcluster ./...
# The one package that has other files when there is a C compiler.
CGO_ENABLED=1 go vet ./internal/endpoints/syntax

step 3 "golangci-lint, with the import rules of the design"
"$(hack/tool.sh golangci-lint)" run ./...
CGO_ENABLED=1 "$(hack/tool.sh golangci-lint)" run ./internal/endpoints/syntax

step 4 "shell scripts"
git ls-files -- .ci/run '*.sh' | while read -r script; do
	case $(head -n 1 "$script") in
	'#!/bin/sh') sh -n "$script" ;;
	*) bash -n "$script" ;;
	esac
done

step 5 "chart"
helm=$(hack/tool.sh helm)
"$helm" lint --strict --quiet charts/preview-operator
"$helm" lint --strict --quiet charts/preview-operator --set previews.watchAllNamespaces=true --set networkPolicy.enabled=true \
	--set store.persistent=false --set gateway.service.type=LoadBalancer

step 6 "kustomize"
kustomize=$(hack/tool.sh kustomize)
for overlay in config/crd config/rbac config/admission config/manager config/runtime config/default; do
	"$kustomize" build "$overlay" >/dev/null
done

after=$(git status --porcelain; git diff)
if [ "$before" != "$after" ]; then
	echo "verify changed the tree: run make generate and commit what it writes:" >&2
	diff <(echo "$before") <(echo "$after") >&2 || true
	exit 1
fi
echo "verify: all is in order ($SECONDS s)"
