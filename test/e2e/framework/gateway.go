package framework

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/codebegen/preview-operator/test/contract"
)

// maxBody bounds what is read of an answer.
const maxBody = 32 << 20

// Gateway is a client of the HTTP API.
type Gateway struct {
	URL    string
	secret []byte
	client *http.Client
	// Contract is the description that answers are held against, nil until Hold.
	Contract *contract.Contract
}

// NewGateway makes a client that signs its own bearer tokens.
func NewGateway(baseURL string, secret []byte) *Gateway {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 128
	transport.Proxy = nil
	return &Gateway{URL: baseURL, secret: secret, client: &http.Client{Transport: transport}}
}

// Hold reads the description that the gateway serves and holds every further answer against it: what is not as described
// is an error of the call.
func (g *Gateway) Hold(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.URL+"/openapi.json", nil)
	if err != nil {
		return err
	}
	response, err := g.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	document, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return err
	}
	if g.Contract, err = contract.Load(document); err != nil {
		return err
	}
	g.client.Transport = &contract.Transport{Contract: g.Contract, Next: g.client.Transport}
	return nil
}

// Token signs a bearer token for a user, valid for half an hour.
func (g *Gateway) Token(user string, claims map[string]any) (string, error) {
	now := time.Now()
	all := jwt.MapClaims{"sub": user, "aud": "preview-operator", "iat": now.Unix(), "exp": now.Add(30 * time.Minute).Unix()}
	for name, value := range claims {
		all[name] = value
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, all).SignedString(g.secret)
}

// As returns a client of one user.
func (g *Gateway) As(user string) (*UserClient, error) {
	token, err := g.Token(user, nil)
	if err != nil {
		return nil, err
	}
	return &UserClient{gateway: g, User: user, Bearer: token}, nil
}

// Anonymous returns a client of nobody.
func (g *Gateway) Anonymous() *UserClient { return &UserClient{gateway: g} }

// At is another gateway of the same installation.
func (g *Gateway) At(baseURL string) *Gateway {
	other := *g
	other.URL = baseURL
	return &other
}

// UserClient calls the HTTP API as one user.
type UserClient struct {
	gateway *Gateway
	User    string
	Bearer  string
}

// Error is an answer other than the one that was expected.
type Error struct {
	Status  int
	Header  http.Header
	Body    string
	Problem Problem
}

// Problem is what clients rely on of application/problem+json.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func (e *Error) Error() string { return fmt.Sprintf("HTTP status %d: %s", e.Status, e.Body) }

// GomegaString keeps reports of failures short.
func (e *Error) GomegaString() string { return e.Error() }

// RetryAfter is what the answer says of when to ask again, 0 when it says nothing.
func (e *Error) RetryAfter() time.Duration {
	seconds, err := strconv.Atoi(e.Header.Get("Retry-After"))
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// StatusOf is the HTTP status of an error of this package, 0 of others.
func StatusOf(err error) int {
	var answer *Error
	if errors.As(err, &answer) {
		return answer.Status
	}
	return 0
}

// Launch is the answer to a launch.
type Launch struct {
	ID           string    `json:"id"`
	GenerationID string    `json:"generation_id"`
	UserID       string    `json:"user_id"`
	ProjectID    string    `json:"project_id"`
	Status       string    `json:"status"`
	Port         int32     `json:"port"`
	BaseURL      string    `json:"base_url"`
	SessionToken string    `json:"session_token"`
	CreatedAt    time.Time `json:"created_at"`
	// Created is set when this launch started the preview, and not when it ran already.
	Created bool `json:"-"`
}

// Status is the answer to a status request. Raw is the whole of it.
type Status struct {
	ID            string  `json:"id"`
	Status        string  `json:"status"`
	Port          int32   `json:"port"`
	BaseURL       string  `json:"base_url"`
	UptimeSeconds float64 `json:"uptime_seconds"`
	Health        string  `json:"health"`
	// MemoryUsageMB and CPUUsagePercent are nil while they are not known.
	MemoryUsageMB   *float64        `json:"memory_usage_mb"`
	CPUUsagePercent *float64        `json:"cpu_usage_percent"`
	Raw             json.RawMessage `json:"-"`
}

// Envelope is a request to the application.
type Envelope struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Query   map[string]string `json:"query,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    any               `json:"body"`
}

// Reply is the application's answer.
type Reply struct {
	StatusCode int               `json:"status_code"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
	ElapsedMS  float64           `json:"elapsed_ms"`
}

// Decode reads a JSON body of the application.
func (r Reply) Decode(into any) error {
	if err := json.Unmarshal([]byte(r.Body), into); err != nil {
		return fmt.Errorf("status %d, body %.500q: %w", r.StatusCode, r.Body, err)
	}
	return nil
}

// PutGeneration stores a project under a generation id.
func (u *UserClient) PutGeneration(ctx context.Context, id, project string, files map[string]string) error {
	body := map[string]any{"project_id": project, "files": files}
	_, err := u.call(ctx, http.MethodPut, generationPath(id), nil, body, nil)
	return err
}

// DeleteGeneration removes a stored project.
func (u *UserClient) DeleteGeneration(ctx context.Context, id string) error {
	_, err := u.call(ctx, http.MethodDelete, generationPath(id), nil, nil, nil)
	return err
}

// Launch starts the preview of a generation, or finds it started. timeout is the startup timeout in seconds, 0 for the
// configured one.
func (u *UserClient) Launch(ctx context.Context, id, project string, timeout int) (Launch, error) {
	body := map[string]any{"project_id": project}
	if timeout > 0 {
		body["timeout"] = timeout
	}
	var launch Launch
	status, err := u.call(ctx, http.MethodPost, previewPath(id)+"/launch", nil, body, &launch)
	launch.Created = status == http.StatusCreated
	return launch, err
}

// Status asks for the state of a preview.
func (u *UserClient) Status(ctx context.Context, id string) (Status, error) {
	var raw json.RawMessage
	if _, err := u.call(ctx, http.MethodGet, previewPath(id)+"/status", nil, nil, &raw); err != nil {
		return Status{}, err
	}
	status := Status{Raw: raw}
	return status, json.Unmarshal(raw, &status)
}

// Config asks for the configuration of a preview.
func (u *UserClient) Config(ctx context.Context, id string) (map[string]any, error) {
	var config map[string]any
	_, err := u.call(ctx, http.MethodGet, previewPath(id)+"/config", nil, nil, &config)
	return config, err
}

// Stop stops a preview.
func (u *UserClient) Stop(ctx context.Context, id string) error {
	_, err := u.call(ctx, http.MethodDelete, previewPath(id), nil, nil, nil)
	return err
}

// Request sends a request to the application of a preview.
func (u *UserClient) Request(ctx context.Context, id, sessionToken string, envelope Envelope) (Reply, error) {
	var reply Reply
	headers := http.Header{"X-Preview-Token": {sessionToken}}
	_, err := u.call(ctx, http.MethodPost, previewPath(id)+"/request", headers, envelope, &reply)
	return reply, err
}

// Get sends a GET request to the application of a preview.
func (u *UserClient) Get(ctx context.Context, id, sessionToken, path string) (Reply, error) {
	return u.Request(ctx, id, sessionToken, Envelope{Method: http.MethodGet, Path: path})
}

func generationPath(id string) string { return "/api/v1/generations/" + url.PathEscape(id) }
func previewPath(id string) string    { return generationPath(id) + "/preview" }

// Call sends any request and returns the status, header and body of whatever is answered. in is sent as JSON unless nil.
func (u *UserClient) Call(ctx context.Context, method, path string, headers http.Header, in any) (int, http.Header, []byte, error) {
	response, err := u.send(ctx, method, path, headers, in)
	if err != nil {
		return 0, nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	return response.StatusCode, response.Header, body, err
}

// call returns the status of an answer, decoded into out unless that is nil, and an *Error for one that is no success.
func (u *UserClient) call(ctx context.Context, method, path string, headers http.Header, in, out any) (int, error) {
	response, err := u.send(ctx, method, path, headers, in)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return response.StatusCode, fmt.Errorf("read the answer to %s %s: %w", method, path, err)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return response.StatusCode, newError(response, body)
	}
	if out == nil {
		return response.StatusCode, nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return response.StatusCode, fmt.Errorf("decode the answer to %s %s, %.500q: %w", method, path, body, err)
	}
	return response.StatusCode, nil
}

func newError(response *http.Response, body []byte) *Error {
	answer := &Error{Status: response.StatusCode, Header: response.Header, Body: string(body)}
	// A body that is no problem document leaves the fields empty, and is a failure of its own where they are checked.
	if err := json.Unmarshal(body, &answer.Problem); err != nil {
		answer.Problem = Problem{}
	}
	return answer
}

func (u *UserClient) send(ctx context.Context, method, path string, headers http.Header, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, u.gateway.URL+path, body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if u.Bearer != "" {
		request.Header.Set("Authorization", "Bearer "+u.Bearer)
	}
	for name, values := range headers {
		request.Header[name] = values
	}
	return u.gateway.client.Do(request)
}
