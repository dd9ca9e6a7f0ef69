package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/rundetails"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/internal/vitals"
	"github.com/codebegen/preview-operator/test/support"
)

// ranOut is the record of a run that was killed a minute after its start.
func ranOut(uid, generation, user string, created time.Time) store.Run {
	return store.Run{
		UID: uid, InstanceUID: uid, Name: "pvi", Namespace: namespace, GenerationID: generation, UserID: user, ProjectID: "proj",
		Version: "v1", Runtime: "python", Phase: "Failed", Reason: v1alpha1.ReasonOOMKilled, Port: 3001, Node: "node-1", Revision: 1,
		CreatedAt: created, StartedAt: ptr(created.Add(time.Second)), StoppedAt: ptr(created.Add(time.Minute)), UpdatedAt: created.Add(time.Hour),
		Failure: &store.RunFailure{Reason: v1alpha1.ReasonOOMKilled, Message: "limit is 256 MiB", ExitCode: ptr(int32(137)), At: created.Add(time.Minute)},
		Details: rundetails.Details{SessionTimeout: 60, MaxUptime: 120, StartupTimeout: 7, MemoryLimitMB: 256, Start: &v1alpha1.Start{Kind: v1alpha1.StartWarm, Interpreter: v1alpha1.InterpreterForked}}.Encode(),
	}
}

// recorded puts records as the manager does.
func (h *harness) recorded(runs ...store.Run) {
	h.t.Helper()
	for _, run := range runs {
		if _, err := h.store.PutRun(h.t.Context(), run); err != nil {
			h.t.Fatal(err)
		}
	}
}

// deleted deletes an instance and waits until the cache shows it.
func (h *harness) deleted(name string) {
	h.t.Helper()
	pvi, err := h.api.instances.Live(h.t.Context(), name)
	h.must(err)
	h.must(h.api.instances.Delete(h.t.Context(), pvi))
	support.Eventually(h.t, "the cache shows the deletion", func() bool {
		_, err := h.api.instances.Cached(name)
		return errors.Is(err, errNoInstance)
	})
}

// Who died yesterday tells its story today.
func TestStatusAndConfigOfAPreviewThatIsGone(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	h.recorded(ranOut("old", "gen", "alice", testTime.Add(-48*time.Hour)), ranOut("uid-1", "gen", "alice", testTime.Add(-24*time.Hour)))
	created, stopped := testTime.Add(-24*time.Hour), testTime.Add(-24*time.Hour+time.Minute)
	want := statusReply{Resource: resourceGone, Health: vitals.Unknown, previewBody: previewBody{
		ID: "uid-1", GenerationID: "gen", UserID: "alice", ProjectID: "proj", Status: "failed", Reason: "OOMKilled", UptimeSeconds: 59,
		CreatedAt: created, StartedAt: ptr(created.Add(time.Second)), StoppedAt: &stopped,
		Failure: &failureBody{Reason: "OOMKilled", Message: "limit is 256 MiB", ExitCode: ptr(int32(137)), At: stopped},
		Start:   &startBody{Kind: "warm", Interpreter: "forked"},
	}}
	if diff := cmp.Diff(want, decode[statusReply](h, get(h, base+"gen/preview/status", "alice"), http.StatusOK), cmp.AllowUnexported(statusReply{})); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	wantConfig := configReply{Resource: resourceGone, SessionTimeout: 60, MaxUptime: 120, TimeoutSeconds: 7, MemoryLimitMB: 256}
	if diff := cmp.Diff(wantConfig, decode[configReply](h, get(h, base+"gen/preview/config", "alice"), http.StatusOK)); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}

	// The next launch is what counts again, until it is gone without a trace of its end.
	launch := decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated)
	run := ranOut(launch.ID, "gen", "alice", testTime)
	run.Phase, run.Reason, run.StoppedAt, run.Failure, run.Details = "Running", "Serving", nil, nil, "not JSON"
	h.recorded(run)
	if got := decode[statusReply](h, get(h, base+"gen/preview/status", "alice"), http.StatusOK); got.ID != launch.ID || got.Status != "starting" || got.Resource != resourcePresent {
		t.Errorf("after the next launch: %+v", got)
	}
	h.deleted(instanceName("gen"))
	got := decode[statusReply](h, get(h, base+"gen/preview/status", "alice"), http.StatusOK)
	if got.ID != launch.ID || got.Status != "stopped" || got.Reason != "" || got.UptimeSeconds != 3599 || got.StoppedAt != nil {
		t.Errorf("after a deletion by force: %+v", got)
	}
	wantConfig = configReply{Resource: resourceGone, SessionTimeout: 1800, MaxUptime: 3600, TimeoutSeconds: 30, MemoryLimitMB: 512}
	if diff := cmp.Diff(wantConfig, decode[configReply](h, get(h, base+"gen/preview/config", "alice"), http.StatusOK)); diff != "" {
		t.Errorf("config that was not recorded (-want +got):\n%s", diff)
	}
	// What needs a preview has none.
	if a := h.do(call{method: "POST", path: base + "gen/preview/token", token: h.token("alice", auth.RoleUser)}); a.slug() != "preview-not-found" {
		t.Errorf("a token: %d %s", a.status, a.body)
	}
}

// A generation can change hands; records stay with whose they are.
func TestWhoSeesRecords(t *testing.T) {
	type caller struct {
		user string
		role auth.Role
	}
	alice, bob, root, service := caller{"alice", auth.RoleUser}, caller{"bob", auth.RoleUser}, caller{"root", auth.RoleAdmin}, caller{"backend", auth.RoleService}
	alices := ranOut("a", "gen", "alice", testTime.Add(-2*time.Hour))
	bobs := ranOut("b", "gen", "bob", testTime.Add(-time.Hour))
	other := ranOut("o", "other", "alice", testTime)
	tests := map[string]struct {
		// owner of the stored generation; nobody has stored it when empty.
		owner string
		runs  []store.Run
		// status and runs are the ids that a caller sees, or the slug of the problem.
		status, list map[caller]string
	}{
		"of a stored generation": {
			"alice", []store.Run{alices, other},
			map[caller]string{alice: "a", bob: "forbidden", root: "a", service: "forbidden"},
			map[caller]string{alice: "a", bob: "forbidden", root: "a", service: "forbidden"},
		},
		"of one that changed hands": {
			"alice", []store.Run{alices, bobs},
			map[caller]string{alice: "a", bob: "forbidden", root: "a"},
			map[caller]string{alice: "a", bob: "forbidden", root: "b,a"},
		},
		"of one that had only the other owner's runs": {
			"alice", []store.Run{bobs},
			map[caller]string{alice: "preview-not-found", bob: "forbidden", root: "preview-not-found"},
			map[caller]string{alice: "", bob: "forbidden", root: "b"},
		},
		"of one that is not stored any more": {
			"", []store.Run{alices, bobs, other},
			map[caller]string{alice: "a", bob: "b", root: "b", service: "generation-not-found"},
			map[caller]string{alice: "a", bob: "b", root: "b,a", service: "generation-not-found"},
		},
		"of nobody": {
			"", []store.Run{other},
			map[caller]string{alice: "generation-not-found", root: "generation-not-found"},
			map[caller]string{alice: "generation-not-found", root: "generation-not-found"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, nil)
			if tt.owner != "" {
				h.stored("gen", tt.owner)
			}
			h.recorded(tt.runs...)
			status, list := map[caller]string{}, map[caller]string{}
			for who := range tt.status {
				a := h.do(call{method: "GET", path: base + "gen/preview/status", token: h.token(who.user, who.role)})
				status[who] = a.slug()
				if a.status == http.StatusOK {
					status[who] = decode[statusReply](h, a, http.StatusOK).ID
				}
				a = h.do(call{method: "GET", path: base + "gen/preview/runs", token: h.token(who.user, who.role)})
				list[who] = a.slug()
				if a.status == http.StatusOK {
					list[who] = strings.Join(runIDs(decode[runList](h, a, http.StatusOK)), ",")
				}
			}
			if diff := cmp.Diff(tt.status, status); diff != "" {
				t.Errorf("who sees which status (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.list, list); diff != "" {
				t.Errorf("who sees which runs (-want +got):\n%s", diff)
			}
		})
	}
}

func runIDs(l runList) (ids []string) {
	for _, run := range l.Runs {
		ids = append(ids, run.ID)
	}
	return ids
}

func TestListRuns(t *testing.T) {
	h := newHarness(t, nil)
	h.stored("gen", "alice")
	if got := decode[runList](h, get(h, base+"gen/preview/runs", "alice"), http.StatusOK); got.Count != 0 || got.Runs == nil || got.NextCursor != nil {
		t.Errorf("before the first launch: %+v", got)
	}
	for i := range 5 {
		h.recorded(ranOut(fmt.Sprint("run-", i), "gen", "alice", testTime.Add(time.Duration(i-10)*time.Hour)))
	}
	var ids []string
	for path := base + "gen/preview/runs?limit=2"; path != ""; {
		a := get(h, path, "alice")
		page := decode[runList](h, a, http.StatusOK)
		ids = append(ids, runIDs(page)...)
		if page.Count != len(page.Runs) || len(ids) > 5 {
			t.Fatalf("count %d of %d, %d in all", page.Count, len(page.Runs), len(ids))
		}
		path, _, _ = strings.Cut(strings.TrimPrefix(a.header.Get("Link"), "<"), ">")
		if (page.NextCursor == nil) != (path == "") || page.NextCursor != nil && !strings.Contains(path, *page.NextCursor) {
			t.Errorf("link %q of a page with the cursor %v", path, page.NextCursor)
		}
	}
	if diff := cmp.Diff([]string{"run-4", "run-3", "run-2", "run-1", "run-0"}, ids); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
	for query, field := range map[string]string{
		"limit=0": "limit", "limit=201": "limit", "limit=1&limit=2": "limit", "cursor=": "cursor", "cursor=x": "cursor", "user_id=alice": "user_id", "status=failed": "status",
	} {
		if a := get(h, base+"gen/preview/runs?"+query, "alice"); a.status != http.StatusBadRequest || a.field() != field {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
}

func TestRunsAsTheyAre(t *testing.T) {
	h := newHarness(t, nil)
	launch := h.launched("gen", "alice")
	h.cluster.setStatus(t, instanceName("gen"), func(p *v1alpha1.PreviewInstance) { runningAt("127.0.0.1:3001")(p); p.Status.Restarts = 1 })
	h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return p.Status.Restarts == 1 })
	first := ranOut(launch.ID, "gen", "alice", testTime.Add(-time.Hour))
	// The record of the run that goes on is behind its resource.
	second := ranOut(store.RunUID(launch.ID, 1), "gen", "alice", testTime.Add(-time.Minute))
	second.InstanceUID, second.Restarts, second.Phase, second.Reason, second.StoppedAt, second.Failure = launch.ID, 1, "Starting", "PodPending", nil, nil
	h.recorded(first, second)
	_, err := h.store.AppendLogs(t.Context(), []store.LogLine{
		{RunUID: first.UID, Source: store.SourceSubprocess, Seq: 1, At: testTime, Level: "INFO", Message: "hello"},
		{RunUID: first.UID, Source: store.SourceSystem, Seq: 1, At: testTime, Level: "INFO", Message: "claimed"},
		{RunUID: first.UID, Source: store.SourceSystem, Seq: 2, At: testTime, Level: "INFO", Message: "running"},
	})
	h.must(err)
	h.must(h.store.PutLogState(t.Context(), first.UID, store.LogState{Complete: true, MissingFrom: ptr(testTime)}))
	got := decode[runList](h, get(h, base+"gen/preview/runs", "alice"), http.StatusOK)
	created, stopped := testTime.Add(-time.Hour), testTime.Add(-59*time.Minute)
	want := runList{Count: 2, Runs: []runBody{
		{
			ID: launch.ID + ".1", PreviewID: launch.ID, GenerationID: "gen", UserID: "alice", ProjectID: "proj", Version: "v1", Runtime: "python",
			Status: "running", Port: ptr(int32(3001)), UptimeSeconds: 59, Restarts: 1, CreatedAt: testTime.Add(-time.Minute),
			StartedAt: ptr(testTime.Add(-59 * time.Second)), runLog: runLog{LinesMissing: ptr(int64(0))},
		},
		{
			ID: launch.ID, PreviewID: launch.ID, GenerationID: "gen", UserID: "alice", ProjectID: "proj", Version: "v1", Runtime: "python",
			Status: "failed", Reason: "OOMKilled", Port: ptr(int32(3001)), UptimeSeconds: 59, CreatedAt: created, StartedAt: ptr(created.Add(time.Second)),
			StoppedAt: &stopped, Failure: &failureBody{Reason: "OOMKilled", Message: "limit is 256 MiB", ExitCode: ptr(int32(137)), At: stopped},
			Lines: 1, SystemLines: 2, runLog: runLog{LogComplete: true, MissingFrom: &testTime},
		},
	}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(runBody{})); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
}
