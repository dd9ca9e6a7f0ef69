package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/codebegen/preview-operator/internal/client"
)

const (
	// maxCandidates bounds the ids in a message.
	maxCandidates = 5
	// completionWait bounds how long a shell waits for ids.
	completionWait = 3 * time.Second
)

// preview connects to the gateway and finds a preview.
func (a *app) preview(ctx context.Context, id string) (*connection, client.Status, error) {
	c, err := a.connect(ctx)
	if err != nil {
		return nil, client.Status{}, err
	}
	status, err := find(ctx, c, id)
	return c, status, err
}

// find returns the state of the preview of that id or, when there is no such generation, of the one preview whose id begins
// with it.
func find(ctx context.Context, c *connection, id string) (client.Status, error) {
	status, err := c.Status(ctx, id)
	// An id may end in a hyphen only when it is a shortened one.
	if !client.IsKind(err, client.KindGenerationNotFound, client.KindForbidden, client.KindInvalidRequest) {
		return status, gatewayError(err)
	}
	previews, listErr := c.mine(ctx, "")
	if listErr != nil {
		return status, gatewayError(err)
	}
	matches := idsOf(previews, func(p client.Status) bool { return strings.HasPrefix(p.GenerationID, id) })
	switch len(matches) {
	case 0:
		return status, fmt.Errorf("%s: %w", id, err)
	case 1:
		status, err := c.Status(ctx, matches[0])
		return status, gatewayError(err)
	}
	return status, fmt.Errorf("%s is the beginning of %d ids, give more of the one you mean: %s", id, len(matches), some(matches))
}

// mine lists the previews of the user. Whose a token is depends on the gateway's settings; when it was read wrongly, the
// gateway is left to know.
func (c *connection) mine(ctx context.Context, status string) (client.Previews, error) {
	previews, err := c.List(ctx, client.ListOptions{User: c.user, Status: status})
	if c.user != "" && client.IsKind(err, client.KindRoleRequired, client.KindInvalidRequest) {
		return c.List(ctx, client.ListOptions{Status: status})
	}
	return previews, err
}

// idsOf are the generations of those previews that are wanted, in order. Previews made with kubectl may share one.
func idsOf(previews client.Previews, want func(client.Status) bool) []string {
	var ids []string
	for _, p := range previews.Previews {
		if want(p) {
			ids = append(ids, p.GenerationID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// some lists the first few of many.
func some(ids []string) string {
	if len(ids) <= maxCandidates {
		return strings.Join(ids, ", ")
	}
	return strings.Join(ids[:maxCandidates], ", ") + ", …"
}

// only returns the one preview that is live.
func only(ctx context.Context, c *connection) (string, error) {
	previews, err := c.mine(ctx, "")
	if err != nil {
		return "", gatewayError(err)
	}
	live := idsOf(previews, func(p client.Status) bool {
		return p.Status == client.StatusRunning || p.Status == client.StatusStarting
	})
	switch len(live) {
	case 0:
		return "", errors.New("you have no live preview: launch one, or name one with --id")
	case 1:
		return live[0], nil
	}
	return "", fmt.Errorf("you have %d live previews, name one with --id: %s", len(live), some(live))
}

// completeIDs offers the ids of the previews there are.
func (a *app) completeIDs(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionWait)
	defer cancel()
	c, err := a.connect(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	previews, err := c.mine(ctx, "")
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return idsOf(previews, func(client.Status) bool { return true }), cobra.ShellCompDirectiveNoFileComp
}
