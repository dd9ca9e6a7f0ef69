package httpapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/session"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/internal/telemetry"
)

const (
	// maxLaunchBytes bounds the body of a launch: 64 variables of 8 KiB, with room for escapes.
	maxLaunchBytes = 1 << 20
	// fullRetryAfter is what clients are told when every port is taken: previews end at any moment.
	fullRetryAfter = 10 * time.Second
	// lastLookTimeout bounds the read that follows a wait in vain.
	lastLookTimeout = 2 * time.Second
)

// launchBody is the body of a launch; everything is optional.
type launchBody struct {
	ProjectID  *string           `json:"project_id,omitempty" doc:"Project of the generation, to be on the safe side."`
	Timeout    *int32            `json:"timeout,omitempty" doc:"Seconds that the application has to start." minimum:"1" maximum:"600"`
	Entrypoint *string           `json:"entrypoint,omitempty" doc:"The application as module:attribute." maxLength:"255"`
	Env        map[string]string `json:"env,omitempty" doc:"Environment of the application." maxProperties:"64"`
}

// The bounds of spec.env, spec.entrypoint and spec.startupTimeoutSeconds in api/v1alpha1, checked here for messages
// that name the field as the client knows it.
var (
	envNamePattern    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	entrypointPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*(\(\))?$`)
)

const (
	maxTimeoutSeconds  = 600
	maxEntrypointBytes = 255
	maxEnv             = 64
	maxEnvNameBytes    = 128
	maxEnvValueBytes   = 8192
)

func (b *launchBody) validate(meta store.Meta) error {
	if b.ProjectID != nil && *b.ProjectID != meta.ProjectID {
		return invalid("project_id", "the generation belongs to another project")
	}
	if b.Timeout != nil && (*b.Timeout < 1 || *b.Timeout > maxTimeoutSeconds) {
		return invalid("timeout", "must be 1 to %d seconds", maxTimeoutSeconds)
	}
	if b.Entrypoint != nil && (len(*b.Entrypoint) > maxEntrypointBytes || !entrypointPattern.MatchString(*b.Entrypoint)) {
		return invalid("entrypoint", "must be module:attribute of at most %d characters, for example app.main:app", maxEntrypointBytes)
	}
	if len(b.Env) > maxEnv {
		return invalid("env", "must have at most %d variables, it has %d", maxEnv, len(b.Env))
	}
	for name, value := range b.Env {
		switch field := "env." + clip(name); {
		case len(name) > maxEnvNameBytes || !envNamePattern.MatchString(name):
			return invalid(field, "the name must have 1 to %d letters, digits and _, and not begin with a digit", maxEnvNameBytes)
		case strings.HasPrefix(name, "PREVIEW_"):
			return invalid(field, "names beginning with PREVIEW_ are reserved")
		case len([]rune(value)) > maxEnvValueBytes:
			return invalid(field, "the value must have at most %d characters", maxEnvValueBytes)
		case strings.ContainsRune(value, 0):
			return invalid(field, "the value must not contain NUL")
		}
	}
	return nil
}

// instance is the PreviewInstance that a launch asks for.
func (b *launchBody) instance(meta store.Meta) *v1alpha1.PreviewInstance {
	pvi := &v1alpha1.PreviewInstance{
		ObjectMeta: metav1.ObjectMeta{
			Name:   instanceName(meta.ID),
			Labels: map[string]string{v1alpha1.LabelUser: userLabel(meta.UserID)},
			// The manager would add it before anything else, with a write of its own.
			Finalizers: []string{v1alpha1.Finalizer},
		},
		Spec: v1alpha1.PreviewInstanceSpec{
			GenerationID:          meta.ID,
			UserID:                meta.UserID,
			ProjectID:             meta.ProjectID,
			Source:                v1alpha1.Source{Generation: &v1alpha1.GenerationSource{Version: meta.Version}},
			WhenFull:              v1alpha1.WhenFullFail,
			DesiredState:          v1alpha1.DesiredRunning,
			StartupTimeoutSeconds: b.Timeout,
		},
	}
	if b.Entrypoint != nil {
		pvi.Spec.Entrypoint = *b.Entrypoint
	}
	for _, name := range slices.Sorted(maps.Keys(b.Env)) {
		pvi.Spec.Env = append(pvi.Spec.Env, v1alpha1.EnvVar{Name: name, Value: b.Env[name]})
	}
	return pvi
}

// launchReply is the answer to a launch.
type launchReply struct {
	ID               string       `json:"id"`
	GenerationID     string       `json:"generation_id"`
	UserID           string       `json:"user_id"`
	ProjectID        string       `json:"project_id"`
	Version          string       `json:"version"`
	Status           string       `json:"status" enum:"starting,running,stopping,stopped,failed"`
	Reason           string       `json:"reason,omitempty" doc:"Why it is in this state, in one word."`
	Port             *int32       `json:"port"`
	BaseURL          *string      `json:"base_url"`
	Start            *startBody   `json:"start,omitempty" doc:"How it is started; absent until that is known."`
	SessionToken     string       `json:"session_token"`
	SessionExpiresAt time.Time    `json:"session_expires_at"`
	CreatedAt        time.Time    `json:"created_at"`
	Failure          *failureBody `json:"failure,omitempty" doc:"Why it last ended other than as asked."`
}

// launchRequest is a launch as it was asked for.
type launchRequest struct {
	body launchBody
	// key is the Idempotency-Key, or empty.
	key string
	// wait is for how long the answer is held, nil when that was not asked for.
	wait *time.Duration
}

// launched is how a launch ended.
type launched struct {
	// status is the code of the answer, result what it is counted as.
	status int
	result string
	pvi    *v1alpha1.PreviewInstance
	// gone is what is known of the preview when it is gone, and pvi nil.
	gone *launchReply
}

// The results of launches that did not fail.
const (
	resultCreated  = "created"
	resultFound    = "found"
	resultReplayed = "replayed"
)

func (a *API) launch(c *gin.Context) (reply, error) {
	p, meta, err := a.generation(c, accessLaunch)
	if err != nil {
		return reply{}, err
	}
	if err := a.allowLaunch(meta.UserID); err != nil {
		a.metrics.launched("", err)
		return reply{}, err
	}
	request, err := a.readLaunch(c, meta)
	if err != nil {
		return reply{}, err
	}
	begun := time.Now()
	l, err := a.launchOnce(c, p, request, meta)
	a.metrics.launched(l.result, err)
	if err != nil {
		return reply{}, err
	}
	if request.wait != nil {
		if err := a.hold(c.Request.Context(), &l, *request.wait-time.Since(begun)); err != nil {
			return reply{}, err
		}
		appliedWait(c, *request.wait)
	}
	if l.result == resultReplayed {
		c.Header(replayedHeader, "true")
	}
	answer, err := a.launchAnswer(p, l)
	if err != nil {
		return reply{}, err
	}
	return reply{status: l.status, body: answer}, nil
}

func (a *API) readLaunch(c *gin.Context, meta store.Meta) (launchRequest, error) {
	var request launchRequest
	var err error
	if request.wait, err = readWait(c, a.launchWait); err != nil {
		return request, err
	}
	if request.key, err = readIdempotencyKey(c); err != nil {
		return request, err
	}
	if err := readJSON(c, maxLaunchBytes, true, &request.body); err != nil {
		return request, err
	}
	return request, request.body.validate(meta)
}

// launchWithin launches if that is turned on, and waits no longer than launchWait for the manager's decision.
func (a *API) launchWithin(ctx context.Context, want *v1alpha1.PreviewInstance) (launched, error) {
	if !a.settings.Current().Enabled {
		return launched{}, &failure{
			kind: kindDisabled, detail: "an administrator has turned launching off; previews that run go on", retryAfter: disabledRetryAfter,
		}
	}
	ctx, cancel := context.WithTimeout(ctx, a.launchWait)
	defer cancel()
	pvi, created, err := a.launchInstance(ctx, want)
	switch {
	case errors.Is(err, context.DeadlineExceeded) && a.waitsForWarmPod(want.Name):
		return launched{}, &failure{
			kind: kindNoWarmPod, detail: "every waiting pod of its runtime is taken; launch again to get the same preview",
			retryAfter: fullRetryAfter, cause: err,
		}
	case errors.Is(err, context.DeadlineExceeded):
		return launched{}, &failure{
			kind: kindDelayed, detail: "no port was allocated in time; launch again to get the same preview",
			retryAfter: fullRetryAfter, cause: err,
		}
	case err != nil:
		return launched{}, err
	case created:
		return launched{status: http.StatusCreated, result: resultCreated, pvi: pvi}, nil
	default:
		return launched{status: http.StatusOK, result: resultFound, pvi: pvi}, nil
	}
}

// createOrFind creates the instance, or finds the live one of that name, and waits until the manager has decided
// about it. One that has ended, or is about to, makes way first. Concurrent launches meet at the API server: one
// creates, the others find. The reads that decide come from the API server, not from the cache, which may still show
// what a stop a moment ago has ended.
func (a *API) createOrFind(ctx context.Context, want *v1alpha1.PreviewInstance, slot *launchSlot) (*v1alpha1.PreviewInstance, bool, error) {
	for {
		pvi := want.DeepCopy()
		telemetry.Annotate(ctx, pvi)
		err := a.instances.Create(ctx, pvi)
		created := err == nil
		if created {
			slot.uid = pvi.UID
		}
		if apierrors.IsAlreadyExists(err) {
			pvi, err = a.instances.Live(ctx, want.Name)
		}
		switch {
		case errors.Is(err, errNoInstance):
			continue
		case err != nil:
			return nil, false, err
		case !isOf(pvi, want.Spec.GenerationID, want.Spec.UserID):
			return nil, false, &failure{
				kind: kindNameTaken, field: "generation_id",
				detail: fmt.Sprintf("delete the PreviewInstance %s, which is of another generation or user", want.Name),
			}
		case isLive(pvi):
			pvi, err = a.awaitDecision(ctx, pvi)
		default:
			err = a.remove(ctx, pvi)
			if err == nil {
				continue
			}
		}
		if errors.Is(err, errNoInstance) {
			continue
		}
		return pvi, created, err
	}
}

// remove deletes an instance and waits until it is gone.
func (a *API) remove(ctx context.Context, pvi *v1alpha1.PreviewInstance) error {
	if err := a.instances.Delete(ctx, pvi); err != nil {
		return err
	}
	_, err := a.instances.WaitFor(ctx, pvi.Name, func(now *v1alpha1.PreviewInstance) bool {
		return now == nil || now.UID != pvi.UID
	})
	return err
}

// awaitDecision waits until the manager has given the instance a port or has ended it. An instance for which there was
// no port is deleted again: it would only be in the way of the next launch. It fails with errNoInstance when somebody
// deletes the instance meanwhile.
func (a *API) awaitDecision(ctx context.Context, pvi *v1alpha1.PreviewInstance) (*v1alpha1.PreviewInstance, error) {
	if !isDecided(pvi) {
		decided, err := a.instances.WaitFor(ctx, pvi.Name, func(now *v1alpha1.PreviewInstance) bool {
			if now == nil || now.UID != pvi.UID {
				return a.instances.Deleted(pvi.UID)
			}
			return isDecided(now)
		})
		if err != nil {
			return nil, err
		}
		if decided == nil || decided.UID != pvi.UID {
			return nil, errNoInstance
		}
		pvi = decided
	}
	if pvi.Status.Phase != v1alpha1.PhaseFailed || pvi.Status.Reason != v1alpha1.ReasonPortsExhausted {
		return pvi, nil
	}
	full := &failure{kind: kindNoFreePort, detail: "stop a preview, or try again later", retryAfter: fullRetryAfter}
	if err := a.instances.Delete(ctx, pvi); err != nil {
		full.cause = err
	}
	return nil, full
}

// isDecided reports whether an instance has been taken up or has ended. One whose runtime lets it wait for a warm pod is
// not taken up until there is one, though it may have a port.
func isDecided(pvi *v1alpha1.PreviewInstance) bool {
	return pvi.Status.Port != 0 && !waitsForWarmPod(pvi) || pvi.Status.Phase.Finished()
}

func waitsForWarmPod(pvi *v1alpha1.PreviewInstance) bool {
	return pvi.Status.Phase == v1alpha1.PhaseStarting && pvi.Status.Reason == v1alpha1.ReasonNoWarmPod
}

// waitsForWarmPod reports whether the cache shows that an instance waits for a warm pod.
func (a *API) waitsForWarmPod(name string) bool {
	pvi, err := a.instances.Cached(name)
	return err == nil && waitsForWarmPod(pvi)
}

// launchReplyOf is the answer about an instance, without a session token.
func launchReplyOf(pvi *v1alpha1.PreviewInstance) launchReply {
	version := ""
	if pvi.Spec.Source.Generation != nil {
		version = pvi.Spec.Source.Generation.Version
	}
	return launchReply{
		ID:           string(pvi.UID),
		GenerationID: pvi.Spec.GenerationID, UserID: pvi.Spec.UserID, ProjectID: pvi.Spec.ProjectID, Version: version,
		Status: statusWord(pvi), Reason: pvi.Status.Reason, Port: positive(pvi.Status.Port), BaseURL: nonEmpty(pvi.Status.BaseURL),
		Start:     startBodyOf(pvi.Status.Start),
		CreatedAt: pvi.CreationTimestamp.UTC(), Failure: failureBodyOf(pvi.Status.LastFailure),
	}
}

// launchAnswer adds a session token, which has expired already when the preview is gone.
func (a *API) launchAnswer(p auth.Principal, l launched) (answer launchReply, err error) {
	if l.gone != nil {
		answer = *l.gone
		answer.Status, answer.Port, answer.BaseURL = "stopped", nil, nil
		answer.SessionExpiresAt = a.now().UTC().Truncate(time.Second)
	} else {
		answer = launchReplyOf(l.pvi)
		answer.SessionExpiresAt = a.sessionEnd(l.pvi)
	}
	answer.SessionToken, err = a.signer.Issue(session.Grant{InstanceUID: answer.ID, UserID: p.UserID, Expires: answer.SessionExpiresAt})
	return answer, err
}
