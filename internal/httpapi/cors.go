package httpapi

import (
	"net/http"
	"slices"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/internal/cors"
)

// origins holds the policy for the origins in the settings, which change while we run.
type origins struct {
	// listed are the origins as configured now.
	listed func() []string

	mu sync.Mutex
	// seen is the list that was looked at last, policy what the last valid one makes.
	seen   []string
	policy cors.Policy
}

// newOrigins fails when the list is not valid at the start.
func newOrigins(listed func() []string) (*origins, error) {
	o := &origins{listed: listed, seen: listed()}
	var err error
	o.policy, err = cors.Parse(o.seen)
	return o, err
}

// current returns the policy in force. A list that is not valid changes nothing, and is reported once.
func (o *origins) current() (cors.Policy, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	listed := o.listed()
	if slices.Equal(listed, o.seen) {
		return o.policy, nil
	}
	o.seen = listed
	policy, err := cors.Parse(listed)
	if err == nil {
		o.policy = policy
	}
	return o.policy, err
}

// allowOrigins lets pages of the configured origins read every answer, errors and streams included. It answers preflights
// itself, whatever the route: they carry no credentials, and would find no route with that method.
func (a *API) allowOrigins(c *gin.Context) {
	policy, err := a.origins.current()
	if err != nil {
		a.logger.Error("PREVIEW_CORS_ORIGINS is not valid; the last origins stay in force", "error", err)
	}
	if !policy.Apply(c.Writer.Header(), c.Request) {
		return
	}
	a.limitWrite(c)
	c.AbortWithStatus(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
}
