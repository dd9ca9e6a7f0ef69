package httpapi

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/session"
)

// tokenReply is a session token for a preview.
type tokenReply struct {
	ID               string    `json:"id"`
	SessionToken     string    `json:"session_token"`
	SessionExpiresAt time.Time `json:"session_expires_at"`
}

func (a *API) tokenOperation(path string) operation {
	return operation{
		method: http.MethodPost, path: path + "/token", id: "issueSessionToken", tag: tagPreviews,
		summary: "A new session token for a live preview",
		description: "Also for a preview that was made with kubectl. Earlier tokens stay valid until they expire or the preview " +
			"ends.",
		answers:  []answerSpec{{status: http.StatusOK, description: "The token.", json: tokenReply{}}},
		problems: []kind{kindNoPreview, kindNotRunning},
		handle:   a.issueToken,
	}
}

// issueToken asks the API server when the cache knows of no live preview: it may have been launched a moment ago.
func (a *API) issueToken(c *gin.Context) (reply, error) {
	p, meta, err := a.generation(c, accessPreview)
	if err != nil {
		return reply{}, err
	}
	pvi, err := a.cachedInstance(meta)
	if errors.Is(err, errNoInstance) || err == nil && !isLive(pvi) {
		pvi, err = a.liveInstance(c.Request.Context(), meta)
	}
	if err != nil {
		return reply{}, err
	}
	if !isLive(pvi) {
		return reply{}, &failure{kind: kindNotRunning, detail: "it has ended, or is about to; launch it again"}
	}
	expires := a.sessionEnd(pvi)
	token, err := a.signer.Issue(session.Grant{InstanceUID: string(pvi.UID), UserID: p.UserID, Expires: expires})
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: tokenReply{ID: string(pvi.UID), SessionToken: token, SessionExpiresAt: expires}}, nil
}

// sessionEnd is when an instance ends at the latest, and session tokens for it expire.
func (a *API) sessionEnd(pvi *v1alpha1.PreviewInstance) time.Time {
	if end := pvi.Status.MaxUptimeAt; end != nil {
		return end.UTC()
	}
	return a.now().Add(a.maxUptime(pvi)).UTC().Truncate(time.Second)
}
