package controllers

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

func TestNewestOfCacheAndOwnWrite(t *testing.T) {
	version := func(uid, version string) *v1alpha1.PreviewInstance {
		instance := &v1alpha1.PreviewInstance{}
		instance.Namespace, instance.Name, instance.UID, instance.ResourceVersion = "previews", "hello", types.UID(uid), version
		return instance
	}
	for _, test := range []struct {
		name    string
		written *v1alpha1.PreviewInstance
		cached  *v1alpha1.PreviewInstance
		later   time.Duration
		own     bool
	}{
		{name: "nothing was written", cached: version("a", "9")},
		{name: "the cache is behind", written: version("a", "10"), cached: version("a", "9"), own: true},
		{name: "the cache is behind by digits", written: version("a", "1000"), cached: version("a", "999"), own: true},
		{name: "the cache has it", written: version("a", "10"), cached: version("a", "10")},
		{name: "somebody wrote after it", written: version("a", "10"), cached: version("a", "11")},
		{name: "another one of the same name", written: version("a", "10"), cached: version("b", "9")},
		{name: "the API server was set back", written: version("a", "10"), cached: version("a", "9"), later: ownWriteKept + 1},
		{name: "a version that is no number", written: version("a", "10"), cached: version("a", "x")},
	} {
		t.Run(test.name, func(t *testing.T) {
			now := time.Unix(0, 0)
			writes := newOwnWrites(func() time.Time { return now })
			want := test.cached
			if test.written != nil {
				writes.wrote(test.written)
			}
			if test.own {
				want = test.written
			}
			now = now.Add(test.later)
			if got := writes.newest(test.cached); got != want {
				t.Errorf("newest = %v, want %v", got.ResourceVersion, want.ResourceVersion)
			}
			if _, kept := writes.latest[types.NamespacedName{Namespace: "previews", Name: "hello"}]; kept != test.own {
				t.Errorf("what was written is kept: %t, want %t", kept, test.own)
			}
		})
	}
}
