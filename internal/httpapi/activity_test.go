package httpapi

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

func startedInstance(uid string, started *time.Time) *v1alpha1.PreviewInstance {
	pvi := &v1alpha1.PreviewInstance{ObjectMeta: metav1.ObjectMeta{UID: types.UID(uid)}}
	if started != nil {
		pvi.Status.StartedAt = &metav1.Time{Time: *started}
	}
	return pvi
}

func TestActivityOfAStartIsWrittenAfterIt(t *testing.T) {
	tests := map[string]struct {
		quiet   time.Duration
		started *time.Time
		delayed bool
	}{
		"starting":                  {time.Hour, nil, true},
		"just started":              {time.Hour, ptr(testTime), true},
		"started a moment later":    {time.Hour, ptr(testTime.Add(time.Second)), true},
		"nearly over":               {time.Hour, ptr(testTime.Add(time.Second - time.Hour)), true},
		"started long ago":          {time.Hour, ptr(testTime.Add(-time.Hour)), false},
		"a session of no time":      {0, nil, false},
		"a clock that is far ahead": {0, ptr(testTime.Add(time.Hour)), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := newActivity(func() time.Time { return testTime }, func(*v1alpha1.PreviewInstance) time.Duration { return tt.quiet }, nil)
			for range 2 {
				a.touch(startedInstance("one", tt.started))
			}
			if want := map[bool]int{true: 0, false: 1}[tt.delayed]; len(a.queue) != want {
				t.Errorf("%d writes, want %d", len(a.queue), want)
			}
		})
	}
}

// What was put off is written, unless its instance has gone meanwhile.
func TestActivityThatWasPutOff(t *testing.T) {
	quiet := time.Hour
	a := newActivity(func() time.Time { return testTime }, func(*v1alpha1.PreviewInstance) time.Duration { return quiet }, nil)
	gone := startedInstance("gone", nil)
	a.touch(gone)
	a.forget(gone.UID)
	a.settle(gone)
	if len(a.queue) != 0 {
		t.Error("an activity is written of what is gone")
	}
	quiet = time.Millisecond
	a.touch(startedInstance("one", nil))
	select {
	case <-a.queue:
	case <-time.After(10 * time.Second):
		t.Fatal("it is never written")
	}
	a.touch(startedInstance("one", ptr(testTime.Add(-time.Hour))))
	if len(a.queue) != 0 {
		t.Error("what was written is written again within a minute")
	}
}

// One record tells of all the use that was put off: its latest.
func TestActivityThatWasPutOffIsTheLatest(t *testing.T) {
	now := testTime
	a := newActivity(func() time.Time { return now }, func(*v1alpha1.PreviewInstance) time.Duration { return time.Hour }, nil)
	one := startedInstance("one", ptr(testTime))
	for range 3 {
		a.touch(one)
		now = now.Add(20 * time.Second)
	}
	a.settle(one)
	now = now.Add(activityEvery - time.Second)
	a.touch(one)
	if len(a.queue) != 1 {
		t.Fatalf("%d writes, want 1", len(a.queue))
	}
	if got, want := (<-a.queue).at, testTime.Add(40*time.Second); !got.Equal(want) {
		t.Errorf("written as of %s, want %s", got, want)
	}
}

func TestQuietAfterStart(t *testing.T) {
	h := newHarness(t, nil)
	short, long := int32(1), int32(3600)
	for name, tt := range map[string]struct {
		session *int32
		want    time.Duration
	}{
		"as set": {nil, time.Minute}, "short": {&short, 500 * time.Millisecond}, "long": {&long, time.Minute},
	} {
		if got := h.api.quietAfterStart(&v1alpha1.PreviewInstance{Spec: v1alpha1.PreviewInstanceSpec{SessionTimeoutSeconds: tt.session}}); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
