#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own: Debian's, in a temporary folder, on a Unix socket there, with a
# password. The command finds it in PREVIEW_TEST_DATABASE_URL. Server and folder are gone when the command ends, however
# it ends, and any number of them run side by side.
#
#   hack/postgres.sh go test ./internal/store
#   hack/postgres.sh                      without a command: until Ctrl-C, for a look with psql
#   FSYNC=on hack/postgres.sh go test -bench . ./internal/store
#   LISTEN=10.200.0.1 hack/postgres.sh    for pods of a local cluster, too: on that address of this machine, and in the URL
#
# Without FSYNC=on it does not wait for the disk: tests make many small databases, and none has to survive a power cut.
set -euo pipefail
cd "$(dirname "$0")/.."

# The newest version that Debian has installed, or nothing.
programs() {
	find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1
}

install_postgres() {
	# Debian's package would make and start a server of its own, which nobody here uses.
	local quiet=/etc/postgresql-common/createcluster.d/preview-operator-tests.conf
	if [ "$(id -u)" -eq 0 ]; then
		mkdir -p "$(dirname "$quiet")"
		echo 'create_main_cluster = false' >"$quiet"
	fi
	local ok=0
	hack/deps.sh postgresql || ok=$?
	rm -f "$quiet"
	rmdir "$(dirname "$quiet")" 2>/dev/null || true
	return "$ok"
}

bin=$(programs)
if [ ! -x "$bin/postgres" ]; then
	install_postgres >&2
	bin=$(programs)
fi

folder=$(mktemp -d)
server=
remove() {
	if [ -n "$server" ]; then
		# Fast shutdown: connections that are left end with it.
		kill -INT "$server" 2>/dev/null || true
		wait "$server" || true
	fi
	rm -rf "$folder"
}
trap remove EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# PostgreSQL refuses to run as root.
as=()
if [ "$(id -u)" -eq 0 ]; then
	as=(setpriv --reuid=postgres --regid=postgres --init-groups --)
fi
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf %s "$password" >"$folder/password"
[ "${#as[@]}" -eq 0 ] || chown -R postgres: "$folder"

cd "$folder"
# The socket is named after the port. The one of an address is random: others may be there.
port=5432 host=$folder
if [ -n "${LISTEN:-}" ]; then
	port=$((20000 + RANDOM % 10000)) host=$LISTEN
fi
"${as[@]}" "$bin/initdb" --pgdata=data --username=preview --pwfile=password --auth=scram-sha-256 --encoding=UTF8 \
	--locale=C.UTF-8 --no-sync >initdb.log 2>&1 || {
	cat initdb.log >&2
	exit 1
}
[ -z "${LISTEN:-}" ] || echo "host all all all scram-sha-256" >>data/pg_hba.conf
# A session of its own: Ctrl-C is for the command, and ends the server through the trap. setpriv becomes the server, so
# that its process is the one to end.
setsid "${as[@]}" "$bin/postgres" -D data -k "$folder" -c listen_addresses="${LISTEN:-}" -c port="$port" -c fsync="${FSYNC:-off}" \
	-c max_connections=200 >server.log 2>&1 &
server=$!
for ((i = 0; i < 300; i++)); do
	! "$bin/pg_isready" -q -h "$folder" -p "$port" -U preview -d postgres || break
	if ! kill -0 "$server" 2>/dev/null || ((i == 299)); then
		echo "hack/postgres.sh: the server did not start within 30 s:" >&2
		cat server.log >&2
		exit 1
	fi
	sleep 0.1
done
cd "$OLDPWD"

export PREVIEW_TEST_DATABASE_URL="postgres://preview:$password@/postgres?host=$host&port=$port"
if [ $# -eq 0 ]; then
	echo "PREVIEW_TEST_DATABASE_URL='$PREVIEW_TEST_DATABASE_URL'"
	echo "until Ctrl-C; log: $folder/server.log"
	wait "$server"
	exit
fi
echo "PostgreSQL: $("$bin/postgres" --version), in $folder"
"$@"
