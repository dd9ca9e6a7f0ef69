package httpapi

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/store"
)

const (
	defaultPage = 50
	maxPage     = store.MaxListLimit
	// maxCursorBytes bounds a cursor of previews: 20 digits and a UID, in base64.
	maxCursorBytes = 255
)

// The parameters of listings.
const (
	queryUser    = "user_id"
	queryProject = "project_id"
	queryStatus  = "status"
	queryLimit   = "limit"
	queryCursor  = "cursor"
)

// phases in the words of the HTTP API.
var phases = []string{"starting", "running", "stopping", "stopped", "failed"}

// previewList is a page of previews.
type previewList struct {
	Previews   []previewBody `json:"previews"`
	Count      int           `json:"count" doc:"Of this page."`
	NextCursor *string       `json:"next_cursor" doc:"null on the last page."`
}

// generationList is a page of generations.
type generationList struct {
	Generations []generationBody `json:"generations"`
	Count       int              `json:"count" doc:"Of this page."`
	NextCursor  *string          `json:"next_cursor" doc:"null on the last page."`
}

func (a *API) listOperations() []operation {
	least, most := 1.0, float64(maxPage)
	paging := []*huma.Param{
		queryParam(queryProject, "Only of this project.", textSchema),
		queryParam(queryLimit, "Size of a page.", &huma.Schema{Type: huma.TypeInteger, Minimum: &least, Maximum: &most, Default: defaultPage}),
		queryParam(queryCursor, "Where the page begins: `next_cursor` of the one before it.", textSchema),
	}
	const pages = "A page has a `Link` to the next one. Other parameters are refused. "
	return []operation{
		{
			method: http.MethodGet, path: "/api/v1/previews", id: "listPreviews", tag: tagPreviews,
			summary: "Previews, the newest first",
			description: pages + "Users see their own; administrators see everybody's, or those of one user with `user_id`. " +
				"Memory, processor time and health are in the status of a preview alone.",
			params: append(slices.Clone(paging),
				queryParam(queryUser, "Only of this user. For administrators.", textSchema),
				queryParam(queryStatus, "Only in this state.", &huma.Schema{Type: huma.TypeString, Enum: []any{"starting", "running", "stopping", "stopped", "failed"}})),
			answers:  []answerSpec{{status: http.StatusOK, description: "A page.", json: previewList{}, headers: []string{"Link"}}},
			problems: []kind{kindRole},
			handle:   a.listPreviews,
		},
		{
			method: http.MethodGet, path: "/api/v1/generations", id: "listGenerations", tag: tagGenerations,
			summary: "Generations, the last stored first",
			description: pages + "Users see their own; services and administrators see everybody's, or those of one user with `user_id`. " +
				"Files are in the generation itself. Where the product keeps the generations, they come in the order of their ids.",
			params:   append(slices.Clone(paging), queryParam(queryUser, "Only of this user. For services and administrators.", textSchema)),
			answers:  []answerSpec{{status: http.StatusOK, description: "A page.", json: generationList{}, headers: []string{"Link"}}},
			problems: []kind{kindRole},
			handle:   a.listGenerations,
		},
	}
}

// listing is what a request for a page asks for.
type listing struct {
	// userID is empty for everybody's, projectID and status for any.
	userID, projectID, status string
	limit                     int
	cursor                    string
}

// readListing reads the query. Parameters that are not known are refused: a misspelled filter would show too much.
func readListing(query url.Values, p auth.Principal, everybody bool, known ...string) (listing, error) {
	l := listing{limit: defaultPage}
	for name, values := range query {
		if !slices.Contains(known, name) {
			return l, invalid(clip(name), "unknown parameter; there are %s", strings.Join(known, ", "))
		}
		if len(values) != 1 {
			return l, invalid(name, "must be given once")
		}
		if err := l.set(name, values[0]); err != nil {
			return l, err
		}
	}
	if everybody {
		return l, nil
	}
	if l.userID != "" && l.userID != p.UserID {
		return l, &failure{kind: kindRole, field: queryUser, detail: "leave user_id out to see your own"}
	}
	l.userID = p.UserID
	return l, nil
}

func (l *listing) set(name, value string) error {
	switch name {
	case queryUser:
		if !auth.ValidUserID(value) {
			return invalid(name, "is no user id: it must have 1 to 128 letters, digits and . _ @ | : -")
		}
		l.userID = value
	case queryProject:
		l.projectID = value
		return checkID(name, value)
	case queryStatus:
		l.status = value
		if !slices.Contains(phases, value) {
			return invalid(name, "must be one of %s", strings.Join(phases, ", "))
		}
	case queryLimit:
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil || n < 1 || n > maxPage {
			return invalid(name, "must be 1 to %d", maxPage)
		}
		l.limit = int(n)
	case queryCursor:
		if value == "" {
			return badCursor()
		}
		l.cursor = value
	}
	return nil
}

func badCursor() error {
	return invalid(queryCursor, "must be next_cursor of a page; leave it out to begin anew")
}

// linkNext points at the next page, on whatever host the request went to.
func linkNext(c *gin.Context, cursor *string) {
	if cursor == nil {
		return
	}
	query := c.Request.URL.Query()
	query.Set(queryCursor, *cursor)
	c.Header("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, c.Request.URL.EscapedPath(), query.Encode()))
}

func (a *API) listPreviews(c *gin.Context) (reply, error) {
	p, err := a.principal(c)
	if err != nil {
		return reply{}, err
	}
	l, err := readListing(c.Request.URL.Query(), p, p.Role == auth.RoleAdmin, queryUser, queryProject, queryStatus, queryLimit, queryCursor)
	if err != nil {
		return reply{}, err
	}
	var after *place
	if l.cursor != "" {
		if after, err = parsePlace(l.cursor); err != nil {
			return reply{}, err
		}
	}
	if !a.instances.Synced() {
		return reply{}, errNotSynced
	}
	page, next := l.page(a.instancesOf(l.userID), after)
	answer := previewList{Previews: make([]previewBody, 0, len(page)), Count: len(page), NextCursor: next}
	for _, pvi := range page {
		answer.Previews = append(answer.Previews, previewOf(pvi, a.now()))
	}
	linkNext(c, next)
	return reply{status: http.StatusOK, body: answer}, nil
}

// instancesOf returns the cached instances of a user, everybody's when the id is empty.
func (a *API) instancesOf(userID string) []*v1alpha1.PreviewInstance {
	if userID == "" {
		return a.instances.All()
	}
	return a.instances.OfUser(userID)
}

// page picks the instances that were asked for, the newest first, and the cursor of the next page.
func (l *listing) page(instances []*v1alpha1.PreviewInstance, after *place) (page []*v1alpha1.PreviewInstance, next *string) {
	instances = slices.DeleteFunc(instances, func(pvi *v1alpha1.PreviewInstance) bool {
		return l.projectID != "" && pvi.Spec.ProjectID != l.projectID || l.status != "" && statusWord(pvi) != l.status ||
			after != nil && after.compare(placeOf(pvi)) >= 0
	})
	slices.SortFunc(instances, newestFirst)
	if len(instances) <= l.limit {
		return instances, nil
	}
	page = instances[:l.limit]
	return page, nonEmpty(placeOf(page[l.limit-1]).String())
}

// place is a place in the order of previews. It stays valid whatever is launched or deleted meanwhile.
type place struct {
	created time.Time
	uid     string
}

func placeOf(pvi *v1alpha1.PreviewInstance) place {
	return place{created: pvi.CreationTimestamp.Time, uid: string(pvi.UID)}
}

// compare puts the newest first, and those of the same second in the order of their UIDs, so that there is one order.
func (p place) compare(other place) int {
	return cmp.Or(other.created.Compare(p.created), cmp.Compare(p.uid, other.uid))
}

// String is the form in which clients hold a place.
func (p place) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.created.Unix(), 10) + " " + p.uid))
}

func parsePlace(text string) (*place, error) {
	if len(text) > maxCursorBytes {
		return nil, badCursor()
	}
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, badCursor()
	}
	seconds, uid, found := strings.Cut(string(plain), " ")
	created, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || !found || uid == "" {
		return nil, badCursor()
	}
	return &place{created: time.Unix(created, 0), uid: uid}, nil
}

func (a *API) listGenerations(c *gin.Context) (reply, error) {
	p, err := a.principal(c)
	if err != nil {
		return reply{}, err
	}
	everybody := p.Role == auth.RoleAdmin || p.Role == auth.RoleService
	l, err := readListing(c.Request.URL.Query(), p, everybody, queryUser, queryProject, queryLimit, queryCursor)
	if err != nil {
		return reply{}, err
	}
	options := store.ListOptions{UserID: l.userID, ProjectID: l.projectID, Limit: l.limit}
	if l.cursor != "" {
		after, err := store.ParseListCursor(l.cursor)
		if err != nil {
			return reply{}, badCursor()
		}
		options.After = &after
	}
	page, next, err := a.generations().List(c.Request.Context(), options)
	if err != nil {
		return reply{}, err
	}
	answer := generationList{Generations: make([]generationBody, 0, len(page)), Count: len(page)}
	for _, meta := range page {
		answer.Generations = append(answer.Generations, describe(meta))
	}
	if next != nil {
		answer.NextCursor = nonEmpty(next.String())
	}
	linkNext(c, answer.NextCursor)
	return reply{status: http.StatusOK, body: answer}, nil
}
