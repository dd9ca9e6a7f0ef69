package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

func generationPath(id string) string { return "/api/v1/generations/" + url.PathEscape(id) }

func previewPath(id string) string { return generationPath(id) + "/preview" }

// PutArchive stores a project, a tar.gz archive, under an id, and reports whether it is a new one.
func (c *Client) PutArchive(ctx context.Context, id, projectID string, archive []byte) (Generation, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*callTimeout)
	defer cancel()
	k := call{method: http.MethodPut, path: generationPath(id), body: archive, contentType: "application/gzip"}
	if projectID != "" {
		k.query = url.Values{"project_id": {projectID}}
	}
	var stored Generation
	status, err := c.read(ctx, k, maxDocument, &stored)
	return stored, status == http.StatusCreated, err
}

// DeleteGeneration deletes a project and its preview.
func (c *Client) DeleteGeneration(ctx context.Context, id string) error {
	return c.send(ctx, call{method: http.MethodDelete, path: generationPath(id)})
}

// send sends a call whose answer has no body.
func (c *Client) send(ctx context.Context, k call) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, _, err := c.do(ctx, k, maxDocument)
	return err
}

// Launch launches the preview of a generation, or finds it live. The gateway is asked to hold its answer until the preview
// runs or has failed, at most for wait; zero asks for the answer at once.
func (c *Client) Launch(ctx context.Context, id string, want LaunchRequest, wait time.Duration) (Launch, error) {
	ctx, cancel := context.WithTimeout(ctx, wait+callTimeout)
	defer cancel()
	k, err := call{method: http.MethodPost, path: previewPath(id) + "/launch"}.withJSON(want)
	if err != nil {
		return Launch{}, err
	}
	if wait > 0 {
		k.header = http.Header{"Prefer": {"wait=" + strconv.Itoa(int(wait.Round(time.Second)/time.Second))}}
	}
	var launched Launch
	status, err := c.read(ctx, k, maxDocument, &launched)
	launched.Created = status == http.StatusCreated
	return launched, err
}

// Status reads the state of a preview.
func (c *Client) Status(ctx context.Context, id string) (Status, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var status Status
	_, err := c.read(ctx, call{method: http.MethodGet, path: previewPath(id) + "/status"}, maxDocument, &status)
	return status, err
}

// Stop asks for the end of a preview and does not wait for it.
func (c *Client) Stop(ctx context.Context, id string) error {
	return c.send(ctx, call{method: http.MethodDelete, path: previewPath(id)})
}

// Endpoints reads the endpoints of the application: those that its files tell of, those that it tells of itself, or both
// merged, by source: static, live, merged. Empty leaves it to the gateway, which merges.
func (c *Client) Endpoints(ctx context.Context, id, source string) (Endpoints, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var endpoints Endpoints
	query := url.Values{}
	if source != "" {
		query.Set("source", source)
	}
	_, err := c.read(ctx, call{method: http.MethodGet, path: previewPath(id) + "/endpoints", query: query}, maxDocument, &endpoints)
	return endpoints, err
}

// sessionToken asks for a new session token of a live preview.
func (c *Client) sessionToken(ctx context.Context, id string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	// A Launch holds what the answer has, and keeps no document with the secret.
	var issued Launch
	_, err := c.read(ctx, call{method: http.MethodPost, path: previewPath(id) + "/token"}, maxDocument, &issued)
	return issued.SessionToken, err
}

// request sends the application a request.
func (c *Client) request(ctx context.Context, id, sessionToken string, e Envelope) (Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*callTimeout)
	defer cancel()
	wire := struct {
		Method     string              `json:"method"`
		Path       string              `json:"path"`
		Query      map[string][]string `json:"query,omitempty"`
		Headers    map[string][]string `json:"headers,omitempty"`
		BodyBase64 []byte              `json:"body_base64,omitempty"`
	}{e.Method, e.Path, e.Query, e.Headers, e.Body}
	k, err := call{
		method: http.MethodPost, path: previewPath(id) + "/request", header: http.Header{"X-Preview-Token": {sessionToken}},
	}.withJSON(wire)
	if err != nil {
		return Reply{}, err
	}
	var reply Reply
	if _, err := c.read(ctx, k, maxReply, &reply); err != nil {
		return Reply{}, err
	}
	reply.Body, err = reply.body()
	return reply, err
}

// body decodes the body in the document.
func (r *Reply) body() ([]byte, error) {
	var text struct {
		Body string `json:"body"`
	}
	if err := json.Unmarshal(r.Document, &text); err != nil {
		return nil, err
	}
	switch r.BodyEncoding {
	case "base64":
		return base64.StdEncoding.DecodeString(text.Body)
	case "utf-8", "":
		return []byte(text.Body), nil
	default:
		return nil, fmt.Errorf("the gateway's answer has the unknown body_encoding %q; update this program", r.BodyEncoding)
	}
}
