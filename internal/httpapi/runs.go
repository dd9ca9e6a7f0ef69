package httpapi

import (
	"context"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/rundetails"
	"github.com/codebegen/preview-operator/internal/store"
)

// RunStore is what the gateway reads of the records of runs, which outlive their resources.
type RunStore interface {
	// Run fails with store.ErrRunNotFound.
	Run(ctx context.Context, uid string) (store.Run, error)
	Runs(ctx context.Context, q store.RunQuery) (page []store.Run, next *store.RunCursor, err error)
	// Logs returns a page of lines, and after which line the next one begins: 0 on the last one.
	Logs(ctx context.Context, q store.LogQuery) (lines []store.LogLine, next int64, err error)
	// Export returns all lines that match, in pages of its own.
	Export(ctx context.Context, q store.LogQuery) iter.Seq2[store.LogLine, error]
	// Follow begins after a line, at the first one for 0.
	Follow(runUID string, afterID int64) *store.Follower
}

// runLog is what is known of the log of a run beside its lines.
type runLog struct {
	LogComplete  bool       `json:"log_complete" doc:"No line comes any more."`
	LinesMissing *int64     `json:"lines_missing" doc:"Lines that the application has printed and that were lost; null when their number is not known."`
	MissingFrom  *time.Time `json:"missing_from" doc:"When the first lost line was printed, about; null when none was lost."`
	LogRemovedAt *time.Time `json:"log_removed_at,omitempty" doc:"When the log was removed to make room."`
}

// runBody is the record of a run.
type runBody struct {
	ID            string       `json:"id" doc:"Good for run_id."`
	PreviewID     string       `json:"preview_id" doc:"Of the preview that ran; one that is started again runs once more."`
	GenerationID  string       `json:"generation_id"`
	UserID        string       `json:"user_id"`
	ProjectID     string       `json:"project_id"`
	Version       string       `json:"version"`
	Runtime       string       `json:"runtime"`
	Status        string       `json:"status" enum:"starting,running,stopping,stopped,failed"`
	Reason        string       `json:"reason,omitempty" doc:"Why it is in this state, in one word."`
	Port          *int32       `json:"port" doc:"The one that it had, or has."`
	UptimeSeconds int64        `json:"uptime_seconds"`
	Restarts      int32        `json:"restarts" doc:"How many runs of the preview came before."`
	CreatedAt     time.Time    `json:"created_at"`
	StartedAt     *time.Time   `json:"started_at"`
	StoppedAt     *time.Time   `json:"stopped_at"`
	Failure       *failureBody `json:"failure,omitempty" doc:"Why it ended other than as asked."`
	Lines         int64        `json:"lines" doc:"Of the application, stored in all."`
	SystemLines   int64        `json:"system_lines"`
	runLog
}

// runList is a page of runs.
type runList struct {
	Runs       []runBody `json:"runs"`
	Count      int       `json:"count" doc:"Of this page."`
	NextCursor *string   `json:"next_cursor" doc:"null on the last page."`
}

// Where the answer to a question about a preview is from.
const (
	resourcePresent = "present"
	resourceGone    = "gone"
)

func (a *API) runsOperation(path string) operation {
	least, most := 1.0, float64(maxPage)
	return operation{
		method: http.MethodGet, path: path + "/runs", id: "listRuns", tag: tagPreviews,
		summary: "Runs of a generation, the newest first",
		description: "Also of previews that are long gone. A page has a `Link` to the next one. Other parameters are refused. " +
			"Administrators also see runs of those who had a generation of this id before.",
		params: []*huma.Param{
			queryParam(queryLimit, "Size of a page.", &huma.Schema{Type: huma.TypeInteger, Minimum: &least, Maximum: &most, Default: defaultPage}),
			queryParam(queryCursor, "Where the page begins: `next_cursor` of the one before it.", textSchema),
		},
		answers: []answerSpec{{status: http.StatusOK, description: "A page.", json: runList{}, headers: []string{"Link"}}},
		handle:  a.listRuns,
	}
}

func (a *API) listRuns(c *gin.Context) (reply, error) {
	p, meta, err := a.generation(c, accessRecords)
	if err != nil {
		return reply{}, err
	}
	l, err := readListing(c.Request.URL.Query(), p, true, queryLimit, queryCursor)
	if err != nil {
		return reply{}, err
	}
	query := store.RunQuery{GenerationID: meta.ID, UserID: meta.UserID, Limit: l.limit}
	if p.Role == auth.RoleAdmin {
		query.UserID = ""
	}
	if l.cursor != "" {
		after, err := store.ParseRunCursor(l.cursor)
		if err != nil {
			return reply{}, badCursor()
		}
		query.After = &after
	}
	page, next, err := a.runs.Runs(c.Request.Context(), query)
	if err != nil {
		return reply{}, err
	}
	answer := runList{Runs: make([]runBody, 0, len(page)), Count: len(page)}
	for i := range page {
		answer.Runs = append(answer.Runs, a.describeRun(&page[i]))
	}
	if next != nil {
		answer.NextCursor = nonEmpty(next.String())
	}
	linkNext(c, answer.NextCursor)
	return reply{status: http.StatusOK, body: answer}, nil
}

// describeRun tells the state of a run that is still there from its resource: the record follows a moment later.
func (a *API) describeRun(run *store.Run) runBody {
	body := runBody{
		ID: run.UID, PreviewID: run.InstanceUID, GenerationID: run.GenerationID, UserID: run.UserID, ProjectID: run.ProjectID,
		Version: run.Version, Runtime: run.Runtime, Port: positive(run.Port), Restarts: run.Restarts,
		CreatedAt: run.CreatedAt, StartedAt: run.StartedAt, StoppedAt: run.StoppedAt, Failure: failureOfRun(run),
		Lines: run.Log.Lines, SystemLines: run.Log.SystemLines, runLog: logOfRun(run),
	}
	if pvi := a.instanceOfRun(run); pvi != nil {
		body.Status, body.Reason = statusWord(pvi), pvi.Status.Reason
		body.UptimeSeconds = uptime(run.StartedAt, run.StoppedAt, a.now())
		return body
	}
	body.Status, body.Reason = endOfRun(run)
	body.UptimeSeconds = uptime(run.StartedAt, run.StoppedAt, run.UpdatedAt)
	return body
}

// instanceOfRun returns the resource if it is there and in this run, otherwise nil.
func (a *API) instanceOfRun(run *store.Run) *v1alpha1.PreviewInstance {
	for _, pvi := range a.instances.OfGeneration(run.GenerationID) {
		if runUID(pvi) == run.UID {
			return pvi
		}
	}
	return nil
}

// runUID is that of the run that an instance is in.
func runUID(pvi *v1alpha1.PreviewInstance) string {
	return store.RunUID(string(pvi.UID), pvi.Status.Restarts)
}

// endOfRun tells how a run is when its resource is gone. One whose record says otherwise than that it has ended was deleted
// by force, and its record has no reason for that.
func endOfRun(run *store.Run) (status, reason string) {
	status = strings.ToLower(run.Phase)
	if v1alpha1.Phase(run.Phase).Finished() {
		return status, run.Reason
	}
	return strings.ToLower(string(v1alpha1.PhaseStopped)), ""
}

func failureOfRun(run *store.Run) *failureBody {
	if run.Failure == nil {
		return nil
	}
	return &failureBody{Reason: run.Failure.Reason, Message: run.Failure.Message, ExitCode: run.Failure.ExitCode, At: run.Failure.At}
}

func logOfRun(run *store.Run) runLog {
	log := runLog{
		LogComplete: run.Log.Complete, LinesMissing: run.Log.LinesMissing, MissingFrom: run.Log.MissingFrom, LogRemovedAt: run.Log.RemovedAt,
	}
	if log.MissingFrom == nil {
		log.LinesMissing = new(int64)
	}
	return log
}

// uptime is in seconds; of what has not stopped as far as is known, until now.
func uptime(started, stopped *time.Time, now time.Time) int64 {
	if started == nil {
		return 0
	}
	if stopped != nil {
		now = *stopped
	}
	return max(int64(now.Sub(*started)/time.Second), 0)
}

// recorded returns what is known of a generation that is neither stored nor has previews, but had some. Users see their own
// alone, as in unstored.
func (a *API) recorded(ctx context.Context, p auth.Principal, id string) (store.Meta, error) {
	query := store.RunQuery{GenerationID: id, UserID: p.UserID, Limit: 1}
	if p.Role == auth.RoleAdmin {
		query.UserID = ""
	}
	page, _, err := a.runs.Runs(ctx, query)
	if err != nil {
		return store.Meta{}, err
	}
	if len(page) == 0 {
		return store.Meta{}, store.ErrNotFound
	}
	return store.Meta{ID: id, UserID: page[0].UserID, ProjectID: page[0].ProjectID}, nil
}

// previewOfRun is what is known of a preview whose resource is gone.
func previewOfRun(run *store.Run) previewBody {
	body := previewBody{
		ID: run.InstanceUID, GenerationID: run.GenerationID, UserID: run.UserID, ProjectID: run.ProjectID,
		UptimeSeconds: uptime(run.StartedAt, run.StoppedAt, run.UpdatedAt), Restarts: run.Restarts,
		CreatedAt: run.CreatedAt, StartedAt: run.StartedAt, StoppedAt: run.StoppedAt, Failure: failureOfRun(run),
		Start: startBodyOf(rundetails.Decode(run.Details).Start),
	}
	body.Status, body.Reason = endOfRun(run)
	return body
}
