package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

const metricsBefore = `# HELP apiserver_request_total Counter of requests.
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",group="preview.codebegen.dev",resource="previewinstances",scope="resource",subresource="status",verb="PATCH",version="v1alpha1"} 7
apiserver_request_total{code="409",component="apiserver",group="preview.codebegen.dev",resource="previewinstances",scope="resource",subresource="status",verb="PATCH",version="v1alpha1"} 1
apiserver_request_total{code="200",component="apiserver",group="",resource="pods",scope="resource",subresource="status",verb="PATCH",version="v1"} 3
apiserver_request_total{code="200",component="apiserver",group="",resource="pods",scope="cluster",subresource="",verb="LIST",version="v1"} 20
apiserver_request_total_of_others{verb="POST"} 1
go_goroutines 12
`

const metricsAfter = `apiserver_request_total{code="200",group="preview.codebegen.dev",resource="previewinstances",subresource="status",verb="PATCH"} 9
apiserver_request_total{code="409",group="preview.codebegen.dev",resource="previewinstances",subresource="status",verb="PATCH"} 1
apiserver_request_total{code="201",group="preview.codebegen.dev",resource="previewinstances",subresource="",verb="POST"} 1
apiserver_request_total{code="200",group="",resource="pods",subresource="status",verb="PATCH"} 5
apiserver_request_total{code="200",group="",resource="pods",subresource="",verb="PATCH"} 1 1712345678000
apiserver_request_total{code="200",group="",resource="pods",subresource="",verb="LIST"} 30
`

func TestSumBy(t *testing.T) {
	for name, tc := range map[string]struct {
		text, metric string
		labels       []string
		want         map[string]float64
		failure      bool
	}{
		"by several labels": {metricsBefore, "apiserver_request_total", []string{"verb", "resource", "subresource"}, map[string]float64{
			"PATCH previewinstances status": 8, "PATCH pods status": 3, "LIST pods": 20,
		}, false},
		"by none":                      {metricsBefore, "apiserver_request_total", nil, map[string]float64{"": 31}, false},
		"without labels":               {metricsBefore, "go_goroutines", []string{"verb"}, map[string]float64{"": 12}, false},
		"not there":                    {metricsBefore, "go_threads", nil, map[string]float64{}, false},
		"values with all that may be":  {`m{a="x,\"}{ y",b="\\"} 1e3` + "\n", "m", []string{"a", "b"}, map[string]float64{`x,"}{ y \`: 1000}, false},
		"a comma at the end":           {`m{a="x",} 1`, "m", []string{"a"}, map[string]float64{"x": 1}, false},
		"labels that do not end":       {`m{a="x"`, "m", nil, nil, true},
		"a label without a value":      {`m{a} 1`, "m", nil, nil, true},
		"no value":                     {"m{}\n", "m", nil, nil, true},
		"a value that is not a number": {"m{} x\n", "m", nil, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sumBy(tc.text, tc.metric, tc.labels...)
			if (err != nil) != tc.failure {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" && !tc.failure {
				t.Errorf("sums (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWritesOfALaunch(t *testing.T) {
	before, err := apiWrites(metricsBefore)
	if err != nil {
		t.Fatal(err)
	}
	after, err := apiWrites(metricsAfter)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"patch previewinstances/status": 2, "create previewinstances": 1, "patch pods/status": 2, "patch pods": 1}
	if diff := cmp.Diff(want, grown(before, after)); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

func TestOwnWrite(t *testing.T) {
	for key, want := range map[string]bool{
		"create previewinstances":       true,
		"patch previewinstances/status": true,
		"patch pods":                    true,
		"patch pods/resize":             true,
		"create pods":                   true,
		"patch pods/status":             false,
		"create pods/binding":           false,
		"update previewruntimes/status": false,
		"create events":                 false,
		"update leases":                 false,
	} {
		if got := ownWrite(key); got != want {
			t.Errorf("%s: %t", key, got)
		}
	}
}

func TestOwnEvents(t *testing.T) {
	events := []corev1.Event{
		{ReportingController: "preview-operator"},
		{ReportingController: "preview-operator", Series: &corev1.EventSeries{Count: 3}},
		{Source: corev1.EventSource{Component: "preview-operator"}, Count: 2},
		{ReportingController: "kubelet", Count: 5},
		{Source: corev1.EventSource{Component: "default-scheduler"}},
		{},
	}
	if got := ownEvents(events); got != 6 {
		t.Errorf("%d writes, want 6", got)
	}
}
