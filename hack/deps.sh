#!/bin/sh
# Installs the Debian packages the repository's commands call, but only those
# that are missing, so that a second run neither needs the network nor waits.
#
#   hack/deps.sh              everything: the local cluster and the images
#   hack/deps.sh runc curl    just these packages
set -eu

# runc, iptables, iproute2, util-linux (nsenter): the local cluster.
# gcc, libc6-dev: the parsers of the endpoint scanner and of the plug-in.
# python3: tests of the runner. mmdebstrap: root file systems of images. curl, jq: scripts and printed commands.
if [ $# -eq 0 ]; then
	set -- ca-certificates curl gcc iproute2 iptables jq libc6-dev mmdebstrap python3 runc util-linux
fi

missing=
for package in "$@"; do
	status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "hack/deps.sh: these Debian packages are missing; run it as root, or: apt-get install$missing" >&2
	exit 1
fi
echo "hack/deps.sh: installing$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Word splitting is meant: one argument per package.
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing
