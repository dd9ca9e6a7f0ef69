package rundetails

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

func TestDetailsAreKept(t *testing.T) {
	all := Details{SessionTimeout: 1800, MaxUptime: 3600, StartupTimeout: 30, MemoryLimitMB: 512, Start: &v1alpha1.Start{Kind: v1alpha1.StartWarm}}
	const text = `{"session_timeout":1800,"max_uptime":3600,"startup_timeout":30,"memory_limit_mb":512,"start":{"kind":"Warm"}}`
	if diff := cmp.Diff(text, all.Encode()); diff != "" {
		t.Errorf("encoded (-want +got):\n%s", diff)
	}
	if got := (Details{}).Encode(); got != "{}" {
		t.Errorf("nothing is %s", got)
	}
}

func TestDecode(t *testing.T) {
	tests := map[string]struct {
		text string
		want Details
	}{
		"all":            {Details{SessionTimeout: 1, MaxUptime: 2, StartupTimeout: 3, MemoryLimitMB: 4}.Encode(), Details{1, 2, 3, 4, nil}},
		"start":          {Details{Start: &v1alpha1.Start{Kind: v1alpha1.StartCold, Reason: "x"}}.Encode(), Details{Start: &v1alpha1.Start{Kind: v1alpha1.StartCold, Reason: "x"}}},
		"nothing":        {"", Details{}},
		"a later member": {`{"max_uptime":2,"color":"red"}`, Details{MaxUptime: 2}},
		"not JSON":       {"max_uptime=2", Details{}},
		"another type":   {`{"memory_limit_mb":4,"max_uptime":"2h"}`, Details{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Decode(tt.text)); diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
		})
	}
}
