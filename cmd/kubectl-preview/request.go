package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/codebegen/preview-operator/internal/client"
)

// maxRequestBody bounds the body of a request: the gateway takes 12 MiB of envelope, in which a body is a third longer.
const maxRequestBody = 8 << 20

// requestOptions are the flags of request.
type requestOptions struct {
	id, data       string
	hasData        bool
	headers, query []string
	include, fail  bool
}

func (a *app) requestCommand() *cobra.Command {
	var o requestOptions
	cmd := &cobra.Command{
		Use:   "request METHOD PATH",
		Short: "Send the application of a preview a request",
		Long: `Send the application of a preview a request through the gateway, and print the body of its answer as it came.

Without --id, the request goes to your one live preview. A body that is JSON is sent as application/json and other text as
text/plain, unless -H says otherwise. Redirects are not followed.`,
		Example: `  kubectl preview request GET /books --id bookstore-alice --query limit=10
  kubectl preview request POST /books --id bookstore-alice -d '{"title":"Emma","author":"Jane Austen"}' -i
  kubectl preview request PUT /cover --id bookstore-alice -H 'Content-Type: image/png' -d @cover.png --fail`,
		Args: exactly("METHOD", "PATH"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.hasData = cmd.Flags().Changed("data")
			return a.request(cmd.Context(), strings.ToUpper(args[0]), args[1], o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.id, "id", "", "Id of the preview; your one live preview when left out")
	flags.StringArrayVarP(&o.headers, "header", "H", nil, "Header field 'Name: value'; repeat it for more")
	flags.StringVarP(&o.data, "data", "d", "", "Body of the request: text, @file, or - for standard input")
	flags.StringArrayVar(&o.query, "query", nil, "Query parameter name=value; repeat it for more")
	flags.BoolVarP(&o.include, "include", "i", false, "Print the status and the header fields before the body")
	flags.BoolVar(&o.fail, "fail", false, "Exit with 22 when the application answers 400 or more")
	mustRegister(cmd.RegisterFlagCompletionFunc("id", func(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		return a.completeIDs(cmd, nil, begun)
	}))
	return a.withOutput(cmd, formatJSON)
}

func (a *app) request(ctx context.Context, method, path string, o requestOptions) error {
	envelope, err := a.envelope(method, path, o)
	if err != nil {
		return err
	}
	c, err := a.connect(ctx)
	if err != nil {
		return err
	}
	id := o.id
	if id == "" {
		if id, err = only(ctx, c); err != nil {
			return err
		}
	} else {
		status, err := find(ctx, c, id)
		if err != nil {
			return err
		}
		id = status.GenerationID
	}
	reply, err := c.Session(id).Request(ctx, envelope)
	if err != nil {
		return gatewayError(err)
	}
	if err := a.printReply(reply, o.include); err != nil {
		return err
	}
	if o.fail && reply.StatusCode >= http.StatusBadRequest {
		return &statusError{exitHTTP, fmt.Errorf("error: the application answered %d", reply.StatusCode)}
	}
	return nil
}

// envelope makes the request of the flags.
func (a *app) envelope(method, path string, o requestOptions) (client.Envelope, error) {
	e := client.Envelope{Method: method, Path: path, Query: map[string][]string{}, Headers: map[string][]string{}}
	typed := false
	for _, field := range o.headers {
		name, value, ok := strings.Cut(field, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			// The value may be a secret.
			return e, usageError{fmt.Errorf("-H: must be 'Name: value'")}
		}
		e.Headers[name] = append(e.Headers[name], strings.TrimSpace(value))
		typed = typed || strings.EqualFold(name, "Content-Type")
	}
	for _, pair := range o.query {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return e, usageError{fmt.Errorf("--query %q: must be name=value", pair)}
		}
		e.Query[name] = append(e.Query[name], value)
	}
	if !o.hasData {
		return e, nil
	}
	var err error
	if e.Body, err = a.data(o.data); err != nil {
		return e, fmt.Errorf("-d: %w", err)
	}
	if !typed && len(e.Body) > 0 {
		e.Headers["Content-Type"] = []string{typeOf(e.Body)}
	}
	return e, nil
}

// data reads the body that -d names.
func (a *app) data(value string) ([]byte, error) {
	var in io.Reader
	switch path, isFile := strings.CutPrefix(value, "@"); {
	case value == "-" || value == "@-":
		in = a.In
	case isFile:
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	default:
		in = strings.NewReader(value)
	}
	body, err := io.ReadAll(io.LimitReader(in, maxRequestBody+1))
	if err == nil && len(body) > maxRequestBody {
		err = fmt.Errorf("the body has more than %d bytes, the limit", maxRequestBody)
	}
	return body, err
}

func typeOf(body []byte) string {
	switch {
	case json.Valid(body):
		return "application/json"
	case utf8.Valid(body):
		return "text/plain; charset=utf-8"
	default:
		return "application/octet-stream"
	}
}

func (a *app) printReply(reply client.Reply, include bool) error {
	if a.output == formatJSON {
		return a.printDocument(reply.Document)
	}
	if include {
		fmt.Fprintf(a.Out, "HTTP %d %s (%d ms)\n", reply.StatusCode, http.StatusText(reply.StatusCode), reply.ElapsedMS)
		for _, name := range slices.Sorted(maps.Keys(reply.Headers)) {
			if name != "set-cookie" || len(reply.SetCookie) == 0 {
				fmt.Fprintf(a.Out, "%s: %s\n", name, a.visible(reply.Headers[name], a.outIsTerminal))
			}
		}
		for _, cookie := range reply.SetCookie {
			fmt.Fprintf(a.Out, "set-cookie: %s\n", a.visible(cookie, a.outIsTerminal))
		}
		fmt.Fprintln(a.Out)
	}
	if !a.outIsTerminal {
		_, err := a.Out.Write(reply.Body)
		return err
	}
	if !utf8.Valid(reply.Body) {
		fmt.Fprintf(a.ErrOut, "the body has %d bytes that are no text: redirect standard output to have them\n", len(reply.Body))
		return nil
	}
	body := escaped(strings.ReplaceAll(string(reply.Body), "\r\n", "\n"))
	if body != "" && !strings.HasSuffix(body, "\n") {
		body += "\n"
	}
	_, err := fmt.Fprint(a.Out, body)
	return err
}
