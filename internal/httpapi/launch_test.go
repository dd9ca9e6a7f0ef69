package httpapi

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/test/support"
)

func launchCall(h *harness, id, user string, body any) call {
	return call{method: "POST", path: base + id + "/preview/launch", token: h.token(user, auth.RoleUser), body: body}
}

func TestLaunchCreatesAnInstance(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen_123", "alice@example.com")
	got := decode[launchReply](h, h.do(launchCall(h, "gen_123", "alice@example.com",
		`{"project_id":"proj","timeout":60,"entrypoint":"main:app","env":{"B":"2","A":"ä"}}`)), http.StatusCreated)

	meta, err := h.store.Generation(t.Context(), "gen_123")
	h.must(err)
	pvi, err := h.api.instances.Live(t.Context(), instanceName("gen_123"))
	h.must(err)
	timeout := int32(60)
	wantSpec := v1alpha1.PreviewInstanceSpec{
		GenerationID: "gen_123", UserID: "alice@example.com", ProjectID: "proj",
		Source:   v1alpha1.Source{Generation: &v1alpha1.GenerationSource{Version: meta.Version}},
		WhenFull: v1alpha1.WhenFullFail, DesiredState: v1alpha1.DesiredRunning, Entrypoint: "main:app", StartupTimeoutSeconds: &timeout,
		Env: []v1alpha1.EnvVar{{Name: "A", Value: "ä"}, {Name: "B", Value: "2"}},
	}
	if diff := cmp.Diff(wantSpec, pvi.Spec); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{v1alpha1.LabelUser: userLabel("alice@example.com")}, pvi.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	port, url := int32(3001), "http://pod.previews.svc:3001"
	want := launchReply{
		ID: string(pvi.UID), GenerationID: "gen_123", UserID: "alice@example.com", ProjectID: "proj", Version: meta.Version,
		Status: "starting", Port: &port, BaseURL: &url, SessionToken: got.SessionToken, SessionExpiresAt: testTime.Add(time.Hour), CreatedAt: testTime,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reply (-want +got):\n%s", diff)
	}
	h.must(h.api.signer.Check(got.SessionToken, string(pvi.UID), "alice@example.com"))
}

func TestLaunchOfALivePreviewReturnsIt(t *testing.T) {
	h := newHarness(t, nil)
	first := h.launched("gen", "alice")
	h.clock.advance(time.Minute)
	again := decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusOK)
	if again.ID != first.ID || again.SessionToken == first.SessionToken || !again.SessionExpiresAt.After(first.SessionExpiresAt) {
		t.Errorf("first %+v, again %+v", first, again)
	}
	// A newer version does not replace a live preview.
	h.do(call{method: "PUT", path: base + "gen", token: h.token("alice", auth.RoleUser), body: `{"project_id":"proj","files":{"main.py":"new"}}`})
	newer := decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusOK)
	if newer.ID != first.ID || newer.Version != first.Version {
		t.Errorf("a live preview was replaced: %+v", newer)
	}
}

func TestConcurrentLaunchesMakeOnePreview(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	const launches = 20
	var mu sync.Mutex
	codes, ids := map[int]int{}, map[string]int{}
	var wait sync.WaitGroup
	for range launches {
		wait.Go(func() {
			a := h.do(launchCall(h, "gen", "alice", nil))
			reply := decode[launchReply](h, a, a.status)
			mu.Lock()
			defer mu.Unlock()
			codes[a.status]++
			ids[reply.ID]++
		})
	}
	wait.Wait()
	if diff := cmp.Diff(map[int]int{http.StatusCreated: 1, http.StatusOK: launches - 1}, codes); diff != "" || len(ids) != 1 {
		t.Errorf("ids %v, codes (-want +got):\n%s", ids, diff)
	}
}

func TestLaunchAfterTheEndStartsAfresh(t *testing.T) {
	for name, end := range endings {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, nil)
			first := h.launched("gen", "alice")
			end(h)
			var wait sync.WaitGroup
			answers := make([]answer, 4)
			for i := range answers {
				wait.Go(func() { answers[i] = h.do(launchCall(h, "gen", "alice", nil)) })
			}
			wait.Wait()
			created, ids := 0, map[string]bool{}
			for _, a := range answers {
				ids[decode[launchReply](h, a, a.status).ID] = true
				if a.status == http.StatusCreated {
					created++
				}
			}
			if created != 1 || len(ids) != 1 || ids[first.ID] {
				t.Errorf("%d created, ids %v, first %s", created, ids, first.ID)
			}
		})
	}
}

// The gateway saves the manager a write: the finalizer is there from the beginning.
func TestLaunchesSetTheFinalizer(t *testing.T) {
	h := newHarness(t, nil)
	h.launched("gen", "alice")
	pvi, err := h.api.instances.Live(t.Context(), instanceName("gen"))
	h.must(err)
	if len(pvi.Finalizers) != 1 || pvi.Finalizers[0] != v1alpha1.Finalizer {
		t.Errorf("finalizers %v", pvi.Finalizers)
	}
}

// An instance that is being deleted keeps its name until its pod is gone.
func TestLaunchWaitsForADeletionToFinish(t *testing.T) {
	h := newHarness(t, nil)
	first := h.launched("gen", "alice")
	pvi, err := h.api.instances.Live(t.Context(), instanceName("gen"))
	h.must(err)
	pvi.Finalizers = []string{"example.com/held"}
	h.must(h.cluster.Update(t.Context(), pvi))
	h.must(h.api.instances.Delete(t.Context(), pvi))
	h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return !p.DeletionTimestamp.IsZero() })

	done := make(chan answer, 1)
	go func() { done <- h.do(launchCall(h, "gen", "alice", nil)) }()
	support.Eventually(h.t, "the launch waits", func() bool {
		h.api.instances.mu.Lock()
		defer h.api.instances.mu.Unlock()
		return len(h.api.instances.waiting) == 1
	})
	pvi, err = h.api.instances.Live(t.Context(), instanceName("gen"))
	h.must(err)
	pvi.Finalizers = nil
	h.must(h.cluster.Update(t.Context(), pvi))
	if again := decode[launchReply](h, <-done, http.StatusCreated); again.ID == first.ID {
		t.Error("the preview that was being deleted was returned")
	}
}

func TestLaunchWithoutAFreePort(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	h.cluster.manage = func(pvi *v1alpha1.PreviewInstance) {
		h.cluster.setStatus(t, pvi.Name, ended(v1alpha1.PhaseFailed, v1alpha1.ReasonPortsExhausted))
	}
	a := h.do(launchCall(h, "gen", "alice", nil))
	if a.status != http.StatusServiceUnavailable || a.slug() != "no-free-port" || a.header.Get("Retry-After") != "10" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	if _, err := h.api.instances.Live(t.Context(), instanceName("gen")); !errors.Is(err, errNoInstance) {
		t.Errorf("the instance was left behind: %v", err)
	}
}

func TestLaunchThatFailsAtOnceTellsSo(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	h.cluster.manage = func(pvi *v1alpha1.PreviewInstance) {
		h.cluster.setStatus(t, pvi.Name, ended(v1alpha1.PhaseFailed, v1alpha1.ReasonRuntimeNotFound))
	}
	if got := decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated); got.Status != "failed" || got.Port != nil {
		t.Errorf("got %+v", got)
	}
}

func TestLaunchWithoutAManager(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.LaunchWait = 50 * time.Millisecond })
	h.stored("gen", "alice")
	h.cluster.manage = nil
	a := h.do(launchCall(h, "gen", "alice", nil))
	if a.status != http.StatusServiceUnavailable || a.slug() != "launch-delayed" || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// Where launches wait for warm pods, one that gets none in time keeps its turn.
func TestLaunchWithoutAWarmPod(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.LaunchWait = 500 * time.Millisecond })
	h.stored("gen", "alice")
	h.cluster.manage = func(pvi *v1alpha1.PreviewInstance) {
		h.cluster.setStatus(t, pvi.Name, func(p *v1alpha1.PreviewInstance) {
			allocated(3001)(p)
			p.Status.Reason = v1alpha1.ReasonNoWarmPod
		})
	}
	a := h.do(launchCall(h, "gen", "alice", nil))
	if a.status != http.StatusServiceUnavailable || a.slug() != "no-warm-pod" || a.header.Get("Retry-After") != "10" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	waits, err := h.api.instances.Live(t.Context(), instanceName("gen"))
	h.must(err)
	h.cluster.setStatus(t, instanceName("gen"), func(p *v1alpha1.PreviewInstance) {
		p.Status.Reason = v1alpha1.ReasonLoading
		p.Status.Start = &v1alpha1.Start{Kind: v1alpha1.StartWarm, Interpreter: v1alpha1.InterpreterForked}
	})
	got := decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusOK)
	if diff := cmp.Diff(&startBody{Kind: "warm", Interpreter: "forked"}, got.Start); diff != "" || got.ID != string(waits.UID) {
		t.Errorf("id %s, want %s; start (-want +got):\n%s", got.ID, waits.UID, diff)
	}
}

// Somebody deletes the instance while a launch waits for its port.
func TestLaunchSurvivesADeletionByOthers(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	first := true
	h.cluster.manage = func(pvi *v1alpha1.PreviewInstance) {
		if !first {
			h.cluster.setStatus(t, pvi.Name, allocated(3002))
			return
		}
		first = false
		if err := h.api.instances.Delete(t.Context(), pvi); err != nil {
			t.Error(err)
		}
	}
	if got := decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated); *got.Port != 3002 {
		t.Errorf("port %d, want that of the second instance", *got.Port)
	}
}

// With kubectl anybody with the right may take a generation's name. It is not taken for the preview of its user.
func TestNameTakenWithKubectl(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	pvi := &v1alpha1.PreviewInstance{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: instanceName("gen")},
		Spec:       v1alpha1.PreviewInstanceSpec{GenerationID: "gen", UserID: "mallory"},
	}
	h.must(h.cluster.Create(t.Context(), pvi))
	h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return p.Status.Port != 0 })
	if a := h.do(launchCall(h, "gen", "alice", nil)); a.status != http.StatusConflict || a.slug() != "preview-name-taken" {
		t.Errorf("launch: %d %s", a.status, a.body)
	}
	for _, route := range []string{"status", "config", "logs/stream"} {
		if a := h.do(call{method: "GET", path: base + "gen/preview/" + route, token: h.token("alice", auth.RoleUser)}); a.slug() != "preview-not-found" {
			t.Errorf("%s: %d %s", route, a.status, a.body)
		}
	}
	h.do(call{method: "DELETE", path: base + "gen/preview", token: h.token("alice", auth.RoleUser)})
	h.do(call{method: "DELETE", path: base + "gen", token: h.token("alice", auth.RoleUser)})
	if _, err := h.api.instances.Live(t.Context(), instanceName("gen")); err != nil {
		t.Errorf("another user's instance was deleted: %v", err)
	}
}

func TestLaunchFaultsOfTheAPIServer(t *testing.T) {
	gr := schema.GroupResource{Resource: "previewinstances"}
	tests := map[string]struct {
		err    error
		status int
		slug   string
	}{
		"overloaded":         {apierrors.NewTooManyRequests("later", 1), http.StatusServiceUnavailable, "unavailable"},
		"timeout":            {apierrors.NewServerTimeout(gr, "create", 1), http.StatusServiceUnavailable, "unavailable"},
		"forbidden":          {apierrors.NewForbidden(gr, "x", errors.New("canary internal detail")), http.StatusInternalServerError, "internal"},
		"connection refused": {errors.New("dial tcp 10.96.0.1:443: canary internal detail"), http.StatusInternalServerError, "internal"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, nil)
			h.stored("gen", "alice")
			h.cluster.setFailure("create", tt.err)
			a := h.do(launchCall(h, "gen", "alice", nil))
			if a.status != tt.status || a.slug() != tt.slug || strings.Contains(string(a.body), "canary") {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

func TestBadLaunches(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	manyEnv := `{"env":{`
	for i := range maxEnv + 1 {
		manyEnv += `"V` + strings.Repeat("x", i) + `":"",`
	}
	manyEnv = strings.TrimSuffix(manyEnv, ",") + "}}"
	tests := map[string]struct {
		body   string
		status int
		field  string
	}{
		"other project":       {`{"project_id":"other"}`, 400, "project_id"},
		"empty project":       {`{"project_id":""}`, 400, "project_id"},
		"project number":      {`{"project_id":1}`, 400, "project_id"},
		"timeout zero":        {`{"timeout":0}`, 400, "timeout"},
		"timeout negative":    {`{"timeout":-1}`, 400, "timeout"},
		"timeout too long":    {`{"timeout":601}`, 400, "timeout"},
		"timeout fraction":    {`{"timeout":1.5}`, 400, "timeout"},
		"timeout text":        {`{"timeout":"30"}`, 400, "timeout"},
		"timeout overflow":    {`{"timeout":99999999999}`, 400, "timeout"},
		"unknown field":       {`{"image":"evil"}`, 400, "image"},
		"other case":          {`{"Timeout":30}`, 400, "Timeout"},
		"duplicate":           {`{"timeout":1,"timeout":2}`, 400, "timeout"},
		"duplicate in env":    {`{"env":{"A":"1","A":"2"}}`, 400, "env.A"},
		"trailing data":       {`{} {}`, 400, "body"},
		"array":               {`[]`, 400, "body"},
		"null":                {`null`, 400, "body"},
		"cut":                 {`{"timeout":`, 400, "body"},
		"not JSON":            {`timeout=30`, 400, "body"},
		"not UTF-8":           {"{\"project_id\":\"\xff\"}", 400, "body"},
		"deeply nested":       {`{"env":{"A":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}}`, 400, ""},
		"entrypoint":          {`{"entrypoint":"main.py"}`, 400, "entrypoint"},
		"entrypoint too long": {`{"entrypoint":"m:` + strings.Repeat("a", 300) + `"}`, 400, "entrypoint"},
		"entrypoint code":     {`{"entrypoint":"main:app; import os"}`, 400, "entrypoint"},
		"env name":            {`{"env":{"1A":""}}`, 400, "env.1A"},
		"env reserved":        {`{"env":{"PREVIEW_X":""}}`, 400, "env.PREVIEW_X"},
		"env value":           {`{"env":{"A":1}}`, 400, "env"},
		"env value NUL":       {`{"env":{"A":"\u0000"}}`, 400, "env.A"},
		"env value too long":  {`{"env":{"A":"` + strings.Repeat("a", 8193) + `"}}`, 400, "env.A"},
		"env too many":        {manyEnv, 400, "env"},
		"half a surrogate":    {`{"env":{"A":"\ud83d"}}`, 400, "env.A"},
		"half in a name":      {`{"env":{"\ud83d":""}}`, 400, ""},
		"env list":            {`{"env":[]}`, 400, "env"},
		"too large":           {`{"env":{"A":"` + strings.Repeat("a", maxLaunchBytes) + `"}}`, 413, "body"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := h.do(launchCall(h, "gen", "alice", tt.body))
			if a.status != tt.status || tt.field != "" && a.field() != tt.field {
				t.Errorf("%d, field %q, want %d, %q: %s", a.status, a.field(), tt.status, tt.field, a.body)
			}
		})
	}
	t.Run("another media type", func(t *testing.T) {
		c := launchCall(h, "gen", "alice", `{}`)
		c.header = map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
		if a := h.do(c); a.status != http.StatusUnsupportedMediaType {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("compressed body", func(t *testing.T) {
		c := launchCall(h, "gen", "alice", `{}`)
		c.header = map[string]string{"Content-Encoding": "gzip"}
		if a := h.do(c); a.status != http.StatusUnsupportedMediaType || a.field() != "Content-Encoding" {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	var list v1alpha1.PreviewInstanceList
	h.must(h.cluster.List(t.Context(), &list, client.InNamespace(namespace)))
	if len(list.Items) != 0 {
		t.Errorf("%d instances were created", len(list.Items))
	}
}

func TestInstanceNames(t *testing.T) {
	ids := []string{
		"gen_123", "gen-123", "GEN-123", "gen.123", "1", "a", strings.Repeat("a", 128), strings.Repeat("a", 127) + "b",
		"123e4567-e89b-12d3-a456-426614174000", strings.Repeat("a", 39) + "." + "b", "a__________________________________________b",
	}
	seen := map[string]string{}
	for _, id := range ids {
		name := checkedName(t, id)
		if other, ok := seen[name]; ok {
			t.Errorf("%q and %q have one name", id, other)
		}
		seen[name] = id
	}
	if problems := validation.IsValidLabelValue(userLabel("auth0|x@y:z")); len(problems) > 0 {
		t.Error(problems)
	}
}

func checkedName(t *testing.T, id string) string {
	t.Helper()
	name := instanceName(id)
	if problems := validation.IsDNS1035Label(name); len(problems) > 0 {
		t.Errorf("%q became %q: %v", id, name, problems)
	}
	return name
}

func TestLaunchWhileTheAPIServerIsAway(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	h.cluster.setFailure("create", &url.Error{Op: "Post", URL: "https://canary/", Err: syscall.ECONNREFUSED})
	a := h.do(launchCall(h, "gen", "alice", nil))
	problem := decode[Problem](h, a, http.StatusServiceUnavailable)
	if problem.Type != problemBase+kindUnavailable.slug || a.header.Get("Retry-After") != "1" || strings.Contains(string(a.body), "canary") {
		t.Errorf("%+v, Retry-After %q", problem, a.header.Get("Retry-After"))
	}
	h.cluster.setFailure("create", nil)
	decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated)
}
