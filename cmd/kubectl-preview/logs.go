package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/codebegen/preview-operator/internal/client"
)

func (a *app) logsCommand() *cobra.Command {
	var follow bool
	var sinceID string
	cmd := &cobra.Command{
		Use:   "logs ID",
		Short: "Print the log of a preview, or follow it",
		Long: `Print what the gateway has of the log of a preview, or follow it with -f until the preview ends. A connection that is cut
is taken up again after the last line; lines that are lost all the same are shown as a gap.`,
		Example: `  kubectl preview logs bookstore-alice
  kubectl preview logs -f bookstore-alice
  kubectl preview logs bookstore-alice -o json | jq -r 'select(.level == "ERROR").message'`,
		Args: exactly("ID"), ValidArgsFunction: a.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.logs(cmd.Context(), args[0], client.LogOptions{Follow: follow, After: sinceID})
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "Go on until the preview ends")
	cmd.Flags().StringVar(&sinceID, "since-id", "", "Begin after the line of this id, as -o json prints it")
	return a.withOutput(cmd, formatJSON)
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
	lost := "an unknown number of lines is"
	if gap.Lost != nil {
		lost = fmt.Sprintf("%d lines are", *gap.Lost)
	}
	_, err := fmt.Fprintln(p.app.Out, p.coloured(yellow, "--- "+lost+" missing here ---"))
	return err
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
