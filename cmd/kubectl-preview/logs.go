package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/codebegen/preview-operator/internal/client"
)

// logFlags are the flags of logs that have to be read.
type logFlags struct {
	levels        []string
	source, since string
}

func (a *app) logsCommand() *cobra.Command {
	var opts client.LogOptions
	var flags logFlags
	cmd := &cobra.Command{
		Use:   "logs ID",
		Short: "Print the log of a preview, or follow it",
		Long: `Print what is stored of the log of a preview, also when it is long gone, or follow it with -f until the preview ends. A
connection that is cut while it is followed is taken up again after the last line; lines that are lost all the same are told of.`,
		Example: `  kubectl preview logs bookstore-alice
  kubectl preview logs -f bookstore-alice
  kubectl preview logs bookstore-alice --level ERROR,WARNING --since 10m
  kubectl preview logs bookstore-alice --source subprocess --grep /books -o json | jq -r .message`,
		Args: exactly("ID"), ValidArgsFunction: a.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := flags.read(&opts.LogFilter, a.now()); err != nil {
				return err
			}
			return a.logs(cmd.Context(), args[0], opts)
		},
	}
	cmd.Flags().BoolVarP(&opts.Follow, "follow", "f", false, "Go on until the preview ends")
	cmd.Flags().StringVar(&opts.After, "since-id", "", "Begin after the line of this id, as -o json prints it")
	cmd.Flags().StringSliceVar(&flags.levels, "level", nil, "Only lines of this level: "+strings.Join(client.Levels, ", ")+"; several with commas")
	cmd.Flags().StringVar(&flags.source, "source", "", "Only lines from there: subprocess for the application, system for what was done with it")
	cmd.Flags().StringVar(&flags.since, "since", "", "Only lines since then: a duration as 10m, or a time as 2026-11-22T15:00:00Z")
	cmd.Flags().StringVar(&opts.Text, "grep", "", "Only lines that contain this text, whatever the case of ASCII letters")
	return a.withOutput(cmd, formatJSON)
}

// read checks the flags and puts them into a filter.
func (f *logFlags) read(filter *client.LogFilter, now time.Time) error {
	for _, level := range f.levels {
		level = strings.ToUpper(level)
		if !slices.Contains(client.Levels, level) {
			return usageError{fmt.Errorf("--level %s: must be one of %s", level, strings.Join(client.Levels, ", "))}
		}
		filter.Levels = append(filter.Levels, level)
	}
	switch f.source {
	case "", client.SourceSubprocess, client.SourceSystem:
		filter.Source = f.source
	default:
		return usageError{fmt.Errorf("--source %s: must be %s or %s", f.source, client.SourceSubprocess, client.SourceSystem)}
	}
	if f.since == "" {
		return nil
	}
	if ago, err := time.ParseDuration(f.since); err == nil && ago >= 0 {
		filter.Since = now.Add(-ago)
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, f.since)
	if err != nil {
		return usageError{fmt.Errorf("--since %s: must be a duration as 10m or a time as 2026-11-22T15:00:00Z", f.since)}
	}
	filter.Since = at
	return nil
}

func (a *app) logs(ctx context.Context, id string, opts client.LogOptions) error {
	c, status, err := a.preview(ctx, id)
	if err != nil {
		return err
	}
	opts.Reconnecting = func(cause error, wait time.Duration) {
		fmt.Fprintf(a.ErrOut, "the stream was cut (%s); going on in %s\n", a.visible(cause.Error(), a.errIsTerminal), took(wait))
	}
	printer := &logPrinter{app: a, colours: a.colours()}
	_, err = c.Logs(ctx, status.GenerationID, opts, printer.print)
	printer.close()
	return gatewayError(err)
}

// logPrinter prints the lines of a log.
type logPrinter struct {
	app     *app
	colours bool
	// within is set while a line that came in parts is not complete.
	within bool
}

// logRecord is a line of the output as JSON.
type logRecord struct {
	ID string `json:"id,omitempty"`
	*client.LogLine
	Gap *client.Gap `json:"gap,omitempty"`
}

func (p *logPrinter) print(e client.LogEvent) error {
	if p.app.output == formatJSON {
		encoder := json.NewEncoder(p.app.Out)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(logRecord{e.ID, e.Line, e.Gap})
	}
	if e.Gap != nil {
		return p.gap(*e.Gap)
	}
	return p.line(*e.Line)
}

func (p *logPrinter) gap(gap client.Gap) error {
	p.close()
	_, err := fmt.Fprintln(p.app.Out, p.coloured(yellow, "--- "+gapText(gap)+" ---"))
	return err
}

func gapText(gap client.Gap) string {
	if gap.RemovedAt != nil {
		return "lines were removed at " + clock(gap.RemovedAt) + " to make room"
	}
	lost := "an unknown number of lines is missing"
	if gap.Lost != nil {
		lost = fmt.Sprintf("%d lines are missing", *gap.Lost)
	}
	if gap.From != nil {
		return lost + ", the first of them from about " + clock(gap.From)
	}
	return lost + " here"
}

func (p *logPrinter) line(line client.LogLine) error {
	message := p.app.visible(line.Message, p.app.outIsTerminal)
	var b strings.Builder
	if !p.within {
		level := fmt.Sprintf("%-7s", p.app.visible(line.Level, p.app.outIsTerminal))
		switch line.Level {
		case "ERROR":
			level = p.coloured(red, level)
		case "WARNING":
			level = p.coloured(yellow, level)
		case "DEBUG":
			level = p.coloured(grey, level)
		}
		b.WriteString(p.coloured(grey, line.Timestamp.Local().Format("15:04:05.000")) + " " + level + " ")
		if line.Source == client.SourceSystem {
			b.WriteString("[system] ")
		}
	}
	b.WriteString(message)
	if !line.Partial {
		b.WriteByte('\n')
	}
	p.within = line.Partial
	_, err := fmt.Fprint(p.app.Out, b.String())
	return err
}

// close ends a line that is not complete.
func (p *logPrinter) close() {
	if p.within {
		fmt.Fprintln(p.app.Out)
	}
	p.within = false
}

func (p *logPrinter) coloured(colour, text string) string {
	if !p.colours {
		return text
	}
	return colour + text + plain
}
