package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/codebegen/preview-operator/internal/client"
)

// maxStop bounds the wait for a preview to stop: its grace and its pod's end.
const maxStop = 2 * time.Minute

func (a *app) listCommand() *cobra.Command {
	var all bool
	var state string
	cmd := &cobra.Command{
		Use: "ls", Aliases: []string{"list"},
		Short: "List previews",
		Example: `  kubectl preview ls
  kubectl preview ls --status running -o wide
  kubectl preview ls --all`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.list(cmd.Context(), all, state) },
	}
	states := []string{client.StatusStarting, client.StatusRunning, client.StatusStopping, client.StatusStopped, client.StatusFailed}
	cmd.Flags().BoolVar(&all, "all", false, "Those of all users; for administrators, and those who may read the keys")
	cmd.Flags().StringVar(&state, "status", "", "Only those in this state: "+strings.Join(states, ", "))
	mustRegister(cmd.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(states, cobra.ShellCompDirectiveNoFileComp)))
	return a.withOutput(cmd, formatJSON, formatWide)
}

func (a *app) list(ctx context.Context, all bool, state string) error {
	a.admin = all
	c, err := a.connect(ctx)
	if err != nil {
		return err
	}
	list := c.mine
	if all {
		list = func(ctx context.Context, state string) (client.Previews, error) {
			return c.List(ctx, client.ListOptions{Status: state})
		}
	}
	previews, err := list(ctx, state)
	if err != nil {
		return gatewayError(err)
	}
	if a.output == formatJSON {
		return a.printDocument(previews.Document)
	}
	if len(previews.Previews) == 0 {
		fmt.Fprintln(a.ErrOut, "There are no previews.")
		return nil
	}
	slices.SortStableFunc(previews.Previews, func(x, y client.Status) int { return strings.Compare(x.GenerationID, y.GenerationID) })
	header := []string{"ID", "STATUS", "PORT", "UPTIME", "AGE"}
	if all {
		header = slices.Insert(header, 1, "USER")
	}
	if a.output == formatWide {
		header = append(header, "PROJECT", "ENDS IN", "REASON", "URL")
	}
	var rows [][]string
	for _, p := range previews.Previews {
		row := []string{p.GenerationID, p.Status, number(p.Port), uptime(p), a.ago(p.CreatedAt)}
		if all {
			row = slices.Insert(row, 1, p.UserID)
		}
		if a.output == formatWide {
			row = append(row, p.ProjectID, a.left(p), reasonOf(p), text(p.BaseURL))
		}
		rows = append(rows, row)
	}
	return table(a.Out, header, rows)
}

func uptime(s client.Status) string {
	if s.StartedAt == nil {
		return ""
	}
	return duration.HumanDuration(time.Duration(s.UptimeSeconds * float64(time.Second)))
}

// ends says when a preview will be stopped. One that has ended has been.
func ends(s client.Status) string {
	switch {
	case s.Finished():
		return ""
	case s.SessionExpiresAt != nil && s.MaxUptimeAt != nil && s.SessionExpiresAt.Before(*s.MaxUptimeAt):
		return clock(s.SessionExpiresAt) + " without use, " + clock(s.MaxUptimeAt) + " at the latest"
	default:
		return clock(s.ExpiresAt)
	}
}

// left is the time until a preview will be stopped.
func (a *app) left(s client.Status) string {
	if s.Finished() || s.ExpiresAt == nil {
		return ""
	}
	return duration.HumanDuration(max(s.ExpiresAt.Sub(a.now()), 0))
}

func reasonOf(s client.Status) string {
	if s.Failure != nil {
		return s.Failure.Reason
	}
	return s.Reason
}

// startOf says whether a preview was started from a waiting pod, and why not or why no faster.
func startOf(s client.Status) string {
	if s.Start == nil {
		return ""
	}
	what := s.Start.Kind
	if s.Start.Interpreter == client.InterpreterFresh {
		what += ", fresh interpreter"
	}
	if why := cmp.Or(s.Start.Message, s.Start.Reason); why != "" {
		what += ": " + why
	}
	return what
}

func (a *app) statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status ID", Short: "Show the state of a preview",
		Example: `  kubectl preview status bookstore-alice
  kubectl preview status bookstore-alice -o json | jq .memory_usage_mb`,
		Args: exactly("ID"), ValidArgsFunction: a.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error { return a.status(cmd.Context(), args[0]) },
	}
	return a.withOutput(cmd, formatJSON)
}

func (a *app) status(ctx context.Context, id string) error {
	_, s, err := a.preview(ctx, id)
	if err != nil {
		return err
	}
	if a.output == formatJSON {
		return a.printDocument(s.Document)
	}
	rows := [][2]string{
		{"Id", s.GenerationID}, {"User", s.UserID}, {"Project", s.ProjectID}, {"Status", s.Status}, {"Reason", s.Reason}, {"Health", s.Health},
		{"Port", number(s.Port)}, {"URL", text(s.BaseURL)}, {"Start", startOf(s)}, {"Memory", amount(s.MemoryUsageMB, " MiB")}, {"CPU", amount(s.CPUPercent, " %")},
		{"Created", clock(&s.CreatedAt)}, {"Started", clock(s.StartedAt)}, {"Uptime", uptime(s)}, {"Ends", ends(s)}, {"Stopped", clock(s.StoppedAt)},
	}
	if s.Restarts > 0 {
		rows = append(rows, [2]string{"Restarts", strconv.Itoa(int(s.Restarts))})
	}
	if f := s.Failure; f != nil {
		rows = append(rows, [2]string{"Failure", f.Reason}, [2]string{"Exit code", number(f.ExitCode)}, [2]string{"Failed", clock(&f.At)}, [2]string{"Message", ""})
	}
	for _, row := range rows {
		if row[1] != "" {
			fmt.Fprintf(a.Out, "%-11s %s\n", row[0]+":", cell(row[1]))
		}
	}
	if s.Failure != nil && s.Failure.Message != "" {
		fmt.Fprintln(a.Out, "Message:")
		fmt.Fprintln(a.Out, indented(escaped(s.Failure.Message)))
	}
	return nil
}

func (a *app) stopCommand() *cobra.Command {
	var remove, noWait bool
	cmd := &cobra.Command{
		Use: "stop ID", Short: "Stop a preview",
		Long: "Stop a preview and wait until it has stopped. With --delete, the stored files are deleted, too.",
		Example: `  kubectl preview stop bookstore-alice
  kubectl preview stop bookstore-alice --delete`,
		Args: exactly("ID"), ValidArgsFunction: a.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error { return a.stop(cmd.Context(), args[0], remove, !noWait) },
	}
	cmd.Flags().BoolVar(&remove, "delete", false, "Delete the generation, too")
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "Return once it is stopping")
	return a.withOutput(cmd, formatJSON)
}

func (a *app) stop(ctx context.Context, id string, remove, wait bool) error {
	c, err := a.connect(ctx)
	if err != nil {
		return err
	}
	status, err := find(ctx, c, id)
	if client.IsKind(err, client.KindPreviewNotFound) && remove {
		// There is no preview, but a generation of exactly this id.
		if err := c.DeleteGeneration(ctx, id); err != nil {
			return gatewayError(err)
		}
		return a.stopped(client.Status{GenerationID: id}, "deleted")
	}
	if err != nil {
		return err
	}
	id = status.GenerationID
	if err := c.Stop(ctx, id); err != nil {
		return gatewayError(err)
	}
	what := client.StatusStopping
	if wait {
		if status, err = a.awaitStop(ctx, c.Client, status); err != nil {
			return gatewayError(err)
		}
		what = status.Status
	}
	if remove {
		if err := c.DeleteGeneration(ctx, id); err != nil {
			return gatewayError(err)
		}
		what = "deleted"
	}
	return a.stopped(status, what)
}

// awaitStop waits until the preview has ended, and returns its last state.
func (a *app) awaitStop(ctx context.Context, c *client.Client, status client.Status) (client.Status, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, maxStop, fmt.Errorf("%s has not stopped within %s; it goes on stopping", status.GenerationID, maxStop))
	defer cancel()
	p := a.newProgress()
	defer p.close()
	for !status.Finished() {
		now, err := c.Status(ctx, status.GenerationID)
		switch {
		case client.IsKind(err, client.KindPreviewNotFound):
			status.Status = client.StatusStopped
			return status, nil
		case err != nil:
			return status, causeOf(ctx, err)
		case now.ID != status.ID:
			return status, errors.New("it was launched anew by somebody else meanwhile")
		}
		if status = now; !status.Finished() {
			p.say("stopping %s", status.GenerationID)
			if err := pause(ctx, lookEvery); err != nil {
				return status, causeOf(ctx, err)
			}
		}
	}
	return status, nil
}

func (a *app) stopped(status client.Status, what string) error {
	if a.output == formatJSON && status.Document != nil {
		return a.printDocument(status.Document)
	}
	if a.output == formatJSON {
		fmt.Fprintf(a.Out, "{\n  \"generation_id\": %q,\n  \"status\": %q\n}\n", status.GenerationID, what)
		return nil
	}
	_, err := fmt.Fprintf(a.Out, "%s is %s\n", status.GenerationID, what)
	return err
}
