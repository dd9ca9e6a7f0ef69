package client

import (
	"context"
	"sync"
)

// Session sends requests to one preview. It gets its own session tokens, and a new one when the preview was launched
// again or the token has expired. It may be used concurrently.
type Session struct {
	client *Client
	id     string

	mu    sync.Mutex
	token string
}

// Session returns a Session of a preview, which need not run yet.
func (c *Client) Session(id string) *Session { return &Session{client: c, id: id} }

// Request sends the application a request and returns its answer, whatever its status.
func (s *Session) Request(ctx context.Context, e Envelope) (Reply, error) {
	token, err := s.current(ctx, "")
	if err != nil {
		return Reply{}, err
	}
	reply, err := s.client.request(ctx, s.id, token, e)
	if !IsKind(err, KindInvalidPreviewToken) {
		return reply, err
	}
	// The gateway has refused it before the application saw the request, so that it may be sent again.
	if token, err = s.current(ctx, token); err != nil {
		return Reply{}, err
	}
	return s.client.request(ctx, s.id, token, e)
}

// current returns a token other than stale.
func (s *Session) current(ctx context.Context, stale string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != stale {
		return s.token, nil
	}
	token, err := s.client.sessionToken(ctx, s.id)
	if err != nil {
		return "", err
	}
	s.token = token
	return token, nil
}
