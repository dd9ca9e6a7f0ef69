package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

const (
	// pageSize is how many previews are asked for at once, maxPages how often: more than an installation has ports.
	pageSize = 100
	maxPages = 50
)

// ListOptions choose among previews.
type ListOptions struct {
	// User is whose they are. When empty they are one's own, for administrators everybody's.
	User string
	// Status is one of the words for the state of a preview; any when empty.
	Status string
}

// Previews are the previews of a user, or of all, the newest first. The document has those of all pages.
type Previews struct {
	Raw
	Previews []Status
}

// page is one answer.
type page struct {
	Raw
	Previews   []json.RawMessage `json:"previews"`
	NextCursor string            `json:"next_cursor"`
}

// List reads all pages.
func (c *Client) List(ctx context.Context, opts ListOptions) (Previews, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	query := url.Values{"limit": {strconv.Itoa(pageSize)}}
	if opts.User != "" {
		query.Set("user_id", opts.User)
	}
	if opts.Status != "" {
		query.Set("status", opts.Status)
	}
	all := []json.RawMessage{}
	for range maxPages {
		var p page
		if _, err := c.read(ctx, call{method: http.MethodGet, path: "/api/v1/previews", query: query}, maxDocument, &p); err != nil {
			return Previews{}, err
		}
		all = append(all, p.Previews...)
		if p.NextCursor == "" {
			return listOf(all)
		}
		query.Set("cursor", p.NextCursor)
	}
	return Previews{}, fmt.Errorf("there are more than %d previews: choose some by their status", pageSize*maxPages)
}

func listOf(all []json.RawMessage) (Previews, error) {
	var list Previews
	var err error
	if list.Document, err = json.Marshal(map[string]any{"previews": all, "count": len(all)}); err != nil {
		return Previews{}, err
	}
	for _, raw := range all {
		var preview Status
		if err := json.Unmarshal(raw, &preview); err != nil {
			return Previews{}, fmt.Errorf("a preview in the list is not what the API documents, is this the gateway? %w", err)
		}
		preview.Document = raw
		list.Previews = append(list.Previews, preview)
	}
	return list, nil
}
