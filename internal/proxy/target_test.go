package proxy

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

func running() *v1alpha1.PreviewInstance {
	return &v1alpha1.PreviewInstance{
		ObjectMeta: metav1.ObjectMeta{Name: "g-1", UID: "uid-1"},
		Status: v1alpha1.PreviewInstanceStatus{
			Phase: v1alpha1.PhaseRunning, Port: 3001, PodName: "pod-1", Host: "pod-1.previews.previews.svc.cluster.local", PodIP: "10.0.0.7",
		},
	}
}

// Incident 10: the target comes from status alone, and from nothing that is out of range there.
func TestTargetOf(t *testing.T) {
	deleted := metav1.NewTime(time.Unix(1, 0))
	tests := map[string]struct {
		change     func(*v1alpha1.PreviewInstance)
		notRunning bool
		fails      bool
		want       Target
	}{
		"running": {
			change: func(*v1alpha1.PreviewInstance) {},
			want:   Target{"uid-1", "pod-1", "pod-1.previews.previews.svc.cluster.local", netip.MustParseAddr("10.0.0.7"), 3001},
		},
		"name alone": {
			change: func(p *v1alpha1.PreviewInstance) { p.Status.PodIP = "" },
			want:   Target{"uid-1", "pod-1", "pod-1.previews.previews.svc.cluster.local", netip.Addr{}, 3001},
		},
		"mapped address": {
			change: func(p *v1alpha1.PreviewInstance) { p.Status.PodIP = "::ffff:10.0.0.7"; p.Status.Host = "" },
			want:   Target{"uid-1", "pod-1", "", netip.MustParseAddr("10.0.0.7"), 3001},
		},
		"starting":             {change: func(p *v1alpha1.PreviewInstance) { p.Status.Phase = v1alpha1.PhaseStarting }, notRunning: true},
		"stopped":              {change: func(p *v1alpha1.PreviewInstance) { p.Status.Phase = v1alpha1.PhaseStopped }, notRunning: true},
		"to be stopped":        {change: func(p *v1alpha1.PreviewInstance) { p.Spec.DesiredState = v1alpha1.DesiredStopped }, notRunning: true},
		"being deleted":        {change: func(p *v1alpha1.PreviewInstance) { p.DeletionTimestamp = &deleted }, notRunning: true},
		"without address":      {change: func(p *v1alpha1.PreviewInstance) { p.Status.PodIP = ""; p.Status.Host = "" }, notRunning: true},
		"no port":              {change: func(p *v1alpha1.PreviewInstance) { p.Status.Port = 0 }, fails: true},
		"port below the range": {change: func(p *v1alpha1.PreviewInstance) { p.Status.Port = 3000 }, fails: true},
		"port above the range": {change: func(p *v1alpha1.PreviewInstance) { p.Status.Port = 3101 }, fails: true},
		"kubelet's port":       {change: func(p *v1alpha1.PreviewInstance) { p.Status.Port = 10250 }, fails: true},
		"address is a name":    {change: func(p *v1alpha1.PreviewInstance) { p.Status.PodIP = "evil.example" }, fails: true},
		"address with zone":    {change: func(p *v1alpha1.PreviewInstance) { p.Status.PodIP = "fe80::1%eth0" }, fails: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pvi := running()
			tt.change(pvi)
			got, err := TargetOf(pvi, PortRange{3001, 3100})
			if errors.Is(err, ErrNotRunning) != tt.notRunning || (err != nil) != (tt.fails || tt.notRunning) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
				t.Errorf("target (-want +got):\n%s", diff)
			}
		})
	}
}

// A preview that is starting is sent requests only where its status says that it, and nobody else, will listen.
func TestStartingTargetOf(t *testing.T) {
	deleted := metav1.NewTime(time.Unix(1, 0))
	tests := map[string]struct {
		change     func(*v1alpha1.PreviewInstance)
		notRunning bool
		fails      bool
		want       Target
	}{
		"starting": {
			change: func(*v1alpha1.PreviewInstance) {},
			want:   Target{"uid-1", "pod-1", "pod-1.previews.previews.svc.cluster.local", netip.MustParseAddr("10.0.0.7"), 3001},
		},
		"running":              {change: func(p *v1alpha1.PreviewInstance) { p.Status.Phase = v1alpha1.PhaseRunning }, notRunning: true},
		"not seen yet":         {change: func(p *v1alpha1.PreviewInstance) { p.Status.Phase = "" }, notRunning: true},
		"stopping":             {change: func(p *v1alpha1.PreviewInstance) { p.Status.Phase = v1alpha1.PhaseStopping }, notRunning: true},
		"failed":               {change: func(p *v1alpha1.PreviewInstance) { p.Status.Phase = v1alpha1.PhaseFailed }, notRunning: true},
		"to be stopped":        {change: func(p *v1alpha1.PreviewInstance) { p.Spec.DesiredState = v1alpha1.DesiredStopped }, notRunning: true},
		"being deleted":        {change: func(p *v1alpha1.PreviewInstance) { p.DeletionTimestamp = &deleted }, notRunning: true},
		"no port yet":          {change: func(p *v1alpha1.PreviewInstance) { p.Status.Port = 0 }, notRunning: true},
		"no pod yet":           {change: func(p *v1alpha1.PreviewInstance) { p.Status.PodName = "" }, notRunning: true},
		"a name alone":         {change: func(p *v1alpha1.PreviewInstance) { p.Status.PodIP = "" }, notRunning: true},
		"port below the range": {change: func(p *v1alpha1.PreviewInstance) { p.Status.Port = 3000 }, fails: true},
		"port above the range": {change: func(p *v1alpha1.PreviewInstance) { p.Status.Port = 3101 }, fails: true},
		"address is a name":    {change: func(p *v1alpha1.PreviewInstance) { p.Status.PodIP = "evil.example" }, fails: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pvi := running()
			pvi.Status.Phase = v1alpha1.PhaseStarting
			tt.change(pvi)
			got, err := StartingTargetOf(pvi, PortRange{3001, 3100})
			if errors.Is(err, ErrNotRunning) != tt.notRunning || (err != nil) != (tt.fails || tt.notRunning) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
				t.Errorf("target (-want +got):\n%s", diff)
			}
		})
	}
}
