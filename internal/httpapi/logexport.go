package httpapi

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/store"
)

// The media types of exports.
const (
	ndjsonType = "application/x-ndjson"
	csvType    = "text/csv"
)

// exportBuffer is how much of an export is written at once, in bytes.
const exportBuffer = 32 << 10

// lineWriter writes lines in a format.
type lineWriter interface {
	write(line *logLineBody) error
	// finish writes what is left.
	finish() error
}

// exportLogs answers with every line that matches, page by page, so that neither a long log nor a slow reader holds much
// memory. It counts among the user's streams, and ends with the token that it was asked for with.
func (a *API) exportLogs(c *gin.Context, p auth.Principal, query store.LogQuery, format string) (reply, error) {
	release, err := a.streams.open(p.UserID)
	if err != nil {
		return reply{}, err
	}
	defer release()
	ctx, cancel := context.WithTimeout(c.Request.Context(), p.Expires.Sub(a.now()))
	defer cancel()
	var out lineWriter
	for line, err := range a.runs.Export(ctx, query) {
		if err != nil {
			return a.breakOff(c, err)
		}
		if out == nil {
			out = a.beginExport(c, query.RunUID, format)
		}
		body := lineBody(&line)
		if err := out.write(&body); err != nil {
			return a.breakOff(c, err)
		}
	}
	if out == nil {
		out = a.beginExport(c, query.RunUID, format)
	}
	if err := out.finish(); err != nil {
		return a.breakOff(c, err)
	}
	return reply{written: true}, nil
}

// breakOff ends an export that failed. Once a part of it was sent, the connection is cut: an export that looks whole and is
// not would be worse than none.
func (a *API) breakOff(c *gin.Context, err error) (reply, error) {
	if !c.Writer.Written() {
		for _, name := range []string{"Content-Disposition", "Content-Type"} {
			c.Writer.Header().Del(name)
		}
		return reply{}, err
	}
	a.logger.Warn("an export broke off", "request_id", requestID(c), "error", err)
	c.Set(streamedKey, true)
	panic(http.ErrAbortHandler)
}

// beginExport sends the header.
func (a *API) beginExport(c *gin.Context, runUID, format string) lineWriter {
	contentType, ending := format, "ndjson"
	if format == csvType {
		contentType, ending = csvType+"; charset=utf-8; header=present", "csv"
	}
	header := c.Writer.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="log-%s.%s"`, runUID, ending))
	c.Status(http.StatusOK)
	out := bufio.NewWriterSize(&patientWriter{out: c.Writer, controller: http.NewResponseController(c.Writer)}, exportBuffer)
	if format == csvType {
		return newCSVLines(out)
	}
	return &jsonLines{out: out, encoder: json.NewEncoder(out)}
}

// patientWriter gives the client streamWriteTimeout for each piece.
type patientWriter struct {
	out        io.Writer
	controller *http.ResponseController
}

func (w *patientWriter) Write(piece []byte) (int, error) {
	if err := w.controller.SetWriteDeadline(time.Now().Add(streamWriteTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return w.out.Write(piece)
}

// jsonLines writes each line as a JSON object on a line of its own.
type jsonLines struct {
	out     *bufio.Writer
	encoder *json.Encoder
}

func (l *jsonLines) write(line *logLineBody) error { return l.encoder.Encode(line) }

func (l *jsonLines) finish() error { return l.out.Flush() }

// csvLines writes CSV as RFC 4180 has it, with a header.
type csvLines struct {
	csv *csv.Writer
	// begun is set once the header was written.
	begun bool
}

func newCSVLines(out io.Writer) *csvLines { return &csvLines{csv: csv.NewWriter(out)} }

func (l *csvLines) begin() error {
	if l.begun {
		return nil
	}
	l.begun = true
	return l.csv.Write([]string{"id", "timestamp", "level", "source", "message", "partial"})
}

func (l *csvLines) write(line *logLineBody) error {
	if err := l.begin(); err != nil {
		return err
	}
	return l.csv.Write([]string{
		strconv.FormatInt(line.ID, 10), line.Timestamp.Format(time.RFC3339Nano), line.Level, line.Source, harmless(line.Message), strconv.FormatBool(line.Partial),
	})
}

func (l *csvLines) finish() error {
	if err := l.begin(); err != nil {
		return err
	}
	l.csv.Flush()
	return l.csv.Error()
}

// harmless keeps a spreadsheet from taking a cell for a formula (OWASP, CSV injection): the message is the application's.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
