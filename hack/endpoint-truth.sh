#!/bin/bash
# Makes truth.json anew for every project under test/endpoints, by running the projects, and says which ones changed.
# Without arguments it also writes down what swagger-autogen finds in those that no resolver was tuned on.
#
#   hack/endpoint-truth.sh                                   all of them
#   hack/endpoint-truth.sh test/endpoints/cases/flask/hooks  just these
set -euo pipefail
cd "$(dirname "$0")/.."

truth=test/endpoints/truth
hack/deps.sh python3 python3-django python3-django-filters python3-djangorestframework python3-email-validator \
	python3-fastapi python3-flask python3-flask-restful python3-multipart
command -v node >/dev/null || hack/deps.sh nodejs
command -v npm >/dev/null || hack/deps.sh npm

# One folder per set of versions: another branch's packages stay as they are.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/preview-operator/endpoint-truth-$(sha256sum $truth/package-lock.json | cut -c1-12)
if [ ! -e "$cache/complete" ]; then
	mkdir -p "$cache"
	cp $truth/package.json $truth/package-lock.json "$cache/"
	npm ci --prefix "$cache" --no-audit --no-fund --loglevel=error
	touch "$cache/complete"
fi
export ENDPOINT_TRUTH_NODE=$cache/node_modules

/usr/bin/python3 -c 'import django, fastapi, flask, pydantic, rest_framework, sys
print("Python %s, FastAPI %s, pydantic %s, Flask %s, Django %s, REST framework %s" % (sys.version.split()[0],
      fastapi.__version__, pydantic.VERSION, flask.__version__, django.__version__, rest_framework.VERSION))'
echo "Node $(node --version)"

failed=0 changed=0 count=0
if [ $# -eq 0 ]; then
	mapfile -t cases < <(find test/endpoints -type d -name project -not -path '*/project/*' -printf '%h\n' | sort)
else
	cases=("$@")
fi
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
for case in "${cases[@]}"; do
	count=$((count + 1))
	case $case in
	*/express/* | */express-*) command=(node $truth/truth.js) ;;
	*) command=(/usr/bin/python3 $truth/truth.py) ;;
	esac
	status=0
	"${command[@]}" "$case/project" -o "$new/truth.json" 2>"$new/error" || status=$?
	if [ $status -eq 3 ]; then
		echo "kept    $case: $(tail -n 1 "$new/error")"
	elif [ $status -ne 0 ]; then
		echo "FAILED  $case"
		tail -n 20 "$new/error"
		failed=$((failed + 1))
	elif ! cmp -s "$new/truth.json" "$case/truth.json"; then
		echo "changed $case"
		[ ! -e "$case/truth.json" ] || diff -u "$case/truth.json" "$new/truth.json" | head -n 40 || true
		cp "$new/truth.json" "$case/truth.json"
		changed=$((changed + 1))
	fi
done
if [ $# -eq 0 ]; then
	node $truth/autogen.js -o test/endpoints/score/swagger-autogen.json test/endpoints/unseen/express/*
fi
echo "$count projects: $changed changed, $failed failed"
[ "$failed" -eq 0 ]
