//go:build cgo

package score

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/codebegen/preview-operator/internal/endpoints"
	"github.com/codebegen/preview-operator/internal/endpoints/discover"
)

// survivors is the least share of the other files' endpoints that are still found when one file is broken. A broken file
// may well be the one that mounts them all: the mean over all ways of breaking counts.
const survivors = 0.85

// damages break a file, each at a place that a generator chooses.
var damages = map[string]func(*rand.Rand, []byte) []byte{
	"a character deleted": func(r *rand.Rand, text []byte) []byte {
		at := r.IntN(len(text))
		return slices.Concat(text[:at], text[at+1:])
	},
	"cut off in its second half": func(r *rand.Rand, text []byte) []byte {
		return bytes.Clone(text[:len(text)/2+r.IntN(len(text)-len(text)/2)])
	},
}

// TestBrokenFiles breaks each file of each project once per kind of damage. Sources of randomness are seeded: each run is the same.
func TestBrokenFiles(t *testing.T) {
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			kept, all := 0, 0
			for _, project := range load(t, unseen) {
				whole := discover.Discover(t.Context(), project.Files, endpoints.Options{}).Endpoints
				random := rand.New(rand.NewPCG(1, uint64(len(project.Name))))
				for _, file := range slices.Sorted(maps.Keys(project.Files)) {
					if !isSource(file) || len(project.Files[file]) < 20 {
						continue
					}
					files := maps.Clone(project.Files)
					files[file] = damage(random, files[file])
					result := discover.Discover(t.Context(), files, endpoints.Options{})
					mustNotFail(t, project.Name, file, result)
					k, a := surviving(whole, result.Endpoints, file)
					kept, all = kept+k, all+a
				}
			}
			t.Logf("%d of %d endpoints of other files were still found: %.3f", kept, all, share(kept, all))
			if share(kept, all) < survivors {
				t.Errorf("%.3f of the other files' endpoints are still found, want %.2f", share(kept, all), survivors)
			}
		})
	}
}

func isSource(file string) bool {
	return slices.Contains([]string{".py", ".js", ".ts", ".mjs"}, path.Ext(file))
}

func mustNotFail(t *testing.T, project, file string, result endpoints.Result) {
	t.Helper()
	for _, d := range result.Diagnostics {
		if strings.HasSuffix(d.Code, "-failed") || d.Code == "timed-out" {
			t.Errorf("%s with %s broken: %s: %s", project, file, d.Code, d.Message)
		}
	}
}

// surviving counts the endpoints that are declared in other files, and those of them that are still found.
func surviving(whole, found []endpoints.Endpoint, broken string) (kept, all int) {
	still := make(map[string]bool, len(found))
	for _, e := range found {
		still[e.Method+" "+e.Path] = true
	}
	for _, e := range whole {
		if e.File != broken {
			all++
			kept += one(still[e.Method+" "+e.Path])
		}
	}
	return kept, all
}
