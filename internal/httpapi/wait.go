package httpapi

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

// The ways to say for how long to wait until the preview runs.
const (
	queryWait               = "wait"
	preferHeader            = "Prefer"
	preferenceAppliedHeader = "Preference-Applied"
)

// readWait returns for how long a request asks to wait, at most longest, or nil when it does not say.
// The query goes before the header; what is wrong with the query is an error, and in the header is ignored (RFC 7240).
func readWait(c *gin.Context, longest time.Duration) (*time.Duration, error) {
	most := int64(longest / time.Second)
	text := preferredWait(c.Request.Header.Values(preferHeader))
	if asked, given := c.GetQueryArray(queryWait); given {
		if len(asked) != 1 || !isDigits(asked[0]) {
			return nil, invalid(queryWait, "must be a whole number of seconds, given once; more than %d count as that", most)
		}
		text = asked[0]
	}
	if !isDigits(text) {
		return nil, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds > most {
		// Digits that are no number are too many of them.
		seconds = most
	}
	wait := time.Duration(seconds) * time.Second
	return &wait, nil
}

// appliedWait tells what came of the wish to wait.
func appliedWait(c *gin.Context, wait time.Duration) {
	c.Header(preferenceAppliedHeader, fmt.Sprintf("wait=%d", wait/time.Second))
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// preferredWait returns the value of the first preference wait, or nothing.
func preferredWait(headers []string) string {
	for preference := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		preference, _, _ = strings.Cut(preference, ";")
		name, value, _ := strings.Cut(preference, "=")
		if strings.EqualFold(strings.TrimSpace(name), "wait") {
			value = strings.TrimSpace(value)
			if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
				value = value[1 : len(value)-1]
			}
			return value
		}
	}
	return ""
}

// isSettled reports whether there is nothing to wait for any more: an instance runs, or is not going to.
func isSettled(pvi *v1alpha1.PreviewInstance) bool {
	return pvi.Status.Phase == v1alpha1.PhaseRunning || !isLive(pvi)
}

// hold waits until the instance of a launch is settled, the time is over or the gateway shuts down, and tells how it is
// then. It fails only when ctx ends.
func (a *API) hold(ctx context.Context, l *launched, wait time.Duration) error {
	if wait <= 0 || l.gone != nil || isSettled(l.pvi) {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	go func() {
		select {
		case <-a.draining:
			cancel()
		case <-bounded.Done():
		}
	}()
	asked := l.pvi
	// Its error says that the time is over, and that is none.
	_, _ = a.instances.WaitFor(bounded, asked.Name, func(now *v1alpha1.PreviewInstance) bool {
		switch {
		case now != nil && now.UID == asked.UID:
			l.pvi = now
			return isSettled(now)
		case a.instances.Deleted(asked.UID):
			last := launchReplyOf(l.pvi)
			l.gone = &last
			return true
		default:
			// The cache does not show it yet.
			return false
		}
	})
	return ctx.Err()
}
