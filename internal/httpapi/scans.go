package httpapi

import (
	"bytes"
	lru "container/list"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/internal/endpoints"
	"github.com/codebegen/preview-operator/internal/store"
)

// Scanner reads the files of an application, paths to contents, and tells which endpoints it has. Whatever the files are, it
// ends, its result is within the bounds of package endpoints, and this process comes to no harm. An error that is told to
// users has a method Diagnostic.
type Scanner interface {
	Scan(ctx context.Context, files map[string][]byte) (endpoints.Result, error)
}

const (
	// maxScans bounds the scans at once: each holds the files of a generation.
	maxScans = 2
	// scanTimeout bounds reading a generation and its scan; the scanner has a shorter bound of its own.
	scanTimeout = 30 * time.Second
	// maxScannedBytes bounds the results that are remembered.
	maxScannedBytes = 16 << 20
	// failedFor is how long it is remembered that a scan failed: the next one of the same files would fail likewise.
	failedFor = time.Minute
)

// The results of scans, beside the codes of scanFailures.
const (
	scanFound   = "found"
	scanNothing = "nothing"
	scanFailed  = "scan-failed"
)

// scanFailures are the codes of the diagnostics that a scanner's errors have.
var scanFailures = []string{"scanner-unavailable", codeScannerBusy, "scanner-timeout", "scanner-crashed", "scanner-answer", "project-too-large"}

// codeScannerBusy is the one failure that says nothing of the files.
const codeScannerBusy = "scanner-busy"

// codeNoFiles: there are no files that could be read.
const codeNoFiles = "no-files"

// errUnreadable: a stored archive is none.
var errUnreadable = errors.New("the stored archive cannot be read")

// staticEndpoints are those that the files tell of: of the version that the preview runs while it is live, and otherwise of
// the one that a launch would run.
func (a *API) staticEndpoints(ctx context.Context, meta store.Meta, pvi *v1alpha1.PreviewInstance) (endpointsReply, error) {
	if a.scans.scanner == nil {
		return noEndpoints("no-scanner", "this gateway cannot read the files of applications"), nil
	}
	result, err := a.scansOf(ctx, meta, pvi)
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, errNoInstance):
		return noEndpoints(codeNoFiles, "the files of this version are not kept any more"), nil
	case errors.Is(err, errUnreadable):
		return noEndpoints(codeNoFiles, "the stored archive cannot be read; store the generation again"), nil
	}
	if err != nil {
		return endpointsReply{}, err
	}
	answer := endpointsReply{Endpoints: result.Endpoints, Count: result.Count, Source: noSource, Diagnostics: result.Diagnostics}
	if answer.Count > 0 {
		answer.Source = endpoints.SourceStatic
	}
	return answer, nil
}

func (a *API) scansOf(ctx context.Context, meta store.Meta, pvi *v1alpha1.PreviewInstance) (endpoints.Result, error) {
	version := meta.Version
	if pvi != nil && (isLive(pvi) || version == "") {
		switch source := pvi.Spec.Source; {
		case source.Inline != nil:
			return a.scans.of(ctx, "uid "+string(pvi.UID), func(ctx context.Context) (map[string][]byte, error) { return a.inlineFiles(ctx, pvi) })
		case source.Archive != nil:
			return only(codeNoFiles, "the files are in an archive that the preview alone has fetched"), nil
		case source.Generation != nil && source.Generation.Version != "":
			version = source.Generation.Version
		}
	}
	if version == "" {
		return only(codeNoFiles, "the files of the generation cannot be read"), nil
	}
	return a.scans.of(ctx, version, func(ctx context.Context) (map[string][]byte, error) { return a.storedFiles(ctx, meta.ID, version) })
}

// only is a result with nothing but a diagnostic.
func only(code, message string) endpoints.Result {
	result := endpoints.Result{Endpoints: []endpoints.Endpoint{}, Diagnostics: []endpoints.Diagnostic{}}
	result.Say(endpoints.Diagnostic{Code: code, Message: message})
	return result
}

func (a *API) storedFiles(ctx context.Context, id, version string) (map[string][]byte, error) {
	data, err := a.generations().Archive(ctx, id, version)
	if err != nil {
		return nil, err
	}
	files, _, err := archive.Read(ctx, bytes.NewReader(data), archive.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	return files, nil
}

// inlineFiles asks the API server, for the cache leaves files out.
func (a *API) inlineFiles(ctx context.Context, pvi *v1alpha1.PreviewInstance) (map[string][]byte, error) {
	live, err := a.instances.Live(ctx, pvi.Name)
	if err != nil {
		return nil, err
	}
	if live.UID != pvi.UID || live.Spec.Source.Inline == nil {
		return nil, errNoInstance
	}
	files := make(map[string][]byte, len(live.Spec.Source.Inline.Files))
	for _, f := range live.Spec.Source.Inline.Files {
		files[f.Path] = []byte(f.Content)
	}
	return files, nil
}

// scans remembers what scans found, by what was scanned: a version is the digest of its files, and the files of an instance
// never change.
type scans struct {
	scanner Scanner
	now     func() time.Time
	// measured is told of each scan.
	measured func(took time.Duration, result string)
	logger   *slog.Logger
	running  slots

	mu    sync.Mutex
	known map[string]*lru.Element
	// order has the *scan of all that is known, the one that was asked for last in front, and size is how large they are.
	order *lru.List
	size  int
}

// scan is that of one version. Those who ask while it is under way wait for it.
type scan struct {
	key string
	// done is closed when result, until, size and err are set.
	done   chan struct{}
	result endpoints.Result
	size   int
	// until is when the result is no longer to be used; never when zero.
	until time.Time
	err   error
}

func newScans(scanner Scanner, patience time.Duration, now func() time.Time, measured func(time.Duration, string), logger *slog.Logger) *scans {
	return &scans{
		scanner: scanner, now: now, measured: measured, logger: logger, running: newSlots(maxScans, patience), known: map[string]*lru.Element{}, order: lru.New(),
	}
}

// of returns what is known of a version, or reads and scans its files. What cannot be read is an error, and is not
// remembered; that the scanner fails is a diagnostic.
func (s *scans) of(ctx context.Context, key string, files func(context.Context) (map[string][]byte, error)) (endpoints.Result, error) {
	found, mine := s.begin(key)
	if mine {
		// Others wait for it, too, so that it does not end with the one who asked first.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), scanTimeout)
		defer cancel()
		s.finish(found, func() (endpoints.Result, bool, error) { return s.scan(ctx, files) })
		return found.result, found.err
	}
	select {
	case <-ctx.Done():
		return endpoints.Result{}, ctx.Err()
	case <-found.done:
		return found.result, found.err
	}
}

// begin returns what is known or under way, or else a new scan that is the caller's to finish.
func (s *scans) begin(key string) (found *scan, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if element, ok := s.known[key]; ok {
		found = element.Value.(*scan)
		if found.until.IsZero() || s.now().Before(found.until) {
			s.order.MoveToFront(element)
			return found, false
		}
		s.drop(element)
	}
	found = &scan{key: key, done: make(chan struct{})}
	s.known[key] = s.order.PushFront(found)
	return found, true
}

// drop forgets a scan; the lock is held.
func (s *scans) drop(element *lru.Element) {
	found := s.order.Remove(element).(*scan)
	delete(s.known, found.key)
	s.size -= found.size
}

func (s *scans) finish(found *scan, do func() (result endpoints.Result, failed bool, err error)) {
	var result endpoints.Result
	failed, err := false, error(&failure{kind: kindInternal, detail: "the request id finds the cause in our log"})
	// Also when do panics: whoever waits must not wait forever.
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		found.result, found.err = result, err
		if failed {
			found.until = s.now().Add(failedFor)
		}
		if element, ok := s.known[found.key]; ok && element.Value == found {
			if err != nil {
				s.drop(element)
			} else {
				found.size = sizeOf(result)
				s.size += found.size
			}
		}
		s.shrink()
		close(found.done)
	}()
	result, failed, err = do()
}

// shrink forgets what was not asked for the longest time; the lock is held. Those under way have no size yet.
func (s *scans) shrink() {
	for element := s.order.Back(); element != nil && s.size > maxScannedBytes; {
		before := element.Prev()
		if element.Value.(*scan).size > 0 {
			s.drop(element)
		}
		element = before
	}
}

// scan reads and scans. An error is one of reading, or that too many scans are under way.
func (s *scans) scan(ctx context.Context, files func(context.Context) (map[string][]byte, error)) (_ endpoints.Result, failed bool, _ error) {
	release, err := s.running.acquire(ctx)
	if err != nil {
		return endpoints.Result{}, false, err
	}
	defer release()
	content, err := files(ctx)
	if err != nil {
		return endpoints.Result{}, false, err
	}
	begun := time.Now()
	result, err := s.scanner.Scan(ctx, content)
	took := time.Since(begun)
	if err != nil {
		why := failureOfScan(err)
		s.measured(took, why.Code)
		s.logger.Warn("a scan for endpoints failed", "error", err, "files", len(content))
		if why.Code == codeScannerBusy {
			return endpoints.Result{}, false, &failure{kind: kindBusy, detail: why.Message, retryAfter: busyRetryAfter}
		}
		return only(why.Code, why.Message), true, nil
	}
	if result.Count > 0 {
		s.measured(took, scanFound)
	} else {
		s.measured(took, scanNothing)
	}
	return result, false, nil
}

// failureOfScan is what users are told of an error.
func failureOfScan(err error) endpoints.Diagnostic {
	var told interface{ Diagnostic() endpoints.Diagnostic }
	if errors.As(err, &told) {
		return told.Diagnostic()
	}
	return endpoints.Diagnostic{Code: scanFailed, Message: "reading the files for endpoints failed"}
}

// sizeOf estimates the memory that a result takes.
func sizeOf(r endpoints.Result) int {
	const entry, each = 256, 96
	size := entry
	for i := range r.Endpoints {
		e := &r.Endpoints[i]
		size += entry + len(e.Path) + len(e.Method) + len(e.Summary) + len(e.Description) + len(e.OperationID) + len(e.File)
		for _, tag := range e.Tags {
			size += each + len(tag)
		}
		for _, p := range e.Params {
			size += each + len(p.Name) + len(p.In) + len(p.Type) + len(p.Pattern)
		}
	}
	for _, d := range r.Diagnostics {
		size += each + len(d.Code) + len(d.Message) + len(d.File)
	}
	return size
}
