package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/internal/ticket"
)

// lastEventQuery is where an EventSource that is made anew says after which event to go on: it sends the header of that
// meaning only when it reconnects by itself, with a ticket that was used.
const (
	lastEventQuery  = "last_event_id"
	lastEventHeader = "Last-Event-ID"
)

// ticketReply is a one-time ticket.
type ticketReply struct {
	Ticket    string    `json:"ticket"`
	ExpiresAt time.Time `json:"expires_at"`
	URL       string    `json:"url" doc:"Path and query of the stream, ticket included."`
}

const ticketDescription = `An ` + "`EventSource`" + ` cannot send headers, and a bearer token must not be part of a URL. The ticket is good for one
request within 30 seconds, by the user who asked for it, to the preview as it is now, or as it last was if it is gone; one that is launched
again needs another ticket. The stream ends with the bearer token that the ticket was made with. A browser that reconnects by itself sends the used ticket again
and gets 401: close the ` + "`EventSource`" + ` and ask for a new ticket.

` + "```js" + `
async function follow(gateway, generation, bearer, show) {
  let last = "";
  for (;;) {
    const answer = await fetch(` + "`${gateway}/api/v1/generations/${generation}/preview/logs/ticket`" + `,
      { method: "POST", headers: { Authorization: ` + "`Bearer ${await bearer()}`" + ` } });
    if (!answer.ok) throw new Error((await answer.json()).title);
    const { url } = await answer.json();
    const why = await new Promise((done) => {
      const source = new EventSource(gateway + url + (last && ` + "`&last_event_id=${last}`" + `));
      source.onmessage = (e) => { last = e.lastEventId; show(JSON.parse(e.data)); };
      source.addEventListener("end", (e) => { source.close(); done(JSON.parse(e.data).reason); });
      source.onerror = () => { source.close(); done("cut"); };
    });
    if (why === "ended") return;
    await new Promise((later) => setTimeout(later, 3000));
  }
}
` + "```"

func (a *API) ticketOperation(path string) operation {
	return operation{
		method: http.MethodPost, path: path + "/logs/ticket", id: "issueLogTicket", tag: tagUse,
		summary: "A one-time ticket to follow the log without a header", description: ticketDescription,
		answers:  []answerSpec{{status: http.StatusCreated, description: "The ticket.", json: ticketReply{}}},
		problems: []kind{kindNoPreview},
		handle:   a.issueTicket,
	}
}

// issueTicket makes a ticket with the rights of the bearer.
func (a *API) issueTicket(c *gin.Context) (reply, error) {
	p, meta, err := a.generation(c, accessRecords)
	if err != nil {
		return reply{}, err
	}
	pvi, record, err := a.newest(c.Request.Context(), meta)
	if err != nil {
		return reply{}, err
	}
	made, expires, err := a.tickets.Issue(ticket.Grant{
		UserID: p.UserID, Role: string(p.Role), BearerExpires: p.Expires, InstanceUID: view{pvi, record}.subject(), GenerationID: meta.ID,
	}, a.now())
	if err != nil {
		return reply{}, err
	}
	a.metrics.tickets.Inc(ticketIssued)
	return reply{status: http.StatusCreated, body: ticketReply{
		Ticket: made, ExpiresAt: expires.UTC(),
		URL: fmt.Sprintf("/api/v1/generations/%s/preview/logs/stream?%s=%s", meta.ID, ticketQuery, url.QueryEscape(made)),
	}}, nil
}

// streamQuery is the query of a log stream.
type streamQuery struct{ ticket, lastEventID string }

func streamParams() []*huma.Param {
	return []*huma.Param{
		headerParam(lastEventHeader, "Goes on after this event.", false),
		queryParam(ticketQuery, "A ticket in place of the bearer token; never together with it.", textSchema),
		queryParam(lastEventQuery, "As Last-Event-ID, which goes before it.", textSchema),
	}
}

// readStreamQuery refuses whatever it does not know: a token in a query would be in logs and histories, and must not
// even seem to work.
func readStreamQuery(c *gin.Context) (streamQuery, error) {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return streamQuery{}, invalid("query", "is not a query string")
	}
	var q streamQuery
	for name, given := range values {
		into := map[string]*string{ticketQuery: &q.ticket, lastEventQuery: &q.lastEventID}[name]
		switch {
		case into == nil:
			return streamQuery{}, invalid(clip(name), "unknown query parameter; a bearer token belongs in the Authorization header")
		case len(given) != 1 || given[0] == "":
			return streamQuery{}, invalid(name, "must be given once and not be empty")
		}
		*into = given[0]
	}
	if q.ticket != "" && len(c.Request.Header.Values("Authorization")) > 0 {
		return streamQuery{}, invalid(ticketQuery, "give either a ticket or the Authorization header")
	}
	return q, nil
}

// cursor is the id of the line to go on after; 0 for the beginning. The header is newer than what the URL was made with.
func (q streamQuery) cursor(header string) (int64, error) {
	field, text := lastEventHeader, header
	if text == "" {
		field, text = lastEventQuery, q.lastEventID
	}
	if text == "" {
		return 0, nil
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, invalid(field, "is not an id of this stream; leave it out to begin anew")
	}
	return id, nil
}

// view is what a stream shows: a preview or, when that is gone, the record of its last run. The other is nil.
type view struct {
	pvi    *v1alpha1.PreviewInstance
	record *store.Run
}

// subject is what a ticket is for: the instance, of whichever run, or the run that is recorded. The first run of an instance
// has its UID.
func (v view) subject() string {
	if v.record != nil {
		return v.record.UID
	}
	return string(v.pvi.UID)
}

// run is the UID of the run.
func (v view) run() string {
	if v.record != nil {
		return v.record.UID
	}
	return runUID(v.pvi)
}

// viewer authenticates who wants to see a log, by bearer or by ticket.
func (a *API) viewer(c *gin.Context, q streamQuery) (auth.Principal, view, error) {
	if q.ticket != "" {
		return a.ticketHolder(c, q.ticket)
	}
	p, meta, err := a.generation(c, accessRecords)
	if err != nil {
		return auth.Principal{}, view{}, err
	}
	pvi, record, err := a.newest(c.Request.Context(), meta)
	return p, view{pvi, record}, err
}

// ticketHolder uses a ticket up. It has to be for the preview of the generation or, when it has none, for the last one
// that it had. Nobody learns more without one than that it is not valid, not even whether there is such a generation.
func (a *API) ticketHolder(c *gin.Context, shown string) (auth.Principal, view, error) {
	p, pvi, err := a.redeem(c, shown)
	if err != nil {
		// The client is not told why, and it may be the store.
		a.logger.Info("a ticket was refused", "request_id", requestID(c), "error", err)
		return auth.Principal{}, view{}, err
	}
	c.Set(principalKey, p)
	_, meta, err := a.generationFor(c, p, accessRecords)
	if err != nil {
		return auth.Principal{}, view{}, err
	}
	if pvi == nil {
		_, record, err := a.newest(c.Request.Context(), meta)
		if err == nil && record == nil {
			// Another one was launched this moment.
			err = errNoInstance
		}
		return p, view{record: record}, err
	}
	if !isOf(pvi, meta.ID, meta.UserID) {
		return auth.Principal{}, view{}, errNoInstance
	}
	return p, view{pvi: pvi}, nil
}

// redeem uses a ticket up that is for an instance of the generation in the path, which is that of its UID for good. The
// instance is nil when it is gone; the ticket is then good if no other came after it.
func (a *API) redeem(c *gin.Context, shown string) (auth.Principal, *v1alpha1.PreviewInstance, error) {
	id := c.Param("generation_id")
	if err := checkID("generation_id", id); err != nil {
		return auth.Principal{}, nil, err
	}
	if !a.instances.Synced() {
		return auth.Principal{}, nil, errNotSynced
	}
	pvi, grant, err := a.redeemFor(c.Request.Context(), shown, id)
	if err != nil && c.Request.Context().Err() != nil {
		return auth.Principal{}, nil, c.Request.Context().Err()
	}
	if err != nil {
		a.metrics.tickets.Inc(ticket.ReasonOf(err))
		return auth.Principal{}, nil, err
	}
	a.metrics.tickets.Inc(ticketRedeemed)
	return auth.Principal{UserID: grant.UserID, Role: auth.Role(grant.Role), Expires: grant.BearerExpires}, pvi, nil
}

func (a *API) redeemFor(ctx context.Context, shown, generationID string) (pvi *v1alpha1.PreviewInstance, grant ticket.Grant, err error) {
	uid, err := a.tickets.Instance(shown)
	if err != nil {
		return nil, ticket.Grant{}, err
	}
	instances := a.instances.OfGeneration(generationID)
	wanted := uid
	if i := slices.IndexFunc(instances, func(pvi *v1alpha1.PreviewInstance) bool { return string(pvi.UID) == uid }); i >= 0 {
		pvi = instances[i]
	} else if !a.wasLast(ctx, generationID, uid) {
		wanted = ""
	}
	grant, err = a.tickets.Redeem(ctx, shown, wanted, a.now())
	return pvi, grant, err
}

// wasLast reports whether the preview of a run was the last one of a generation, and is gone.
func (a *API) wasLast(ctx context.Context, generationID, runUID string) bool {
	run, err := a.runs.Run(ctx, runUID)
	if err != nil {
		return false
	}
	_, record, err := a.newest(ctx, store.Meta{ID: generationID, UserID: run.UserID})
	return err == nil && record != nil && record.InstanceUID == run.InstanceUID
}
