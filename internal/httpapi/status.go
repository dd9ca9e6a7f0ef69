package httpapi

import (
	"context"
	"math"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/vitals"
)

// previewBody is what is known of a preview without asking its application.
type previewBody struct {
	ID            string     `json:"id"`
	GenerationID  string     `json:"generation_id"`
	UserID        string     `json:"user_id"`
	ProjectID     string     `json:"project_id"`
	Status        string     `json:"status" enum:"starting,running,stopping,stopped,failed"`
	Reason        string     `json:"reason,omitempty" doc:"Why it is in this state, in one word."`
	Port          *int32     `json:"port"`
	BaseURL       *string    `json:"base_url"`
	Start         *startBody `json:"start,omitempty" doc:"How it was started last; absent until that is known."`
	UptimeSeconds int64      `json:"uptime_seconds"`
	Restarts      int32      `json:"restarts" doc:"How many times it was started afresh after it had been stopped."`
	CreatedAt     time.Time  `json:"created_at"`
	StartedAt     *time.Time `json:"started_at"`
	StoppedAt     *time.Time `json:"stopped_at"`
	// SessionExpiresAt is not when a session token expires, but when the session that it is for ends.
	SessionExpiresAt *time.Time   `json:"session_expires_at" doc:"When it will be stopped for want of use; each use puts that off. null unless it runs."`
	MaxUptimeAt      *time.Time   `json:"max_uptime_at" doc:"When it will be stopped however much it is used. null unless it runs."`
	ExpiresAt        *time.Time   `json:"expires_at" doc:"The earlier of the two; once it has ended, when it will be deleted."`
	Failure          *failureBody `json:"failure,omitempty" doc:"Why it last ended other than as asked."`
}

// startBody says how a preview was started.
type startBody struct {
	Kind        string `json:"kind" enum:"warm,cold" doc:"warm when a waiting pod was taken, cold when one was created."`
	Interpreter string `json:"interpreter,omitempty" enum:"forked,fresh" doc:"forked from a preloaded one, or fresh because of a variable in env."`
	Reason      string `json:"reason,omitempty" doc:"Why it could not be the fastest start, in one word."`
	Message     string `json:"message,omitempty" doc:"The reason for people."`
}

// failureBody says why a preview last ended other than as asked.
type failureBody struct {
	Reason   string    `json:"reason"`
	Message  string    `json:"message" doc:"Quotes the application: not to be trusted."`
	ExitCode *int32    `json:"exit_code" doc:"128 plus the number of the signal that ended it, if one did."`
	At       time.Time `json:"at"`
}

// statusReply is the state of a preview.
type statusReply struct {
	previewBody
	MemoryUsageMB   *int64        `json:"memory_usage_mb" doc:"Working set in MiB; null when it is not known."`
	CPUUsagePercent *float64      `json:"cpu_usage_percent" doc:"Of one core, to one decimal; null when it is not known."`
	Resource        string        `json:"resource" enum:"present,gone" doc:"gone when it was deleted, and this is what was recorded of its last run."`
	Health          vitals.Health `json:"health" enum:"healthy,unhealthy,unknown" doc:"unhealthy once the application has not answered three times, a second apart."`
}

// Vitals tells how applications are.
type Vitals interface {
	// Of tells what is known of an instance; nothing of one without an address.
	Of(ctx context.Context, target vitals.Target) vitals.Snapshot
	// Forget ends the interest in an instance.
	Forget(instanceUID string)
}

func (a *API) status(c *gin.Context) (reply, error) {
	pvi, run, err := a.previewOrRecord(c)
	if err != nil {
		return reply{}, err
	}
	if pvi == nil {
		return reply{status: http.StatusOK, body: statusReply{previewBody: previewOfRun(run), Resource: resourceGone, Health: vitals.Unknown}}, nil
	}
	answer := statusReply{previewBody: previewOf(pvi, a.now()), Resource: resourcePresent, Health: vitals.Unknown}
	if pvi.Status.Phase == v1alpha1.PhaseRunning {
		answer.add(a.vitals.Of(c.Request.Context(), vitalsTarget(pvi)))
	}
	return reply{status: http.StatusOK, body: answer}, nil
}

// vitalsTarget is where the application of an instance is, by its status alone. An address that is none is left out.
func vitalsTarget(pvi *v1alpha1.PreviewInstance) vitals.Target {
	target := vitals.Target{InstanceUID: string(pvi.UID), Namespace: pvi.Namespace, PodName: pvi.Status.PodName}
	if ip, err := netip.ParseAddr(pvi.Status.PodIP); err == nil && pvi.Status.Port > 0 && pvi.Status.Port <= math.MaxUint16 {
		target.PodIP, target.Port = ip, uint16(pvi.Status.Port)
	}
	return target
}

func (r *statusReply) add(s vitals.Snapshot) {
	r.Health = s.Health
	if s.MemoryBytes != nil {
		mebibytes := int64(math.Round(float64(*s.MemoryBytes) / (1 << 20)))
		r.MemoryUsageMB = &mebibytes
	}
	if s.CPUPercent != nil {
		percent := math.Round(*s.CPUPercent*10) / 10
		r.CPUUsagePercent = &percent
	}
}

func previewOf(pvi *v1alpha1.PreviewInstance, now time.Time) previewBody {
	s := &pvi.Status
	body := previewBody{
		ID: string(pvi.UID), GenerationID: pvi.Spec.GenerationID, UserID: pvi.Spec.UserID, ProjectID: pvi.Spec.ProjectID,
		Status: statusWord(pvi), Reason: s.Reason, Port: positive(s.Port), BaseURL: nonEmpty(s.BaseURL),
		Start: startBodyOf(s.Start), Restarts: s.Restarts,
		CreatedAt: pvi.CreationTimestamp.UTC(), StartedAt: utc(s.StartedAt), StoppedAt: utc(s.StoppedAt),
		SessionExpiresAt: utc(s.SessionExpiresAt), MaxUptimeAt: utc(s.MaxUptimeAt), ExpiresAt: utc(s.ExpiresAt),
		Failure: failureBodyOf(s.LastFailure),
	}
	body.UptimeSeconds = uptime(body.StartedAt, nil, now)
	if s.Phase.Finished() {
		body.UptimeSeconds = uptime(body.StartedAt, body.StoppedAt, now)
	}
	return body
}

func startBodyOf(s *v1alpha1.Start) *startBody {
	if s == nil || s.Kind == "" {
		return nil
	}
	return &startBody{
		Kind: strings.ToLower(string(s.Kind)), Interpreter: strings.ToLower(string(s.Interpreter)), Reason: s.Reason, Message: s.Message,
	}
}

func failureBodyOf(f *v1alpha1.Failure) *failureBody {
	if f == nil {
		return nil
	}
	return &failureBody{Reason: f.Reason, Message: f.Message, ExitCode: f.ExitCode, At: f.At.UTC()}
}

// statusWord is the phase in the words of the HTTP API. An instance that the manager has not seen yet is starting.
func statusWord(pvi *v1alpha1.PreviewInstance) string {
	if pvi.Status.Phase == "" {
		return strings.ToLower(string(v1alpha1.PhaseStarting))
	}
	return strings.ToLower(string(pvi.Status.Phase))
}

func positive(n int32) *int32 {
	if n <= 0 {
		return nil
	}
	return &n
}

func nonEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func utc(t *metav1.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
