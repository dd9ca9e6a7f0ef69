#!/bin/sh
# Builds the root file system of the python runtime image from Debian trixie
# packages, without a container engine: the same image as the Dockerfile beside
# this script, for machines that have no engine.
#
#   images/python/build-rootfs.sh OUT.tar          build (about 40 s, as root)
#   images/python/build-rootfs.sh --key            print a key of this recipe
#
# OUT.tar appears at once and whole, and one that is there already is left alone,
# so callers name it by the key. MIRROR in the environment replaces mmdebstrap's
# default package mirror.
set -eu

here=$(dirname "$0")
suite=trixie
# python3 and not python3-minimal: the standard library has to be whole (sqlite3,
# ssl, asyncio, tomllib). ca-certificates: source.archive.url is fetched by TLS.
packages="python3 ca-certificates
	python3-fastapi python3-uvicorn python3-uvloop python3-httptools
	python3-websockets python3-wsproto python3-python-multipart python3-pydantic-settings
	python3-email-validator python3-httpx python3-sqlalchemy python3-aiosqlite
	python3-jinja2 python3-itsdangerous python3-dotenv python3-a2wsgi
	python3-orjson python3-yaml python3-jwt python3-passlib python3-bcrypt
	python3-sse-starlette python3-starlette python3-pydantic"

if [ "${1:-}" = --key ]; then
	cat "$0" "$here/compile.py" | sha256sum | cut -c1-16
	exit 0
fi
if [ $# -ne 1 ]; then
	echo "usage: $0 OUT.tar | --key" >&2
	exit 2
fi
out=$1
[ ! -s "$out" ] || exit 0
if ! command -v mmdebstrap >/dev/null; then
	echo "$0: mmdebstrap is missing; run hack/deps.sh mmdebstrap" >&2
	exit 1
fi

mkdir -p "$(dirname "$out")"
work=$(mktemp -d)
trap 'rm -rf "$work" "$out.partial.$$"' EXIT
trap 'exit 1' HUP INT TERM
cp "$here/compile.py" "$work/compile.py"

# Runs in the finished root file system, as its last step.
cat >"$work/finish" <<'FINISH'
#!/bin/sh
set -eu
root=$1

# The user that the pods run as, so that getpwuid() and expanduser() work.
echo 'preview:x:10001:10001:preview:/tmp:/usr/sbin/nologin' >>"$root/etc/passwd"
echo 'preview:x:10001:' >>"$root/etc/group"

# Nothing here is needed to run Python; it is a third of the size.
rm -rf "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/info/* \
	"$root"/usr/share/locale/* "$root"/usr/share/lintian "$root"/usr/share/bug \
	"$root"/usr/share/perl5 "$root"/usr/lib/*/perl-base \
	"$root"/usr/lib/*/gconv "$root"/usr/share/zoneinfo/right \
	"$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/cache/debconf/* \
	"$root"/var/log/* "$root"/usr/lib/python3*/test "$root"/usr/lib/python3*/idlelib \
	"$root"/usr/lib/python3*/ensurepip "$root"/usr/lib/python3*/turtledemo
find "$root/usr/lib/python3/dist-packages" -type d \( -name tests -o -name test \) -prune -exec rm -rf {} +

# The root is read-only in a pod: what is not compiled now is compiled at every
# start.
find "$root/usr/lib" -name __pycache__ -prune -exec rm -rf {} +
cp "$(dirname "$0")/compile.py" "$root/tmp/compile.py"
chroot "$root" sh -c 'exec python3 -B -W ignore /tmp/compile.py /usr/lib/python3 /usr/lib/python3.*'
rm "$root/tmp/compile.py"

mkdir -p "$root/workspace" "$root/usr/local/bin"

# A package that is missing is found now, not by a user's project.
chroot "$root" python3 -B -c '
import asyncio, json, sqlite3, ssl, tomllib
import fastapi, httptools, httpx, jinja2, python_multipart, email_validator, pydantic, pydantic_settings, sqlalchemy, starlette, uvicorn, uvloop, websockets
import a2wsgi
assert tuple(map(int, fastapi.__version__.split(".")[:2])) >= (0, 115), fastapi.__version__
assert pydantic.VERSION.startswith("2."), pydantic.VERSION
'
FINISH
chmod +x "$work/finish"

# Files that appear during the build get one date, so that two builds from the
# same packages differ as little as possible.
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-1760000000}"
include=$(echo $packages | tr ' ' ',')
mmdebstrap --quiet --variant=essential --format=tar --include="$include" \
	--aptopt='Apt::Install-Recommends "false"' \
	--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
	--dpkgopt='path-exclude=/usr/share/locale/*' \
	--customize-hook="$work/finish" \
	"$suite" "$out.partial.$$" ${MIRROR:+"$MIRROR"}
mv "$out.partial.$$" "$out"
