package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/utils/ptr"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// story is all that the store tells of the last run of a preview.
type story struct {
	Status struct {
		ID       string        `json:"id"`
		Status   string        `json:"status"`
		Reason   string        `json:"reason"`
		Resource string        `json:"resource"`
		Failure  *storyFailure `json:"failure"`
	}
	MemoryLimitMB int32
	Runs          []storyRun
	Lines         []framework.LogEvent
}

type storyRun struct {
	ID           string        `json:"id"`
	Status       string        `json:"status"`
	Reason       string        `json:"reason"`
	Failure      *storyFailure `json:"failure"`
	StartedAt    *time.Time    `json:"started_at"`
	StoppedAt    *time.Time    `json:"stopped_at"`
	LogComplete  bool          `json:"log_complete"`
	LinesMissing *int64        `json:"lines_missing"`
	MissingFrom  *time.Time    `json:"missing_from"`
}

type storyFailure struct {
	Reason   string `json:"reason"`
	Message  string `json:"message"`
	ExitCode *int32 `json:"exit_code"`
}

// told is an expected line: source, level, and a regular expression of the message.
type told struct{ source, level, message string }

func (t told) String() string { return t.source + " " + t.level + " " + t.message }

// The steps that every preview begins with.
var (
	toldCreated = told{"system", "INFO", `^created for user \S+, generation \S+( in version [0-9a-f]{12})?, runtime python$`}
	toldClaimed = told{"system", "INFO", `^claimed port \d+ and pod \S+$`}
	toldPod     = told{"system", "INFO", `^the pod runs on node \S+, with at most \d+ MiB of memory$`}
	toldCode    = told{"system", "INFO", `^the code is loaded$`}
	toldRunning = told{"system", "INFO", `^running: the application accepts connections$`}
	toldEnded   = told{"system", "INFO", `^ended after \d+ s: it holds no port any more$`}
)

// storySpecs read what is told of previews when nothing is left of them but their records.
func storySpecs() {
	var previews map[string]preview

	BeforeAll(func(ctx SpecContext) {
		old := framework.InlineInstance(cluster.Namespace, unique("outlived"), unique("user"), minimal("outlived"))
		old.Spec.GenerationID, old.Spec.MaxUptimeSeconds = old.Name, ptr.To(int32(shortSeconds))
		Expect(cluster.Client.Create(ctx, old)).To(Succeed())
		previews = map[string]preview{
			"hungry":   launchProject(ctx, "story-hungry", testProject("hungry"), 0),
			"broken":   launchProject(ctx, "story-broken", example("broken"), 0),
			"stopped":  launchProject(ctx, "story-stopped", example("bookstore"), 0),
			"outlived": {UserClient: userClient(old.Spec.UserID), id: old.Name},
		}
		hungry, stopped := previews["hungry"], previews["stopped"]
		hungry.eventuallyRunning(ctx)
		_, err := hungry.Get(ctx, hungry.id, hungry.launch.SessionToken, "/allocate")
		Expect(err).To(HaveOccurred(), "the application survived")
		stopped.eventuallyRunning(ctx)
		stopped.get(ctx, "/books", nil, new(any))
		Expect(stopped.Stop(ctx, stopped.id)).To(Succeed())

		for _, p := range previews {
			p.eventuallyForgotten(ctx)
		}
		// Of one, not even the generation is left.
		Expect(previews["broken"].DeleteGeneration(ctx, previews["broken"].id)).To(Succeed())
	})
	AfterAll(deleteAll)

	It("tell of one that was killed for its memory", func(ctx SpecContext) {
		s := previews["hungry"].story(ctx)
		s.expectEnd("failed", v1alpha1.ReasonOOMKilled, `limit of \d+Mi`, 137)
		s.expectLines(
			toldCreated, toldClaimed, toldPod, told{"subprocess", "INFO", `^INFO: +Application startup complete\.$`}, toldCode, toldRunning,
			told{"subprocess", "INFO", "^allocating$"},
			told{"system", "ERROR", fmt.Sprintf(`^failed: OOMKilled: the application used more memory than its limit of %dMi \(exit code 137\)$`, s.MemoryLimitMB)},
			toldEnded)
	})

	It("tell of one that could not be imported", func(ctx SpecContext) {
		s := previews["broken"].story(ctx)
		s.expectEnd("failed", v1alpha1.ReasonImportError, `cannot import name 'calculate_vat'`, 1)
		Expect(s.Runs[0].StartedAt).To(BeNil())
		s.expectLines(
			toldCreated, toldClaimed, toldPod, told{"subprocess", "INFO", "^INFO invoices: loading the routers$"},
			told{"subprocess", "ERROR", `^Traceback \(most recent call last\):$`}, told{"subprocess", "ERROR", `^  File .*/app/main\.py", line \d+`},
			told{"subprocess", "ERROR", `^  File .*/app/routers/invoices\.py", line \d+`}, told{"subprocess", "ERROR", `^ImportError: cannot import name 'calculate_vat'`},
			told{"subprocess", "ERROR", `^preview: ERROR: the application did not start: ImportError`}, toldCode,
			told{"system", "ERROR", `^failed: ImportError: cannot import name 'calculate_vat' .*\(exit code 1\)$`},
			told{"system", "INFO", `^ended: it holds no port any more$`})
	})

	It("tell of one that its owner has stopped", func(ctx SpecContext) {
		s := previews["stopped"].story(ctx)
		s.expectEnd("stopped", v1alpha1.ReasonStopRequested, "", 0)
		s.expectLines(
			toldCreated, toldClaimed, toldPod, told{"subprocess", "INFO", `^INFO: +Application startup complete\.$`}, toldCode, toldRunning,
			told{"subprocess", "INFO", `GET /books HTTP/1\.1" 200 OK$`}, told{"system", "INFO", `^stopping: it was asked to stop \(StopRequested\)$`},
			told{"subprocess", "INFO", `^INFO: +Shutting down$`}, told{"subprocess", "INFO", `^INFO: +Finished server process`}, toldEnded)
	})

	It("tell of one that has run for as long as it may", func(ctx SpecContext) {
		s := previews["outlived"].story(ctx)
		s.expectEnd("stopped", v1alpha1.ReasonMaxUptime, "", 0)
		Expect(s.Runs[0].StoppedAt.Sub(*s.Runs[0].StartedAt)).To(BeNumerically(">=", shortSeconds*time.Second))
		s.expectLines(
			toldCreated, toldClaimed, toldPod, told{"subprocess", "INFO", `^minimal outlived is up$`}, toldCode, toldRunning,
			told{"system", "INFO", fmt.Sprintf(`^stopping: it has run for as long as it may, %d s \(MaxUptime\)$`, shortSeconds)},
			told{"subprocess", "INFO", `^INFO: +Finished server process`}, toldEnded)
	})
}

// eventuallyForgotten waits for the end of a preview and deletes its resource, with everything that hangs on it.
func (p preview) eventuallyForgotten(ctx context.Context) {
	GinkgoHelper()
	var instance *v1alpha1.PreviewInstance
	Eventually(ctx, func(ctx context.Context) (_ v1alpha1.Phase, err error) {
		if instance, err = p.instance(ctx); err != nil {
			return "", err
		}
		return instance.Status.Phase, nil
	}).WithTimeout(startTimeout).WithPolling(poll).Should(BeElementOf(v1alpha1.PhaseStopped, v1alpha1.PhaseFailed))
	Expect(cluster.Client.Delete(ctx, instance)).To(Succeed())
	eventuallyAbsent(ctx, instance.Name)
	eventuallyNoPods(ctx, string(instance.UID))
}

// story reads everything, and holds that the stream, opened with a ticket, tells what the pages do.
func (p preview) story(ctx context.Context) story {
	GinkgoHelper()
	var s story
	base := "/api/v1/generations/" + p.id + "/preview"
	p.read(ctx, base+"/status", &s.Status)
	var config struct {
		MemoryLimitMB int32 `json:"memory_limit_mb"`
	}
	p.read(ctx, base+"/config", &config)
	s.MemoryLimitMB = config.MemoryLimitMB
	var runs struct{ Runs []storyRun }
	p.read(ctx, base+"/runs", &runs)
	s.Runs = runs.Runs
	var page struct{ Lines []framework.LogEvent }
	p.read(ctx, base+"/logs?limit=1000", &page)
	s.Lines = page.Lines

	stream, err := p.LogsWithTicket(ctx, p.id)
	Expect(err).NotTo(HaveOccurred())
	defer stream.Close()
	Eventually(ctx, stream.Events).WithTimeout(goneTimeout).WithPolling(poll).
		Should(Equal(append(append([]framework.LogEvent(nil), s.Lines...), framework.LogEvent{Name: "end", Reason: "ended"})))
	return s
}

func (p preview) read(ctx context.Context, path string, into any) {
	GinkgoHelper()
	status, _, body, err := p.Call(ctx, http.MethodGet, path, nil, nil)
	Expect(err).NotTo(HaveOccurred())
	Expect(status).To(Equal(http.StatusOK), "%s: %s", path, body)
	Expect(json.Unmarshal(body, into)).To(Succeed())
}

// expectEnd checks how the one run has ended, and that nothing of its log is missing. message is a regular expression,
// empty for a run that has not failed.
func (s story) expectEnd(status, reason, message string, exitCode int32) {
	GinkgoHelper()
	Expect(s.Runs).To(HaveLen(1))
	run := s.Runs[0]
	Expect([]string{s.Status.ID, s.Status.Resource, s.Status.Status, s.Status.Reason}).To(Equal([]string{run.ID, "gone", status, reason}))
	Expect([]string{run.Status, run.Reason}).To(Equal([]string{status, reason}))
	Expect(run.StoppedAt).NotTo(BeNil())
	Expect(run.LogComplete).To(BeTrue())
	Expect(run.LinesMissing).To(HaveValue(BeZero()))
	Expect(s.Status.Failure).To(Equal(run.Failure))
	if message == "" {
		Expect(run.Failure).To(BeNil())
		return
	}
	Expect(run.Failure).NotTo(BeNil())
	Expect(run.Failure.Reason).To(Equal(reason))
	Expect(run.Failure.Message).To(MatchRegexp(message))
	Expect(run.Failure.ExitCode).To(HaveValue(Equal(exitCode)))
}

// expectLines checks that the times of the lines are in order, that those of the system are exactly those that are wanted,
// and that those of the application are among the others.
func (s story) expectLines(want ...told) {
	GinkgoHelper()
	left := want
	for i, line := range s.Lines {
		if i > 0 {
			Expect(line.Timestamp).To(BeTemporally(">=", s.Lines[i-1].Timestamp), "line %d: %s", i, line.Message)
		}
		matches := len(left) > 0 && line.Source == left[0].source && line.Level == left[0].level
		if matches {
			matches, _ = MatchRegexp(left[0].message).Match(line.Message)
		}
		if matches {
			left = left[1:]
		} else {
			Expect(line.Source).NotTo(Equal("system"), "%q is not expected, or not here; next should come %v", line.Message, left)
		}
	}
	Expect(left).To(BeEmpty(), "the log ends before these")
}
