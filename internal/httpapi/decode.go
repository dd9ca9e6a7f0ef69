package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

const (
	// maxJSONDepth bounds the nesting of a body.
	maxJSONDepth = 64
	// bodyReadTimeout bounds how long a client may take to send a body.
	bodyReadTimeout = time.Minute
)

// readBody reads the body within the limit and in time. Compressed bodies are refused: what is sent is what is counted.
func readBody(c *gin.Context, limit int64) ([]byte, error) {
	if encoding := strings.Join(c.Request.Header.Values("Content-Encoding"), ", "); encoding != "" && encoding != "identity" {
		return nil, &failure{kind: kindMediaType, field: "Content-Encoding", detail: "send the body without a content encoding"}
	}
	if c.Request.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	if err := readUntil(c, time.Now().Add(bodyReadTimeout)); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, limit))
	if err == nil {
		// The server goes on reading, to notice when the client goes; the answer may take longer than the body did.
		err = readUntil(c, time.Time{})
	}
	var tooLarge *http.MaxBytesError
	if err == nil || errors.As(err, &tooLarge) {
		return data, err
	}
	// A client that has sent all it will may still read; it is told. The end of what it sends also ends the context.
	if c.Request.Context().Err() != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, c.Request.Context().Err()
	}
	return nil, &failure{kind: kindInvalidRequest, field: "body", detail: "the body ended early or did not arrive in time", cause: err}
}

// readUntil sets when reading from the client ends; never when at is zero. Not every writer has deadlines; those of the
// server do.
func readUntil(c *gin.Context, at time.Time) error {
	if err := http.NewResponseController(c.Writer).SetReadDeadline(at); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// mediaType returns the type of the body without parameters, nothing that is accepted anywhere when there are several.
// Text is UTF-8.
func mediaType(c *gin.Context) string {
	headers := c.Request.Header.Values("Content-Type")
	parsed, params, err := mime.ParseMediaType(strings.Join(headers, ", "))
	if charset, given := params["charset"]; err != nil || given && !strings.EqualFold(charset, "utf-8") {
		return strings.Join(headers, ", ")
	}
	return parsed
}

// readJSON reads a JSON object into a struct. An empty body leaves it as it is when optional is set.
func readJSON(c *gin.Context, limit int64, optional bool, into any) error {
	data, err := readBody(c, limit)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(data)) == 0 && optional {
		return nil
	}
	if got := mediaType(c); got != "application/json" {
		return &failure{kind: kindMediaType, field: "Content-Type", detail: fmt.Sprintf("send application/json, not %.100q", got)}
	}
	return decodeJSON(data, into)
}

// decodeJSON is stricter than encoding/json: names must be spelled exactly, none may be unknown or occur twice, nothing
// may follow, and the text must be UTF-8. Each of these would otherwise be read differently than the client meant it.
// Values of type json.RawMessage are somebody else's and only have to be JSON.
func decodeJSON(data []byte, into any) error {
	if !utf8.Valid(data) {
		return invalid("body", "the body is not valid UTF-8")
	}
	if err := checkObject(data, fieldTypes(into)); err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(into); err != nil {
		return jsonFailure(err)
	}
	return nil
}

func jsonFailure(err error) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return invalid(wrongType.Field, "must be %s, not %s", typeInWords(wrongType.Type), wrongType.Value)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return invalid("body", "the body is not valid JSON: %s at byte %d", syntax.Error(), syntax.Offset)
	}
	var known *failure
	if errors.As(err, &known) {
		return known
	}
	return invalid("body", "the body is not valid JSON: it ends early")
}

func typeInWords(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return typeInWords(t.Elem())
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.String:
		return "a string"
	case reflect.Map, reflect.Struct:
		return "an object"
	case reflect.Slice:
		return "a list"
	default:
		return "another type"
	}
}

var rawMessage = reflect.TypeFor[json.RawMessage]()

// fieldTypes returns the JSON names of a struct and whether their values are to be checked inside.
func fieldTypes(pointer any) map[string]bool {
	t := reflect.TypeOf(pointer).Elem()
	names := make(map[string]bool, t.NumField())
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names[name] = field.Type != rawMessage
	}
	return names
}

// checkObject walks the tokens of a body whose members are known.
func checkObject(data []byte, known map[string]bool) error {
	w := &walker{decoder: json.NewDecoder(bytes.NewReader(data)), hasReplacement: replacement.Match(data)}
	w.decoder.UseNumber()
	if first, err := w.decoder.Token(); err != nil {
		return jsonFailure(err)
	} else if first != json.Delim('{') {
		return invalid("body", "the body must be a JSON object")
	}
	err := w.members("", 1, true, func(name string) (bool, error) {
		strict, ok := known[name]
		if !ok {
			return false, invalid(clip(name), "unknown field")
		}
		return strict, nil
	})
	if err != nil {
		return err
	}
	if _, err := w.decoder.Token(); !errors.Is(err, io.EOF) {
		return invalid("body", "something follows the JSON object")
	}
	return nil
}

// replacement finds U+FFFD, as it is or escaped.
var replacement = regexp.MustCompile(`\x{FFFD}|\\[uU][fF][fF][fF][dD]`)

// walker reads JSON token by token.
type walker struct {
	decoder *json.Decoder
	// hasReplacement is set when the text itself has U+FFFD. The decoder makes it of half a surrogate pair (\ud800).
	hasReplacement bool
}

// members reads an object up to its closing brace. Duplicates are refused where strict is set; visit decides that for
// the value of each member.
func (w *walker) members(path string, depth int, strict bool, visit func(name string) (strict bool, err error)) error {
	seen := map[string]bool{}
	for w.decoder.More() {
		token, err := w.decoder.Token()
		if err != nil {
			return jsonFailure(err)
		}
		name, _ := token.(string)
		if strict && seen[name] {
			return invalid(path+clip(name), "the field occurs twice")
		}
		seen[name] = true
		inner, err := visit(name)
		if err != nil {
			return err
		}
		if err := w.value(path+clip(name), depth, inner); err != nil {
			return err
		}
	}
	_, err := w.decoder.Token()
	if err != nil {
		return jsonFailure(err)
	}
	return nil
}

func (w *walker) value(path string, depth int, strict bool) error {
	if depth > maxJSONDepth {
		return invalid(path, "nested deeper than %d levels", maxJSONDepth)
	}
	token, err := w.decoder.Token()
	if err != nil {
		return jsonFailure(err)
	}
	if text, ok := token.(string); ok && (strict || depth == 1) && !w.hasReplacement && strings.ContainsRune(text, utf8.RuneError) {
		return invalid(path, "contains half of a surrogate pair, which is no character")
	}
	switch token {
	case nil:
		// A member may be null in place of being left out; what is inside of one would become an empty text unnoticed.
		if strict && depth > 1 {
			return invalid(path, "must not be null")
		}
	case json.Delim('{'):
		return w.members(path+".", depth+1, strict, func(string) (bool, error) { return strict, nil })
	case json.Delim('['):
		for i := 0; w.decoder.More(); i++ {
			if err := w.value(fmt.Sprintf("%s[%d]", path, i), depth+1, strict); err != nil {
				return err
			}
		}
		if _, err := w.decoder.Token(); err != nil {
			return jsonFailure(err)
		}
	}
	return nil
}

// clip bounds a name that a client chose, for messages.
func clip(name string) string {
	const most = 128
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}
