// Package client calls the gateway's HTTP API. Every answer, wait and line is bounded, and no error names a token.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Bounds of a call.
const (
	// callTimeout bounds a call that holds nothing back on purpose: the gateway's own waits are shorter.
	callTimeout = time.Minute
	// maxDocument bounds an answer in JSON: 1000 endpoints with their descriptions are some 3 MiB.
	maxDocument = 16 << 20
	// maxReply bounds the answer of an application in its envelope, whose body may be six times as long in JSON as it is.
	maxReply = 128 << 20
	// maxProblem bounds the body of an error.
	maxProblem = 64 << 10
	// MaxTokenBytes bounds a bearer token: the gateway refuses more header than that.
	MaxTokenBytes = 16 << 10
)

// TokenSource returns a bearer token that is valid for the next call.
type TokenSource func(ctx context.Context) (string, error)

// StaticToken is a TokenSource of one token.
func StaticToken(token string) TokenSource {
	return func(context.Context) (string, error) { return token, nil }
}

// Options of a Client.
type Options struct {
	// BaseURL of the gateway: http or https, a host, and perhaps a path.
	BaseURL string
	Token   TokenSource
	// Transport is http.DefaultTransport when nil.
	Transport http.RoundTripper
	// UserAgent is sent along; none when empty.
	UserAgent string
}

// Client calls the API as one user. It may be used concurrently.
type Client struct {
	base      string
	token     TokenSource
	http      *http.Client
	userAgent string
	patience  patience
}

// New returns a Client.
func New(opts Options) (*Client, error) {
	if opts.Token == nil {
		return nil, errors.New("client: a token source is needed")
	}
	base, err := url.Parse(opts.BaseURL)
	switch {
	case err != nil:
		// The error of url.Parse quotes its input, which may hold a password.
		return nil, errors.New("the gateway's address is not a URL")
	case base.Scheme != "http" && base.Scheme != "https" || base.Host == "":
		return nil, errors.New("the gateway's address must begin with http:// or https:// and name a host")
	case base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, errors.New("the gateway's address must have no user, query or fragment")
	}
	return &Client{
		base: strings.TrimRight(base.String(), "/"), token: opts.Token, userAgent: opts.UserAgent, patience: defaultPatience,
		http: &http.Client{
			Transport: opts.Transport,
			// The bearer token goes nowhere but to the gateway.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// call is one request to the API.
type call struct {
	method, path string
	query        url.Values
	header       http.Header
	// body is sent as contentType; none when nil.
	body        []byte
	contentType string
}

// withJSON sets the body.
func (k call) withJSON(value any) (call, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return k, err
	}
	k.body, k.contentType = data, "application/json"
	return k, nil
}

// open sends a call and returns the answer, which is a success; anything else is an *Error.
func (c *Client) open(ctx context.Context, k call) (*http.Response, error) {
	target := c.base + k.path
	if len(k.query) > 0 {
		target += "?" + k.query.Encode()
	}
	var body io.Reader
	if k.body != nil {
		body = bytes.NewReader(k.body)
	}
	request, err := http.NewRequestWithContext(ctx, k.method, target, body)
	if err != nil {
		return nil, err
	}
	token, err := c.token(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkToken(token); err != nil {
		return nil, err
	}
	for name, values := range k.header {
		request.Header[name] = values
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if k.contentType != "" {
		request.Header.Set("Content-Type", k.contentType)
	}
	if c.userAgent != "" {
		request.Header.Set("User-Agent", c.userAgent)
	}
	response, err := c.http.Do(request)
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	if err != nil {
		return nil, fmt.Errorf("reaching the gateway: %w", err)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		defer response.Body.Close()
		return nil, errorOf(response)
	}
	return response, nil
}

// checkToken keeps a token that is none out of the header, and out of the error that net/http would make of it.
func checkToken(token string) error {
	switch {
	case token == "":
		return errors.New("the bearer token is empty")
	case len(token) > MaxTokenBytes:
		return fmt.Errorf("the bearer token has %d bytes, at most %d are sent", len(token), MaxTokenBytes)
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return errors.New("the bearer token contains a space, line break or other character that no token has")
	}
	return nil
}

// do sends a call and returns the body of its answer, of at most limit bytes.
func (c *Client) do(ctx context.Context, k call, limit int64) (status int, body []byte, err error) {
	response, err := c.open(ctx, k)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("reading the gateway's answer: %w", err)
	case int64(len(body)) > limit:
		return 0, nil, fmt.Errorf("the gateway's answer has more than %d bytes", limit)
	}
	return response.StatusCode, body, nil
}

// document is an answer in JSON.
type document interface{ keep(raw json.RawMessage) }

// read sends a call and reads its answer into a document. It returns the status.
func (c *Client) read(ctx context.Context, k call, limit int64, into document) (int, error) {
	status, body, err := c.do(ctx, k, limit)
	if err != nil {
		return 0, err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return 0, fmt.Errorf("the answer to %s %s is not what the API documents, is this the gateway? %w", k.method, k.path, err)
	}
	into.keep(body)
	return status, nil
}
