package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/rundetails"
	"github.com/codebegen/preview-operator/internal/store"
)

// stopSeenTimeout bounds how long a stop waits for the cache, which takes milliseconds.
const stopSeenTimeout = time.Second

// configReply is the configuration in force for a preview.
type configReply struct {
	Port           *int32  `json:"port"`
	BaseURL        *string `json:"base_url"`
	SessionTimeout int64   `json:"session_timeout"`
	MaxUptime      int64   `json:"max_uptime"`
	MemoryLimitMB  int32   `json:"memory_limit_mb"`
	TimeoutSeconds int64   `json:"timeout_seconds"`
	Resource       string  `json:"resource" enum:"present,gone" doc:"gone when it was deleted, and this is what was in force for its last run."`
}

func (a *API) previewOperations() []operation {
	const path = "/api/v1/generations/{generation_id}/preview"
	launchHeaders := []string{preferenceAppliedHeader, replayedHeader}
	return []operation{
		{
			method: http.MethodPost, path: path + "/launch", id: "launchPreview", tag: tagPreviews,
			summary: "Launch a preview, or find the one that runs",
			description: idempotencyDescription + "Every request counts for the launches a minute of the generation's owner, but what is live already does not " +
				"count against the live previews of one user. With `wait`, the answer is held until the preview runs or has failed, or the " +
				"time is over, and tells the state then; at most PREVIEW_LAUNCH_WAIT seconds, and `Preference-Applied` tells how many.",
			params: []*huma.Param{
				headerParam(idempotencyHeader, "1 to 255 visible ASCII characters that stand for this request.", false),
				headerParam(preferHeader, "`wait=N` holds the answer for up to N seconds.", false),
				queryParam(queryWait, "The same; goes before the header.", &huma.Schema{Type: huma.TypeInteger, Minimum: new(float64)}),
			},
			body: &bodySpec{json: launchBody{}, optional: true},
			answers: []answerSpec{
				{status: http.StatusOK, description: "It was live already.", json: launchReply{}, headers: launchHeaders},
				{status: http.StatusCreated, description: "It was created.", json: launchReply{}, headers: launchHeaders},
			},
			problems: []kind{kindNameTaken, kindKeyInUse, kindKeyReused, kindUnusable, kindTooManyPreviews, kindTooManyLaunches, kindNoFreePort, kindNoWarmPod, kindDelayed, kindDisabled},
			handle:   a.launch,
		},
		{
			method: http.MethodGet, path: path + "/status", id: "getPreviewStatus", tag: tagPreviews,
			summary:  "State of a preview, also of one that is gone",
			answers:  []answerSpec{{status: http.StatusOK, description: "The state.", json: statusReply{}}},
			problems: []kind{kindNoPreview},
			handle:   a.status,
		},
		{
			method: http.MethodGet, path: path + "/config", id: "getPreviewConfig", tag: tagPreviews,
			summary:  "Configuration in force for a preview, also of one that is gone",
			answers:  []answerSpec{{status: http.StatusOK, description: "The configuration.", json: configReply{}}},
			problems: []kind{kindNoPreview},
			handle:   a.config,
		},
		a.runsOperation(path),
		a.tokenOperation(path),
		{
			method: http.MethodDelete, path: path, id: "stopPreview", tag: tagPreviews,
			summary: "Stop a preview", description: "Answers at once, however often it is asked.",
			answers: []answerSpec{{status: http.StatusNoContent, description: "It is stopping, or there is none."}},
			handle:  a.stop,
		},
	}
}

// stop asks for the end of a preview and does not wait for it: status tells stopping, then stopped with its times.
func (a *API) stop(c *gin.Context) (reply, error) {
	_, meta, err := a.generation(c, accessPreview)
	if err != nil {
		return reply{}, err
	}
	ctx := c.Request.Context()
	pvi, err := a.liveInstance(ctx, meta)
	if err != nil && !errors.Is(err, errNoInstance) {
		return reply{}, err
	}
	if err == nil && isLive(pvi) {
		if err := a.patch(ctx, pvi, map[string]any{"spec": map[string]any{"desiredState": v1alpha1.DesiredStopped}}); err != nil {
			return reply{}, err
		}
		a.awaitStopSeen(ctx, pvi)
	}
	return reply{status: http.StatusNoContent}, nil
}

// awaitStopSeen waits a moment until the cache shows that an instance is not live any more, so that it is not counted
// against a launch that follows. It has been stopped in any case.
func (a *API) awaitStopSeen(ctx context.Context, pvi *v1alpha1.PreviewInstance) {
	ctx, cancel := context.WithTimeout(ctx, stopSeenTimeout)
	defer cancel()
	_, err := a.instances.WaitFor(ctx, pvi.Name, func(now *v1alpha1.PreviewInstance) bool {
		return now == nil || now.UID != pvi.UID || !isLive(now)
	})
	if err != nil {
		a.logger.Debug("a stopped preview is not seen to be", "instance", pvi.Name, "error", err)
	}
}

// patch merges a change into exactly this instance.
func (a *API) patch(ctx context.Context, pvi *v1alpha1.PreviewInstance, change map[string]any) error {
	metadata, _ := change["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
	}
	metadata["uid"] = pvi.UID
	change["metadata"] = metadata
	data, err := json.Marshal(change)
	if err != nil {
		return err
	}
	return a.instances.Patch(ctx, pvi, data)
}

func (a *API) config(c *gin.Context) (reply, error) {
	pvi, run, err := a.previewOrRecord(c)
	if err != nil {
		return reply{}, err
	}
	if pvi == nil {
		return reply{status: http.StatusOK, body: a.configOfRun(run)}, nil
	}
	answer := configReply{
		Resource: resourcePresent,
		Port:     positive(pvi.Status.Port), BaseURL: nonEmpty(pvi.Status.BaseURL),
		SessionTimeout: seconds(pvi.Spec.SessionTimeoutSeconds, a.settings.Current().SessionTimeout),
		MaxUptime:      seconds(pvi.Spec.MaxUptimeSeconds, a.settings.Current().MaxUptime),
		TimeoutSeconds: seconds(pvi.Spec.StartupTimeoutSeconds, a.settings.Current().StartupTimeout),
		MemoryLimitMB:  a.settings.Current().MemoryLimitMB,
	}
	switch {
	case pvi.Status.MemoryLimitMB != 0:
		answer.MemoryLimitMB = pvi.Status.MemoryLimitMB
	case pvi.Spec.MemoryLimitMB != nil:
		answer.MemoryLimitMB = *pvi.Spec.MemoryLimitMB
	}
	return reply{status: http.StatusOK, body: answer}, nil
}

// configOfRun is what was in force for a preview whose resource is gone. What was not recorded is as it is set now.
func (a *API) configOfRun(run *store.Run) configReply {
	was, now := rundetails.Decode(run.Details), a.settings.Current()
	return configReply{
		Resource:       resourceGone,
		SessionTimeout: cmp.Or(was.SessionTimeout, int64(now.SessionTimeout/time.Second)),
		MaxUptime:      cmp.Or(was.MaxUptime, int64(now.MaxUptime/time.Second)),
		TimeoutSeconds: cmp.Or(was.StartupTimeout, int64(now.StartupTimeout/time.Second)),
		MemoryLimitMB:  cmp.Or(was.MemoryLimitMB, now.MemoryLimitMB),
	}
}

// maxUptime is how long an instance may run.
func (a *API) maxUptime(pvi *v1alpha1.PreviewInstance) time.Duration {
	return time.Duration(seconds(pvi.Spec.MaxUptimeSeconds, a.settings.Current().MaxUptime)) * time.Second
}

func seconds(own *int32, setting time.Duration) int64 {
	if own != nil {
		return int64(*own)
	}
	return int64(setting / time.Second)
}
