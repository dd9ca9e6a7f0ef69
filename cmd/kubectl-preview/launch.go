package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/cmd/kubectl-preview/internal/pack"
	"github.com/codebegen/preview-operator/internal/client"
)

// Bounds of a launch.
const (
	// holdFor is how long the gateway is asked to hold its answer; a proxy between may cut longer ones.
	holdFor = 25 * time.Second
	// lookEvery is how often the state is looked at meanwhile.
	lookEvery = 500 * time.Millisecond
	// maxWait bounds the wait for a preview: the gateway lets one start for 10 min at most, pulling its image besides.
	maxWait = 20 * time.Minute
	// maxBusy bounds for how long a gateway that asks to come again later is asked again.
	maxBusy = 2 * time.Minute
	// lastLines is how much of the log is shown of a preview that has failed.
	lastLines = 20
	// lastLinesWait bounds reading them.
	lastLinesWait = 10 * time.Second
	// maxIDBytes is that of the gateway.
	maxIDBytes = 128
)

// launchOptions are the flags of launch.
type launchOptions struct {
	id, project, entrypoint string
	env                     []string
	timeout                 time.Duration
	wait, noWait, restart   bool
}

func (a *app) launchCommand() *cobra.Command {
	var o launchOptions
	cmd := &cobra.Command{
		Use:   "launch DIR",
		Short: "Pack a folder, store it and launch it",
		Long: `Pack a folder, store it as a generation and launch its preview.

Left out are .git, __pycache__, node_modules, .venv and what .gitignore and .previewignore name. At most 1000 files, 2 MiB
each and 10 MiB in all, are taken; symbolic links and other special files are refused.

A preview that runs the same files already is found; one that runs other files is stopped and launched again. Ctrl-C ends
the wait and leaves the preview.`,
		Example: `  kubectl preview launch ./bookstore
  kubectl preview launch ./bookstore --id demo --env DEBUG=1 --timeout 60s
  kubectl preview launch . --no-wait -o json`,
		Args: exactly("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.noWait && o.wait && cmd.Flags().Changed("wait") {
				return usageError{errors.New("give either --wait or --no-wait")}
			}
			o.wait = o.wait && !o.noWait
			return a.launch(cmd.Context(), args[0], o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.id, "id", "", "Id of the generation; the folder's name and the user's when left out")
	flags.StringVar(&o.project, "project", "", "Id of the project that the generation belongs to")
	flags.StringVar(&o.entrypoint, "entrypoint", "", "The application as module:attribute; found by itself when left out")
	flags.StringArrayVar(&o.env, "env", nil, "Variable NAME=VALUE for the application; repeat it for more")
	flags.DurationVar(&o.timeout, "timeout", 0, "How long the application may take to start, 1s to 10m; the gateway's setting when left out")
	flags.BoolVar(&o.wait, "wait", true, "Wait until the preview runs or has failed")
	flags.BoolVar(&o.noWait, "no-wait", false, "Return once it is launched")
	flags.BoolVar(&o.restart, "restart", false, "Stop a preview that runs, also when it runs the same files")
	return a.withOutput(cmd, formatJSON)
}

// request is what the API is asked for.
func (o launchOptions) request() (client.LaunchRequest, error) {
	want := client.LaunchRequest{ProjectID: o.project, Entrypoint: o.entrypoint}
	if o.timeout != 0 {
		if o.timeout < time.Second || o.timeout > 10*time.Minute || o.timeout%time.Second != 0 {
			return want, usageError{fmt.Errorf("--timeout %s: must be whole seconds from 1s to 10m", o.timeout)}
		}
		want.Timeout = int(o.timeout / time.Second)
	}
	for _, pair := range o.env {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			// The value may be a secret that was meant for a variable.
			return want, usageError{errors.New("--env: must be NAME=VALUE")}
		}
		if _, twice := want.Env[name]; twice {
			return want, usageError{fmt.Errorf("--env %s: the variable is given twice", name)}
		}
		if want.Env == nil {
			want.Env = map[string]string{}
		}
		want.Env[name] = value
	}
	return want, nil
}

func (a *app) launch(ctx context.Context, dir string, o launchOptions) error {
	want, err := o.request()
	if err != nil {
		return err
	}
	p := a.newProgress()
	defer func() {
		if p != nil {
			p.close()
		}
	}()
	p.say("packing %s", dir)
	project, err := pack.Folder(dir)
	if err != nil {
		return err
	}
	c, err := a.connect(ctx)
	if err != nil {
		return err
	}
	id := o.id
	if id == "" {
		if id, err = idOf(dir, c.user); err != nil {
			return err
		}
	}
	l := &launcher{app: a, c: c.Client, id: id, want: want, progress: p, hold: holdFor}
	if !o.wait {
		l.hold = 0
	}
	p.say("storing %d files as %s", project.Files, id)
	stored, _, err := c.PutArchive(ctx, id, o.project, project.Archive)
	if err != nil {
		return storeError(id, err)
	}
	if o.restart {
		if err := c.Stop(ctx, id); err != nil {
			return gatewayError(err)
		}
	}
	status, err := l.run(ctx, stored.Version)
	elapsed := p.elapsed()
	p.close()
	p = nil
	if err != nil {
		return l.interrupted(ctx, gatewayError(err))
	}
	if l.found {
		fmt.Fprintf(a.ErrOut, "%s had been launched with these files before; --restart launches it anew, with other variables for example\n", id)
	}
	return a.launched(ctx, c.Client, status, elapsed)
}

// storeError says what to do when somebody else has the id.
func storeError(id string, err error) error {
	if client.IsKind(err, client.KindForbidden) {
		return fmt.Errorf("%w: choose another id than %s with --id", err, id)
	}
	return gatewayError(err)
}

// launcher launches one generation and waits for it.
type launcher struct {
	app      *app
	c        *client.Client
	id       string
	want     client.LaunchRequest
	progress *progress
	// hold is how long the gateway may hold its answer; zero does not wait for the preview at all.
	hold time.Duration
	// begun is set once a launch may have reached the gateway.
	begun bool
	// found is set when the preview was live already and was left so.
	found bool
}

// interrupted tells those who end the wait what becomes of the preview.
func (l *launcher) interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil || !l.begun {
		return err
	}
	return &statusError{exitInterrupted, fmt.Errorf("interrupted: %s goes on starting; to stop it: kubectl preview stop %[1]s%s", l.id, l.app.sameFlags())}
}

// run launches the version that was stored, in place of another one that is live, and returns the state that the preview
// has come to.
func (l *launcher) run(ctx context.Context, version string) (client.Status, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, maxWait, fmt.Errorf("%s did not start within %s", l.id, maxWait))
	defer cancel()
	l.progress.say("launching %s", l.id)
	launched, err := l.ask(ctx)
	if err == nil && !launched.Created && version != "" && launched.Version != "" && launched.Version != version {
		l.progress.say("stopping %s, which has other files", l.id)
		if err := l.c.Stop(ctx, l.id); err != nil {
			return client.Status{}, err
		}
		launched, err = l.ask(ctx)
	}
	if err != nil {
		return client.Status{}, causeOf(ctx, err)
	}
	l.found = !launched.Created
	status, err := l.await(ctx, launched)
	return status, causeOf(ctx, err)
}

// causeOf names the limit that was exceeded.
func causeOf(ctx context.Context, err error) error {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return context.Cause(ctx)
	}
	return err
}

// ask sends the launch, and again when the gateway says later, while it watches what becomes of it.
func (l *launcher) ask(ctx context.Context) (client.Launch, error) {
	watching, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if l.hold > 0 {
			l.watch(watching)
		}
	}()
	defer func() {
		stop()
		<-watched
	}()
	deadline := time.Now().Add(maxBusy)
	for {
		l.begun = true
		launched, err := l.c.Launch(ctx, l.id, l.want, l.hold)
		var problem *client.Error
		again := errors.As(err, &problem) && problem.RetryAfter > 0 && time.Now().Add(problem.RetryAfter).Before(deadline) &&
			client.IsKind(err, client.KindLaunchDelayed, client.KindNoWarmPod, client.KindBusy, client.KindUnavailable)
		if !again {
			return launched, err
		}
		l.progress.say("launching %s: %s; trying again in %s", l.id, problem.Title, problem.RetryAfter)
		if err := pause(ctx, problem.RetryAfter); err != nil {
			return client.Launch{}, err
		}
	}
}

// watch shows what the preview is doing until ctx is done. What cannot be read is left to the launch to report.
func (l *launcher) watch(ctx context.Context) {
	for pause(ctx, lookEvery) == nil {
		status, err := l.c.Status(ctx, l.id)
		if err == nil && !status.Finished() {
			l.show(status)
		}
	}
}

func (l *launcher) show(status client.Status) {
	what := status.Status
	if doing, known := stages[status.Reason]; known && status.Status == client.StatusStarting {
		what += ": " + doing
	} else if status.Reason != "" && !strings.EqualFold(status.Reason, status.Status) {
		what += ": " + status.Reason
	}
	l.progress.say("%s is %s", l.id, what)
}

// stages are the reasons of a preview that starts, in words.
var stages = map[string]string{
	v1alpha1.ReasonPending:    "it waits for its turn",
	v1alpha1.ReasonPodPending: "its pod starts",
	v1alpha1.ReasonNoWarmPod:  "it waits for a warm pod",
	v1alpha1.ReasonPodRunning: "its pod runs",
	v1alpha1.ReasonLoading:    "its code is loaded, and the application starts",
	v1alpha1.ReasonLoaded:     "its code is loaded",
}

// await waits until what was launched runs or has ended; not at all when the gateway was not asked to hold its answer.
func (l *launcher) await(ctx context.Context, launched client.Launch) (client.Status, error) {
	for {
		status, err := l.c.Status(ctx, l.id)
		switch {
		case client.IsKind(err, client.KindPreviewNotFound):
			return status, fmt.Errorf("%s was deleted while it started", l.id)
		case err != nil:
			return status, err
		case status.ID != launched.ID:
			return status, fmt.Errorf("%s was launched anew by somebody else meanwhile; see kubectl preview status %[1]s%s", l.id, l.app.sameFlags())
		case l.hold == 0 || status.Status == client.StatusRunning || status.Finished():
			return status, nil
		}
		l.show(status)
		if err := pause(ctx, lookEvery); err != nil {
			return status, err
		}
	}
}

// pause waits, and fails when ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// launched reports what a launch has come to.
func (a *app) launched(ctx context.Context, c *client.Client, status client.Status, elapsed time.Duration) error {
	if a.output == formatJSON {
		if err := a.printDocument(status.Document); err != nil {
			return err
		}
	}
	id := status.GenerationID
	switch status.Status {
	case client.StatusFailed, client.StatusStopped, client.StatusStopping:
		a.explain(status)
		a.printLastLines(ctx, c, id)
		return &statusError{code: exitFailed}
	}
	if a.output == formatJSON {
		return nil
	}
	fmt.Fprintf(a.Out, "%s is %s (%s)\n", id, status.Status, took(elapsed))
	same := a.sameFlags()
	rows := [][2]string{
		{"request", "kubectl preview request GET / --id " + id + same},
		{"browser", "kubectl preview open " + id + same},
		{"logs", "kubectl preview logs -f " + id + same},
		{"stop", "kubectl preview stop " + id + same},
		{"in cluster", escaped(text(status.BaseURL))},
		{"start", escaped(startOf(status))},
		{"ends", ends(status)},
	}
	for _, row := range rows {
		if row[1] != "" {
			fmt.Fprintf(a.Out, "  %-11s %s\n", row[0], row[1])
		}
	}
	return nil
}

// explain says why a preview has ended.
func (a *app) explain(status client.Status) {
	why := status.Reason
	if status.Failure != nil {
		why = status.Failure.Reason
		if status.Failure.ExitCode != nil {
			why += fmt.Sprintf(" (exit code %d)", *status.Failure.ExitCode)
		}
	}
	fmt.Fprintf(a.ErrOut, "%s has %s: %s\n", status.GenerationID, pastOf(status.Status), escaped(why))
	if status.Failure != nil && status.Failure.Message != "" {
		fmt.Fprintln(a.ErrOut, indented(escaped(status.Failure.Message)))
	}
}

func pastOf(status string) string {
	if status == client.StatusStopping {
		return "been stopped"
	}
	return status
}

func indented(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}

// printLastLines prints the end of what the application of a preview that has failed has printed. The failure is reported
// already, and with it what the system's own lines say; a log that cannot be read is said to be so.
func (a *app) printLastLines(ctx context.Context, c *client.Client, id string) {
	ctx, cancel := context.WithTimeout(ctx, lastLinesWait)
	defer cancel()
	var lines []client.LogLine
	// To its end: the last lines may be on their way yet.
	opts := client.LogOptions{Follow: true, LogFilter: client.LogFilter{Source: client.SourceSubprocess}}
	_, err := c.Logs(ctx, id, opts, func(e client.LogEvent) error {
		if e.Line != nil {
			lines = append(lines, *e.Line)
			lines = lines[max(0, len(lines)-lastLines):]
		}
		return nil
	})
	if len(lines) > 0 {
		fmt.Fprintln(a.ErrOut, "The end of its log:")
	}
	for _, line := range lines {
		fmt.Fprintln(a.ErrOut, "  "+strings.ReplaceAll(escaped(line.Message), "\n", "\n  "))
	}
	if err != nil {
		fmt.Fprintln(a.ErrOut, "Its log cannot be read:", escaped(err.Error()))
	}
}

// notInIDs is what an id must not have.
var notInIDs = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// idOf makes the id of a folder's generation: its name and the user's, in the letters that ids have.
func idOf(dir, user string) (string, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	part := func(name string, most int) string {
		name = strings.Trim(notInIDs.ReplaceAllString(name, "-"), "._-")
		return strings.Trim(name[:min(len(name), most)], "._-")
	}
	// The user's part is kept whole as far as it can be: it keeps ids of different people apart.
	user = part(user, maxIDBytes/2)
	name := part(filepath.Base(absolute), maxIDBytes-1-len(user))
	switch {
	case name == "":
		return "", fmt.Errorf("the folder %s gives no id: choose one with --id", dir)
	case user == "":
		return name, nil
	}
	return name + "-" + user, nil
}
