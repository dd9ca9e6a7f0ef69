package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/loglevel"
	"github.com/codebegen/preview-operator/internal/store"
)

// defaultLogPage is how many lines a page has unless the client says otherwise.
const defaultLogPage = 200

// The parameters of a search in a log.
const (
	queryRun    = "run_id"
	queryLevel  = "level"
	querySource = "source"
	querySince  = "since"
	queryUntil  = "until"
	queryText   = "q"
)

// What can be asked for.
var (
	logLevels  = []string{string(loglevel.Debug), string(loglevel.Info), string(loglevel.Warning), string(loglevel.Error)}
	logSources = []string{string(store.SourceSubprocess), string(store.SourceSystem)}
)

// logLineBody is a line of a log.
type logLineBody struct {
	ID        int64     `json:"id" doc:"Grows within a run. Good for cursor."`
	Timestamp time.Time `json:"timestamp"`
	Level     string    `json:"level" enum:"DEBUG,INFO,WARNING,ERROR"`
	Message   string    `json:"message"`
	Source    string    `json:"source" enum:"subprocess,system" doc:"system for what the operator did."`
	Partial   bool      `json:"partial,omitempty" doc:"The message goes on in the next line."`
}

// logRunBody is the run that lines are from.
type logRunBody struct {
	ID     string `json:"id"`
	Status string `json:"status" enum:"starting,running,stopping,stopped,failed"`
	Reason string `json:"reason,omitempty"`
	runLog
}

// logPage is a page of a log.
type logPage struct {
	Lines      []logLineBody `json:"lines"`
	Count      int           `json:"count" doc:"Of this page."`
	NextCursor *string       `json:"next_cursor" doc:"null on the last page. A later one begins after the id of its last line."`
	Run        logRunBody    `json:"run"`
}

const logsDescription = "Lines of the newest run, or of `run_id`, in the order in which they were stored, also when preview and generation are long gone. " +
	"Other parameters are refused. Reading does not keep a preview from being idle.\n\n" +
	"With `Accept: application/x-ndjson` (a line as JSON on each line) or `text/csv` the answer is everything that matches, without `limit`; an answer that " +
	"breaks off is not whole. In CSV, a message that begins with `=`, `+`, `-`, `@`, a tab or a carriage return has an apostrophe before it, so that " +
	"spreadsheets do not take it for a formula."

func (a *API) logsOperation(path string) operation {
	least, most, longest := 1.0, float64(store.MaxLogLimit), store.MaxLogText
	one := func(values []string) *huma.Schema {
		schema := &huma.Schema{Type: huma.TypeString}
		for _, value := range values {
			schema.Enum = append(schema.Enum, value)
		}
		return schema
	}
	moment := &huma.Schema{Type: huma.TypeString, Format: "date-time"}
	return operation{
		method: http.MethodGet, path: path + "/logs", id: "readLogs", tag: tagUse,
		summary: "Lines of a log: by level, source, time and text, or all of them as a file", description: logsDescription,
		params: []*huma.Param{
			queryParam(queryRun, "The run; the newest when left out.", &huma.Schema{Type: huma.TypeString, Pattern: runIDPattern.String()}),
			queryParam(queryLevel, "Only of this level; may be repeated.", &huma.Schema{Type: huma.TypeArray, Items: one(logLevels)}),
			queryParam(querySource, "Only from there.", one(logSources)),
			queryParam(querySince, "Not earlier than this.", moment),
			queryParam(queryUntil, "Earlier than this.", moment),
			queryParam(queryText, "What the message contains, whatever the case of ASCII letters.", &huma.Schema{Type: huma.TypeString, MaxLength: &longest}),
			queryParam(queryCursor, "After the line of this id: `next_cursor` of the page before.", textSchema),
			queryParam(queryLimit, "Size of a page.", &huma.Schema{Type: huma.TypeInteger, Minimum: &least, Maximum: &most, Default: defaultLogPage}),
		},
		answers: []answerSpec{{
			status: http.StatusOK, description: "A page, or everything.", json: logPage{}, texts: []string{ndjsonType, csvType},
			headers: []string{"Link", "Content-Disposition"},
		}},
		problems: []kind{kindNoPreview, kindNoRun, kindTooManyStreams, kindBusy},
		handle:   a.readLogs,
	}
}

// logSearch is what a request asks for.
type logSearch struct {
	runID string
	query store.LogQuery
	// limited is set when the client has named a limit.
	limited bool
}

// readLogSearch refuses whatever it does not know: a misspelled filter would show too much.
func readLogSearch(rawQuery string) (logSearch, error) {
	s := logSearch{query: store.LogQuery{Limit: defaultLogPage}}
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return s, invalid("query", "is not a query string")
	}
	for name, given := range values {
		if name == queryLevel {
			if s.query.Levels, err = levelsOf(given); err != nil {
				return s, err
			}
			continue
		}
		if len(given) != 1 {
			return s, invalid(clip(name), "must be given once")
		}
		if err := s.set(name, given[0]); err != nil {
			return s, err
		}
	}
	if q := s.query; !q.Since.IsZero() && !q.Until.IsZero() && !q.Since.Before(q.Until) {
		return s, invalid(queryUntil, "must be later than since")
	}
	return s, nil
}

func levelsOf(given []string) ([]string, error) {
	for _, level := range given {
		if !slices.Contains(logLevels, level) {
			return nil, invalid(queryLevel, "must be one of %s", strings.Join(logLevels, ", "))
		}
	}
	slices.Sort(given)
	return slices.Compact(given), nil
}

func (s *logSearch) set(name, value string) (err error) {
	switch name {
	case queryRun:
		if s.runID = value; !runIDPattern.MatchString(value) {
			return invalid(name, "must match %s", runIDPattern)
		}
	case querySource:
		if s.query.Source = store.Source(value); !slices.Contains(logSources, value) {
			return invalid(name, "must be one of %s", strings.Join(logSources, ", "))
		}
	case querySince:
		s.query.Since, err = momentOf(name, value)
	case queryUntil:
		s.query.Until, err = momentOf(name, value)
	case queryText:
		if s.query.Text = value; value == "" || len(value) > store.MaxLogText || !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			return invalid(name, "must be 1 to %d bytes of UTF-8 without NUL", store.MaxLogText)
		}
	case queryCursor:
		if s.query.AfterID, err = strconv.ParseInt(value, 10, 64); err != nil || s.query.AfterID < 1 {
			return badCursor()
		}
	case queryLimit:
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil || n < 1 || n > store.MaxLogLimit {
			return invalid(name, "must be 1 to %d", store.MaxLogLimit)
		}
		s.query.Limit, s.limited = int(n), true
	default:
		return invalid(clip(name), "unknown parameter; there are %s", strings.Join([]string{
			queryRun, queryLevel, querySource, querySince, queryUntil, queryText, queryCursor, queryLimit,
		}, ", "))
	}
	return err
}

func momentOf(name, value string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		return time.Time{}, invalid(name, "must be a time as in RFC 3339, 2026-11-22T15:00:00Z; a + is written %%2B")
	}
	return at, nil
}

// readLogs answers with a page, or with everything as a file.
func (a *API) readLogs(c *gin.Context) (reply, error) {
	p, meta, err := a.generation(c, accessRecords)
	if err != nil {
		return reply{}, err
	}
	search, err := readLogSearch(c.Request.URL.RawQuery)
	if err != nil {
		return reply{}, err
	}
	format := preferred(c.Request.Header.Values("Accept"), "application/json", ndjsonType, csvType)
	c.Writer.Header().Add("Vary", "Accept")
	if search.limited && format != "application/json" {
		return reply{}, invalid(queryLimit, "is for pages; leave it out to export everything")
	}
	run, err := a.runOf(c.Request.Context(), p, meta, search.runID)
	if err != nil {
		return reply{}, err
	}
	search.query.RunUID = run.UID
	if format != "application/json" {
		return a.exportLogs(c, p, search.query, format)
	}
	return a.pageOfLog(c, &run, search.query)
}

func (a *API) pageOfLog(c *gin.Context, run *store.Run, query store.LogQuery) (reply, error) {
	lines, next, err := a.runs.Logs(c.Request.Context(), query)
	if err != nil {
		return reply{}, err
	}
	body := a.describeRun(run)
	page := logPage{
		Lines: make([]logLineBody, 0, len(lines)), Count: len(lines),
		Run: logRunBody{ID: body.ID, Status: body.Status, Reason: body.Reason, runLog: body.runLog},
	}
	for i := range lines {
		page.Lines = append(page.Lines, lineBody(&lines[i]))
	}
	if next != 0 {
		page.NextCursor = nonEmpty(strconv.FormatInt(next, 10))
	}
	linkNext(c, page.NextCursor)
	return reply{status: http.StatusOK, body: page}, nil
}

func lineBody(line *store.LogLine) logLineBody {
	return logLineBody{ID: line.ID, Timestamp: line.At, Level: line.Level, Message: line.Message, Source: string(line.Source), Partial: line.Partial}
}

// runIDPattern is that of the UIDs of runs.
var runIDPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,127}$`)

// runOf returns the run of that id or, when it is empty, the newest one of the generation.
func (a *API) runOf(ctx context.Context, p auth.Principal, meta store.Meta, id string) (store.Run, error) {
	if id == "" {
		return a.newestRun(ctx, meta)
	}
	run, err := a.runs.Run(ctx, id)
	if err != nil {
		return store.Run{}, err
	}
	if run.GenerationID != meta.ID || run.UserID != meta.UserID && p.Role != auth.RoleAdmin {
		return store.Run{}, store.ErrRunNotFound
	}
	return run, nil
}

// newestRun returns the run that the preview of a generation is in, whether it is recorded yet or not, or, when it is gone,
// the newest that is recorded. It fails with errNoInstance.
func (a *API) newestRun(ctx context.Context, meta store.Meta) (store.Run, error) {
	pvi, record, err := a.newest(ctx, meta)
	if err != nil {
		return store.Run{}, err
	}
	if record != nil {
		return *record, nil
	}
	run, err := a.runs.Run(ctx, runUID(pvi))
	if errors.Is(err, store.ErrRunNotFound) {
		return store.Run{
			UID: runUID(pvi), InstanceUID: string(pvi.UID), GenerationID: meta.ID, UserID: pvi.Spec.UserID, ProjectID: pvi.Spec.ProjectID,
			Phase: string(pvi.Status.Phase), Reason: pvi.Status.Reason,
		}, nil
	}
	return run, err
}
