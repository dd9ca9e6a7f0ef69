package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/codebegen/preview-operator/cmd/kubectl-preview/internal/pack"
	"github.com/codebegen/preview-operator/internal/client"
	"github.com/codebegen/preview-operator/internal/endpoints"
)

// readFolder bounds the reading of a folder: a repository may be larger than what can be launched.
var readFolder = endpoints.Options{MaxFiles: 10_000, MaxBytes: 64 << 20, Timeout: time.Minute}

// endpointSources are what the gateway can be asked for.
var endpointSources = []string{"merged", endpoints.SourceStatic, endpoints.SourceLive}

func (a *app) endpointsCommand() *cobra.Command {
	var source string
	cmd := &cobra.Command{
		Use: "endpoints DIR|ID", Short: "List the endpoints of the application in a folder, or of a stored one",
		Long: `List the endpoints of an application: of the one in a folder, without a cluster, or of a stored generation, whether or not its
preview runs. A folder goes before an id of the same name, unless --source is given.

Of a folder the files are read that launch would take; what it would refuse is left out. Nothing in it is run.

A stored generation is read by the gateway (static) and, while its preview runs, asked for its OpenAPI document (live); merged
has both. What could not be found out is told on standard error.`,
		Example: `  kubectl preview endpoints ./bookstore
  kubectl preview endpoints . -o json
  kubectl preview endpoints bookstore-alice -o wide
  kubectl preview endpoints bookstore-alice --source live`,
		Args: exactly("DIR or ID"), ValidArgsFunction: a.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if source != "" && !slices.Contains(endpointSources, source) {
				return usageError{fmt.Errorf("--source %s: must be %s", source, strings.Join(endpointSources, ", "))}
			}
			if source == "" && isFolder(args[0]) {
				return a.endpointsOfFolder(cmd.Context(), args[0])
			}
			return a.endpointsOfPreview(cmd.Context(), args[0], source)
		},
	}
	cmd.Flags().StringVar(&source, "source", "", "Of a stored generation: "+strings.Join(endpointSources, ", ")+"; merged when left out")
	mustRegister(cmd.RegisterFlagCompletionFunc("source", cobra.FixedCompletions(endpointSources, cobra.ShellCompDirectiveNoFileComp)))
	return a.withOutput(cmd, formatJSON, formatWide)
}

// isFolder reports whether an argument is a folder of this machine, or can be nothing else.
func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir() || strings.ContainsAny(name, `/\`)
}

// folderReply is the document that the gateway answers with.
type folderReply struct {
	Endpoints   []endpoints.Endpoint   `json:"endpoints"`
	Count       int                    `json:"count"`
	Source      string                 `json:"source"`
	Diagnostics []endpoints.Diagnostic `json:"diagnostics"`
}

func (a *app) endpointsOfFolder(ctx context.Context, dir string) error {
	files, skipped, err := pack.Read(dir)
	if err != nil {
		return err
	}
	found := a.discover(ctx, files, readFolder)
	if err := ctx.Err(); err != nil {
		return &statusError{exitInterrupted, errors.New("interrupted")}
	}
	if skipped > 0 {
		found.Say(endpoints.Diagnostic{Code: "files-skipped", Message: fmt.Sprintf("%d files or folders were left out: they are too large, too many, too deep, or links", skipped)})
	}
	answer := folderReply{found.Endpoints, found.Count, "none", found.Diagnostics}
	if found.Count > 0 {
		answer.Source = endpoints.SourceStatic
	}
	document, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	if a.output == formatJSON {
		return a.printDocument(document)
	}
	var all client.Endpoints
	if err := json.Unmarshal(document, &all); err != nil {
		return err
	}
	return a.showEndpoints(dir, all)
}

func (a *app) endpointsOfPreview(ctx context.Context, id, source string) error {
	c, status, err := a.preview(ctx, id)
	switch {
	case client.IsKind(err, client.KindPreviewNotFound):
		// There is no preview, but a generation of exactly this id.
	case err != nil:
		return err
	default:
		id = status.GenerationID
	}
	all, err := c.Endpoints(ctx, id, source)
	if err != nil {
		return gatewayError(err)
	}
	if a.output == formatJSON {
		return a.printDocument(all.Document)
	}
	return a.showEndpoints(id, all)
}

// showEndpoints prints a table, and what is missing on standard error.
func (a *app) showEndpoints(of string, all client.Endpoints) error {
	for _, d := range all.Diagnostics {
		at := of
		if d.File != "" {
			at = place(d.File, d.Line)
		}
		fmt.Fprintf(a.ErrOut, "%s: %s\n", escaped(at), escaped(d.Message))
	}
	if len(all.Endpoints) == 0 {
		fmt.Fprintf(a.ErrOut, "No endpoints of %s are known.\n", escaped(of))
		return nil
	}
	header := []string{"METHOD", "PATH", "SUMMARY"}
	if a.output == formatWide {
		header = append(header, "TAGS", "SOURCE", "FILE", "DESCRIPTION")
	}
	var rows [][]string
	for _, e := range all.Endpoints {
		summary := e.Summary
		if e.Deprecated {
			summary = strings.TrimSpace(summary + " (deprecated)")
		}
		row := []string{e.Method, e.Path, summary}
		if a.output == formatWide {
			row = append(row, strings.Join(e.Tags, ", "), e.Source, place(e.File, e.Line), e.Description)
		}
		rows = append(rows, row)
	}
	return table(a.Out, header, rows)
}

// place is file:line, as editors and terminals know it.
func place(file string, line int) string {
	if file == "" || line == 0 {
		return file
	}
	return file + ":" + strconv.Itoa(line)
}
