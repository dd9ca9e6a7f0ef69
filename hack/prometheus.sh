#!/usr/bin/env bash
# A Prometheus of Debian's package, for tests alone: it is unpacked into a cache, not installed, so that no service starts
# and nothing has to be removed; it listens on loopback, keeps its data in a folder that goes with it, and evaluates
# the chart's rules.
#
#   hack/prometheus.sh check                     promtool checks the chart's rules
#   hack/prometheus.sh run PORT HOST:PORT...     scrapes these addresses every second until it is told to end
set -euo pipefail
cd "$(dirname "$0")/.."

rules=$PWD/charts/preview-operator/files/rules.yaml
cache=${XDG_CACHE_HOME:-$HOME/.cache}/preview-operator/prometheus

# find <program>: that of the system if there is one, otherwise the cached one, which is unpacked when it is missing.
find_program() {
	if command -v "$1"; then
		return
	fi
	if [ ! -x "$cache/usr/bin/$1" ]; then
		local download
		download=$(mktemp -d)
		chmod 755 "$download"
		(
			cd "$download"
			# No sandbox: its user could not write here.
			get() { apt-get download -qq -o APT::Sandbox::User=root prometheus >&2; }
			get || { apt-get update -qq >&2 && get; }
			dpkg-deb --extract prometheus_*.deb unpacked
		)
		mkdir -p "$(dirname "$cache")"
		rm -rf "$cache"
		mv "$download/unpacked" "$cache"
		rm -rf "$download"
	fi
	echo "$cache/usr/bin/$1"
}

case ${1:-} in
check)
	exec "$(find_program promtool)" check rules "$rules"
	;;
run)
	prometheus=$(find_program prometheus)
	port=$2
	shift 2
	data=$(mktemp -d)
	{
		printf 'global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\n'
		printf 'rule_files: ["%s"]\n' "$rules"
		printf 'scrape_configs:\n  - job_name: preview-operator\n    static_configs:\n      - targets: [%s]\n' "$(printf '"%s",' "$@")"
	} >"$data/prometheus.yml"
	"$prometheus" --config.file="$data/prometheus.yml" --storage.tsdb.path="$data/tsdb" --log.level=warn \
		--web.listen-address="127.0.0.1:$port" &
	pid=$!
	trap 'kill "$pid" 2>/dev/null || true; wait "$pid" || true; rm -rf "$data"' EXIT
	trap 'exit 0' INT TERM
	wait "$pid"
	;;
*)
	sed -n '/^#   /s/^# *//p' "$0" >&2
	exit 2
	;;
esac
