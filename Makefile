# Every command of the project; `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# local: the cluster that make run starts; current: the one of the current kube context.
CLUSTER ?= local
# Images for CLUSTER=current: $(IMAGE_REPOSITORY)/preview-manager:$(IMAGE_TAG) and so on.
export IMAGE_REPOSITORY ?=
export IMAGE_TAG ?=
# Tag of the images that `make images` builds.
TAG ?= dev
# Arguments for the suites, for example TESTFLAGS='-run TestAllocate' or, with e2e, -ginkgo.focus=OOM.
TESTFLAGS ?=

# All programs are static, and have no C but for those that parse.
export CGO_ENABLED := 0
WITH_C := CGO_ENABLED=1 go build -trimpath -tags netgo,osusergo -ldflags '-linkmode external -extldflags -static'
# The packages that parse.
PARSING := /(internal/endpoints|cmd/endpoint-scanner|cmd/kubectl-preview|test/endpoints)(/|$$)

##@ Use

.PHONY: help
help: ## List the commands
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Start everything, run the bookstore example and print how to use it (CLUSTER=current: your cluster)
	@hack/run.sh $(CLUSTER)

.PHONY: down
down: ## Remove what make run has started
	@hack/down.sh $(CLUSTER)

.PHONY: cluster-up
cluster-up: deps bin/localcluster ## Start the local cluster alone
	@bin/localcluster up

.PHONY: cluster-down
cluster-down: bin/localcluster ## Remove the local cluster
	@bin/localcluster down

##@ Build

.PHONY: build
build: bin/localcluster plugin ## Build all programs into bin/
	go build -trimpath -o bin/ ./cmd/gateway ./cmd/manager ./cmd/runner
	$(WITH_C) -o bin/ ./cmd/endpoint-scanner

.PHONY: bin/localcluster
bin/localcluster:
	@go build -C hack/localcluster -o "$(CURDIR)/bin/localcluster" .

.PHONY: plugin
plugin: compiler ## Build kubectl preview into bin/; put that on PATH for kubectl to find it
	$(WITH_C) -o bin/kubectl-preview ./cmd/kubectl-preview

# The C compiler, installed only when there is none.
.PHONY: compiler
compiler:
	@command -v gcc >/dev/null || hack/deps.sh gcc libc6-dev

.PHONY: images
images: compiler ## Build the container images as OCI archives in dist/images, without a container engine (TAG=dev)
	go run ./hack/images -tag $(TAG)

.PHONY: generate
generate: ## Write generated code, CRDs, RBAC, the chart's copies of them and the kustomize tree
	hack/generate.sh

.PHONY: deps
deps: ## Install the Debian packages that are missing
	@hack/deps.sh

##@ Check

.PHONY: test
test: deps unit envtest chart e2e ## Run every suite, with all that they need

.PHONY: unit
unit: compiler ## Run the unit tests of all modules, those of the store on SQLite and on a PostgreSQL server of their own
	@for tool in jq python3; do command -v $$tool >/dev/null || hack/deps.sh $$tool; done
	@hack/postgres.sh hack/suite.sh unit . $$(go list ./... | grep -vE '/(controllers|test/e2e)$$|$(PARSING)') $(TESTFLAGS)
	@CGO=1 hack/suite.sh endpoints . $$(go list ./... | grep -E '$(PARSING)') $(TESTFLAGS)
	@hack/suite.sh localcluster hack/localcluster ./... $(TESTFLAGS)

.PHONY: envtest
envtest: bin/localcluster ## Run the controllers against a real API server and etcd
	@KUBEBUILDER_ASSETS=$$(bin/localcluster assets) GINKGO=1 hack/suite.sh envtest . -timeout 20m ./controllers $(TESTFLAGS)

.PHONY: chart
chart: bin/localcluster helm-lint ## Check the chart, and its admission policies on a real API server
	@KUBEBUILDER_ASSETS=$$(bin/localcluster assets) HELM=$$(hack/tool.sh helm) hack/suite.sh chart . -tags chart ./charts $(TESTFLAGS)

.PHONY: e2e
e2e: ## Run the end-to-end suite on a local cluster of its own (KEEP=1 keeps it)
	@hack/e2e.sh $(TESTFLAGS)

.PHONY: endpoint-truth
endpoint-truth: ## Run the projects under test/endpoints and write down which endpoints they really have
	@hack/endpoint-truth.sh $(TESTFLAGS)

.PHONY: bench
bench: bin/localcluster ## Measure cold launches on the cluster that make run has started
	@E2E_KUBECONFIG=$$(bin/localcluster kubeconfig) go run ./test/bench cold $(TESTFLAGS)

.PHONY: bench-launch
bench-launch: ## Measure warm launches, cold ones and plain pods on a cluster of their own, into dist/bench/launch.json (TESTFLAGS='-n 30' for a short run, KEEP=1)
	@hack/bench.sh launch $(TESTFLAGS)

.PHONY: bench-load
bench-load: ## Measure launches at once and at random times, and 100 previews at once, on a cluster of their own (KEEP=1)
	@hack/bench.sh burst,poisson,density $(TESTFLAGS)

.PHONY: fuzz
fuzz: compiler ## Run every fuzz target for a minute (TESTFLAGS='10m express' for ten minutes, and only what has express in its name)
	@hack/fuzz.sh $(TESTFLAGS)

.PHONY: helm-lint
helm-lint: ## Lint the chart
	@$$(hack/tool.sh helm) lint --strict --quiet charts/preview-operator

.PHONY: lint
lint: compiler ## Run golangci-lint, with the import rules
	@$$(hack/tool.sh golangci-lint) run ./...
	@CGO_ENABLED=1 $$(hack/tool.sh golangci-lint) run ./internal/endpoints/syntax

.PHONY: verify
verify: compiler ## Check generated files, modules, lint, import rules, chart and kustomize tree
	@hack/verify.sh
