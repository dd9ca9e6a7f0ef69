package controllers

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func podInPhase(phase corev1.PodPhase, state corev1.ContainerState) *corev1.Pod {
	return &corev1.Pod{
		Spec: corev1.PodSpec{Containers: []corev1.Container{{}}},
		Status: corev1.PodStatus{
			Phase: phase, PodIP: "10.0.0.7", ContainerStatuses: []corev1.ContainerStatus{{State: state}},
		},
	}
}

func runningPod() *corev1.Pod {
	return podInPhase(corev1.PodRunning, corev1.ContainerState{Running: &corev1.ContainerStateRunning{}})
}

func failure(reason string) *ending {
	return &ending{reason: reason, failure: &v1alpha1.Failure{Reason: reason, Message: "because", At: metaTime(noon)}}
}

// summary is what a status says, in a form that can be read at a glance.
type summary struct {
	Phase      v1alpha1.Phase
	Reason     string
	Conditions string
}

func summarise(status v1alpha1.PreviewInstanceStatus) summary {
	var conditions []string
	for _, c := range status.Conditions {
		conditions = append(conditions, c.Type+"="+string(c.Status)+"/"+c.Reason)
	}
	return summary{status.Phase, status.Reason, strings.Join(conditions, " ")}
}

func TestDeriveStatus(t *testing.T) {
	runtime := &v1alpha1.PreviewRuntime{}
	port := v1alpha1.PreviewInstanceStatus{Port: 3001, PodName: "p"}
	started := ptr.To(metaTime(noon))
	for name, tc := range map[string]struct {
		scope scope
		want  summary
	}{
		"nothing done": {scope{}, summary{"Starting", "Pending",
			"Accepted=Unknown/Pending PortAllocated=Unknown/Pending PodReady=False/NoPod CodeLoaded=Unknown/Pending Serving=Unknown/Pending Ready=False/Starting"}},
		"runtime missing": {scope{waiting: &waitError{"Accepted", "RuntimeNotFound", "m"}}, summary{"Starting", "RuntimeNotFound",
			"Accepted=False/RuntimeNotFound PortAllocated=Unknown/Pending PodReady=False/NoPod CodeLoaded=Unknown/Pending Serving=Unknown/Pending Ready=False/Starting"}},
		"no port": {scope{runtime: runtime, waiting: &waitError{"PortAllocated", "PortsExhausted", "m"}}, summary{"Starting", "PortsExhausted",
			"Accepted=True/Accepted PortAllocated=False/PortsExhausted PodReady=False/NoPod CodeLoaded=Unknown/Pending Serving=Unknown/Pending Ready=False/Starting"}},
		"pod about to be created": {scope{runtime: runtime, facts: port}, summary{"Starting", "PodPending",
			"Accepted=True/Accepted PortAllocated=True/Allocated PodReady=False/PodPending CodeLoaded=Unknown/Pending Serving=Unknown/Pending Ready=False/Starting"}},
		"loading": {scope{runtime: runtime, facts: port, pod: runningPod(), handover: handoverState{started: true}}, summary{"Starting", "Loading",
			"Accepted=True/Accepted PortAllocated=True/Allocated PodReady=True/PodRunning CodeLoaded=False/Loading Serving=False/Pending Ready=False/Starting"}},
		"serving": {scope{runtime: runtime, facts: v1alpha1.PreviewInstanceStatus{Port: 3001, PodName: "p", StartedAt: started}, pod: runningPod(),
			handover: handoverState{started: true, result: &runnerapi.Result{CodeLoaded: true}}}, summary{"Running", "Serving",
			"Accepted=True/Accepted PortAllocated=True/Allocated PodReady=True/PodRunning CodeLoaded=True/Loaded Serving=True/Serving Ready=True/Serving"}},
		"failed, pod still ending": {scope{runtime: runtime, facts: port, pod: runningPod(), ending: failure("ImportError")}, summary{"Stopping", "ImportError",
			"Accepted=True/Accepted PortAllocated=True/Allocated PodReady=True/PodRunning CodeLoaded=Unknown/Pending Serving=False/ImportError Ready=False/ImportError"}},
		"failed": {scope{facts: port, pod: podInPhase(corev1.PodFailed, corev1.ContainerState{}), ending: failure("OOMKilled"), released: true}, summary{"Failed", "OOMKilled",
			"Accepted=Unknown/Pending PortAllocated=False/Released PodReady=False/PodTerminated CodeLoaded=Unknown/Pending Serving=False/OOMKilled Ready=False/OOMKilled"}},
		"refused": {scope{ending: failure("GenerationNotOwned"), released: true}, summary{"Failed", "GenerationNotOwned",
			"Accepted=False/GenerationNotOwned PortAllocated=False/Released PodReady=False/NoPod CodeLoaded=Unknown/Pending Serving=False/GenerationNotOwned Ready=False/GenerationNotOwned"}},
		"stopping": {scope{facts: port, pod: runningPod(), ending: &ending{reason: "StopRequested"}}, summary{"Stopping", "StopRequested",
			"Accepted=Unknown/Pending PortAllocated=True/Allocated PodReady=True/PodRunning CodeLoaded=Unknown/Pending Serving=False/StopRequested Ready=False/StopRequested"}},
		"stopped": {scope{ending: &ending{reason: "MaxUptime"}, released: true}, summary{"Stopped", "MaxUptime",
			"Accepted=Unknown/Pending PortAllocated=False/Released PodReady=False/NoPod CodeLoaded=Unknown/Pending Serving=False/MaxUptime Ready=False/MaxUptime"}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.scope.now = noon
			tc.scope.instance = &v1alpha1.PreviewInstance{ObjectMeta: metav1.ObjectMeta{Generation: 3}}
			status := deriveStatus(&tc.scope)
			if diff := cmp.Diff(tc.want, summarise(status)); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}

			// Rule 5: deriving again, later, from what was written changes nothing, not even a time.
			tc.scope.facts, tc.scope.now = status, noon.Add(time.Hour)
			if diff := cmp.Diff(status, deriveStatus(&tc.scope)); diff != "" {
				t.Errorf("an hour later (-first +second):\n%s", diff)
			}
		})
	}
}

func TestPersistedEnding(t *testing.T) {
	last := &v1alpha1.Failure{Reason: "ImportError"}
	for name, tc := range map[string]struct {
		ready *metav1.Condition
		want  *ending
	}{
		"new":      {nil, nil},
		"starting": {&metav1.Condition{Status: "False", Reason: "Starting"}, nil},
		"running":  {&metav1.Condition{Status: "True", Reason: "Serving"}, nil},
		"stopped":  {&metav1.Condition{Status: "False", Reason: "MaxUptime"}, &ending{reason: "MaxUptime"}},
		"failed":   {&metav1.Condition{Status: "False", Reason: "ImportError"}, &ending{reason: "ImportError", failure: last}},
	} {
		t.Run(name, func(t *testing.T) {
			status := v1alpha1.PreviewInstanceStatus{LastFailure: last}
			if tc.ready != nil {
				tc.ready.Type = v1alpha1.ConditionReady
				status.Conditions = []metav1.Condition{*tc.ready}
			}
			if diff := cmp.Diff(tc.want, persistedEnding(status), cmp.AllowUnexported(ending{})); diff != "" {
				t.Errorf("ending (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPodFailureTrustsTheSandboxWithLittle(t *testing.T) {
	terminated := func(s corev1.ContainerStateTerminated) *corev1.Pod {
		return podInPhase(corev1.PodFailed, corev1.ContainerState{Terminated: &s})
	}
	evicted := podInPhase(corev1.PodFailed, corev1.ContainerState{})
	evicted.Status.Reason, evicted.Status.Message = "Evicted", "ephemeral storage exceeds 256Mi"
	for name, tc := range map[string]struct {
		pod  *corev1.Pod
		want v1alpha1.Failure
	}{
		"evicted": {evicted, v1alpha1.Failure{Reason: "Evicted", Message: "ephemeral storage exceeds 256Mi"}},
		"import error": {terminated(corev1.ContainerStateTerminated{ExitCode: 1, Message: `{"reason":"ImportError","message":"No module named 'x'","exitCode":1}`}),
			v1alpha1.Failure{Reason: "ImportError", Message: "No module named 'x'", ExitCode: ptr.To(int32(1))}},
		"a reason that only the manager gives": {terminated(corev1.ContainerStateTerminated{ExitCode: 1, Message: `{"reason":"GenerationNotOwned","message":"m"}`}),
			v1alpha1.Failure{Reason: "AppExited", Message: "m", ExitCode: ptr.To(int32(1))}},
		"control characters": {terminated(corev1.ContainerStateTerminated{ExitCode: 1, Message: `{"reason":"AppExited","message":"a\u001b[31mb\u0000c\nd"}`}),
			v1alpha1.Failure{Reason: "AppExited", Message: "a[31mbc d", ExitCode: ptr.To(int32(1))}},
		"no JSON": {terminated(corev1.ContainerStateTerminated{ExitCode: 9, Message: "{"}),
			v1alpha1.Failure{Reason: "AppExited", Message: "the pod's process ended without saying why", ExitCode: ptr.To(int32(9))}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(&tc.want, podFailure(tc.pod)); diff != "" {
				t.Errorf("failure (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBounded(t *testing.T) {
	for name, text := range map[string]string{
		"long":          strings.Repeat("a", 5000),
		"runes cut":     strings.Repeat("ü", 5000),
		"invalid UTF-8": strings.Repeat("\xff\xfe", 5000),
		"exact":         strings.Repeat("a", maxMessageBytes),
	} {
		t.Run(name, func(t *testing.T) {
			got := bounded(text)
			if len(got) > maxMessageBytes || !utf8.ValidString(got) {
				t.Errorf("%d bytes, valid %v; at most %d are allowed", len(got), utf8.ValidString(got), maxMessageBytes)
			}
			if len(text) <= maxMessageBytes && got != text {
				t.Errorf("text within the bound was changed")
			}
		})
	}
}
