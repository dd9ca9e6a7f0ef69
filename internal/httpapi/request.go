package httpapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/internal/proxy"
	"github.com/codebegen/preview-operator/internal/sse"
)

// previewTokenHeader is where a request shows the session token of its preview.
const previewTokenHeader = "X-Preview-Token"

// maxEnvelopeBytes bounds the body of a proxied request, envelope included.
const maxEnvelopeBytes = 12 << 20

// requestBody is the envelope of a proxied request.
type requestBody struct {
	Method  string                `json:"method" enum:"GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS"`
	Path    string                `json:"path"`
	Query   map[string]textOrList `json:"query,omitempty"`
	Headers map[string]textOrList `json:"headers,omitempty"`
	// Body is text, any other JSON value, which is sent as it stands, or null. BodyBase64 is for what is neither.
	Body       json.RawMessage `json:"body,omitempty" doc:"Text, or any other JSON value, which is sent as it stands."`
	BodyBase64 *string         `json:"body_base64,omitempty" doc:"Bytes, in place of body."`
}

// textOrList is a string or a list of strings.
type textOrList json.RawMessage

// UnmarshalJSON keeps the value as it stands; stringLists reads it.
func (t *textOrList) UnmarshalJSON(data []byte) error {
	*t = append((*t)[:0], data...)
	return nil
}

// Schema describes the value.
func (textOrList) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{textSchema, {Type: huma.TypeArray, Items: textSchema}}}
}

func (a *API) useOperations() []operation {
	const path = "/api/v1/generations/{generation_id}/preview"
	return []operation{
		{
			method: http.MethodPost, path: path + "/request", id: "sendRequest", tag: tagUse,
			summary: "Send the application a request",
			description: "A preview that is starting is waited for, for at most PREVIEW_REQUEST_TIMEOUT; `wait` asks for less. The request is sent once, " +
				"when the application accepts connections, and the application then has PREVIEW_REQUEST_TIMEOUT to answer.",
			params: []*huma.Param{
				headerParam(previewTokenHeader, "The session token of the preview.", true),
				headerParam(preferHeader, "`wait=N` waits for up to N seconds for a preview that is starting, and not at all with 0.", false),
				queryParam(queryWait, "The same; goes before the header.", &huma.Schema{Type: huma.TypeInteger, Minimum: new(float64)}),
			},
			body: &bodySpec{json: requestBody{}},
			answers: []answerSpec{{
				status: http.StatusOK, description: "The application's answer, whatever it is.", json: requestReply{}, headers: []string{preferenceAppliedHeader},
			}},
			problems: []kind{
				kindNoPreview, kindPreviewToken, kindNotRunning, kindRefused, kindBroken, kindResponseTooLarge, kindTimeout, kindBusy,
			},
			handle: a.request,
		},
		{
			method: http.MethodGet, path: path + "/logs/stream", id: "streamLogs", tag: tagUse,
			summary: "Follow the log", ticket: true,
			params: streamParams(),
			answers: []answerSpec{{
				status: http.StatusOK, description: "Server-Sent Events: lines as data, and the events `gap` and `end`.", mediaType: sse.ContentType,
				events: streamEvents, headers: []string{"X-Accel-Buffering"},
			}},
			problems: []kind{kindNoPreview, kindTooManyStreams, kindBusy},
			handle:   a.streamLogs,
		},
		a.logsOperation(path),
		a.ticketOperation(path),
		a.endpointsOperation(path),
	}
}

// stringLists takes a string or a list of strings for each name.
func stringLists(field string, raw map[string]textOrList) (map[string][]string, error) {
	out := make(map[string][]string, len(raw)+1)
	for name, value := range raw {
		var one *string
		if err := json.Unmarshal(value, &one); err == nil && one != nil {
			out[name] = []string{*one}
			continue
		}
		var many []*string
		if err := json.Unmarshal(value, &many); err != nil || many == nil || slices.Contains(many, nil) {
			return nil, invalid(field+"."+clip(name), "must be a string or a list of strings")
		}
		for _, item := range many {
			out[name] = append(out[name], *item)
		}
	}
	return out, nil
}

// envelope makes the request that the application gets.
func (b *requestBody) envelope() (proxy.Envelope, error) {
	e := proxy.Envelope{Method: b.Method, Path: b.Path}
	var err error
	if e.Query, err = stringLists("query", b.Query); err != nil {
		return e, err
	}
	if e.Header, err = stringLists("headers", b.Headers); err != nil {
		return e, err
	}
	body := bytes.TrimSpace(b.Body)
	hasBody := len(body) > 0 && !bytes.Equal(body, []byte("null"))
	switch {
	case b.BodyBase64 != nil && hasBody:
		return e, invalid("body_base64", "give either body or body_base64")
	case b.BodyBase64 != nil:
		decoded, err := base64.StdEncoding.DecodeString(*b.BodyBase64)
		if err != nil {
			return e, invalid("body_base64", "is not standard base64")
		}
		e.Body = decoded
	case hasBody && body[0] == '"':
		var text string
		if err := json.Unmarshal(body, &text); err != nil {
			return e, invalid("body", "is not a valid string")
		}
		e.Body = []byte(text)
	case hasBody:
		e.Body = body
		if !hasContentType(e.Header) {
			e.Header["Content-Type"] = []string{"application/json"}
		}
	}
	return e, nil
}

func hasContentType(header map[string][]string) bool {
	for name := range header {
		if strings.EqualFold(name, "Content-Type") {
			return true
		}
	}
	return false
}

// requestReply is the application's answer.
type requestReply struct {
	StatusCode int `json:"status_code"`
	// Headers by lower-case name; several values are joined by ", ". Set-Cookie, which cannot be joined, is in SetCookie.
	Headers      map[string]string `json:"headers"`
	SetCookie    []string          `json:"set_cookie,omitempty"`
	Body         string            `json:"body"`
	BodyEncoding string            `json:"body_encoding" enum:"utf-8,base64"`
	ElapsedMS    int64             `json:"elapsed_ms"`
}

func (a *API) request(c *gin.Context) (reply, error) {
	pvi, meta, err := a.openedPreview(c)
	if err != nil {
		return reply{}, err
	}
	wait, err := readWait(c, a.forwarder.Timeout())
	if err != nil {
		return reply{}, err
	}
	release, err := a.requests.acquire(c.Request.Context())
	if err != nil {
		return reply{}, err
	}
	defer release()
	request, err := readRequest(c)
	if err != nil {
		return reply{}, err
	}
	patience := a.forwarder.Timeout()
	if wait != nil {
		patience = *wait
	}
	send, err := a.reach(c.Request.Context(), pvi, meta, patience)
	if err != nil {
		return reply{}, err
	}
	a.activity.touch(pvi)
	begun := time.Now()
	response, err := send(c.Request.Context(), request)
	a.metrics.forwarded(begun, err)
	if err != nil {
		return reply{}, a.applicationFailure(err, response.Elapsed)
	}
	if wait != nil {
		appliedWait(c, *wait)
	}
	return reply{status: http.StatusOK, body: requestReplyOf(response)}, nil
}

// readRequest reads an envelope and what it asks for.
func readRequest(c *gin.Context) (proxy.Request, error) {
	var body requestBody
	if err := readJSON(c, maxEnvelopeBytes, false, &body); err != nil {
		return proxy.Request{}, err
	}
	envelope, err := body.envelope()
	if err != nil {
		return proxy.Request{}, err
	}
	return proxy.NewRequest(envelope)
}

// applicationFailure says what the application did wrong, by which limit, and after what time.
func (a *API) applicationFailure(err error, elapsed time.Duration) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	f := failureOf(err)
	ms := elapsed.Milliseconds()
	f.elapsedMS = &ms
	switch f.kind {
	case kindTimeout:
		f.detail = fmt.Sprintf("the application did not answer within %s; look at its logs", a.forwarder.Timeout())
	case kindResponseTooLarge:
		f.detail = fmt.Sprintf("the body of the application's answer exceeds %d bytes; ask it for less", a.forwarder.MaxResponseBytes())
	}
	return f
}

func requestReplyOf(r proxy.Response) requestReply {
	answer := requestReply{
		StatusCode: r.Status, Headers: make(map[string]string, len(r.Header)), SetCookie: r.Header["Set-Cookie"],
		Body: string(r.Body), BodyEncoding: "utf-8", ElapsedMS: r.Elapsed.Milliseconds(),
	}
	for name, values := range r.Header {
		answer.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	if !utf8.Valid(r.Body) {
		answer.Body, answer.BodyEncoding = base64.StdEncoding.EncodeToString(r.Body), "base64"
	}
	return answer
}
