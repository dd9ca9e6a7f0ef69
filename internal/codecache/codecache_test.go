package codecache

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// countingReader counts its reads by generation and version; the code is as many bytes as size says.
type countingReader struct {
	size  int
	reads map[string]int
	err   error
}

func (r *countingReader) Archive(_ context.Context, id, version string) ([]byte, error) {
	r.reads[id+"@"+version]++
	return []byte(strings.Repeat(id[:1], r.size)), r.err
}

func TestCache(t *testing.T) {
	failure := errors.New("the store is away")
	for name, c := range map[string]struct {
		most  int64
		size  int
		err   error
		reads string
		want  map[string]int
	}{
		"a version is read once":                    {most: 100, size: 10, reads: "a@1 a@1 a@1", want: map[string]int{"a@1": 1}},
		"versions and generations are apart":        {most: 100, size: 10, reads: "a@1 a@2 b@1 a@1 a@2 b@1", want: map[string]int{"a@1": 1, "a@2": 1, "b@1": 1}},
		"the newest version is always read":         {most: 100, size: 10, reads: "a@ a@", want: map[string]int{"a@": 2}},
		"the least recently used goes first":        {most: 20, size: 10, reads: "a@1 b@1 a@1 c@1 a@1 b@1", want: map[string]int{"a@1": 1, "b@1": 2, "c@1": 1}},
		"what is larger than the cache is not kept": {most: 9, size: 10, reads: "a@1 a@1", want: map[string]int{"a@1": 2}},
		"what fills the cache is kept":              {most: 10, size: 10, reads: "a@1 a@1 b@1 b@1 a@1", want: map[string]int{"a@1": 2, "b@1": 1}},
		"nothing is kept without room":              {most: 0, size: 1, reads: "a@1 a@1", want: map[string]int{"a@1": 2}},
		"errors are not kept":                       {most: 100, size: 10, err: failure, reads: "a@1 a@1", want: map[string]int{"a@1": 2}},
	} {
		t.Run(name, func(t *testing.T) {
			reader := &countingReader{size: c.size, reads: map[string]int{}, err: c.err}
			cache := New(reader, c.most)
			for _, read := range strings.Fields(c.reads) {
				id, version, _ := strings.Cut(read, "@")
				code, err := cache.Archive(t.Context(), id, version)
				if !errors.Is(err, c.err) || string(code) != strings.Repeat(id, c.size) {
					t.Fatalf("%s: got %q, %v", read, code, err)
				}
				if cache.bytes > c.most {
					t.Fatalf("%d bytes are kept, %d are allowed", cache.bytes, c.most)
				}
			}
			if diff := cmp.Diff(c.want, reader.reads); diff != "" {
				t.Errorf("reads (-want +got):\n%s", diff)
			}
		})
	}
}
