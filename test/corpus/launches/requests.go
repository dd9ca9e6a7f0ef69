package launches

import (
	"net/http"
	"strings"
)

func typeCases() []Case {
	refused := func(name, field string, header ...string) Case {
		return Case{Name: name, Header: header, Body: `{"timeout":30}`, Status: http.StatusUnsupportedMediaType, Problem: "unsupported-media-type", Field: field}
	}
	const contentType = "Content-Type"
	return []Case{
		{Name: "no content type", Header: []string{}, Body: `{"timeout":30}`, Status: http.StatusUnsupportedMediaType, Problem: "unsupported-media-type", Field: contentType},
		refused("an empty content type", contentType, "Content-Type:"),
		refused("a text", contentType, "Content-Type: text/plain"),
		refused("a form", contentType, "Content-Type: application/x-www-form-urlencoded"),
		refused("a form of parts", contentType, "Content-Type: multipart/form-data; boundary=x"),
		refused("a patch", contentType, "Content-Type: application/merge-patch+json"),
		refused("YAML", contentType, "Content-Type: application/yaml"),
		refused("another JSON", contentType, "Content-Type: application/problem+json"),
		refused("the beginning of JSON", contentType, "Content-Type: application/jsonx"),
		refused("JSON of text", contentType, "Content-Type: text/json"),
		refused("anything", contentType, "Content-Type: */*"),
		refused("no type at all", contentType, "Content-Type: ;;;"),
		refused("two content types", contentType, "Content-Type: application/json", "Content-Type: text/plain"),
		refused("two content types of JSON", contentType, "Content-Type: application/json", "Content-Type: application/json"),
		refused("two content types in one", contentType, "Content-Type: application/json, text/plain"),
		refused("JSON in UTF-16", contentType, "Content-Type: application/json; charset=utf-16"),
		refused("JSON in Latin 1", contentType, "Content-Type: application/json; charset=iso-8859-1"),
		refused("gzip", "Content-Encoding", "Content-Type: application/json", "Content-Encoding: gzip"),
		refused("deflate", "Content-Encoding", "Content-Type: application/json", "Content-Encoding: deflate"),
		refused("brotli", "Content-Encoding", "Content-Type: application/json", "Content-Encoding: br"),
		refused("an unknown encoding", "Content-Encoding", "Content-Type: application/json", "Content-Encoding: x-evil"),
		refused("two encodings", "Content-Encoding", "Content-Type: application/json", "Content-Encoding: identity", "Content-Encoding: gzip"),
		refused("an encoding twice", "Content-Encoding", "Content-Type: application/json", "Content-Encoding: gzip, gzip"),
	}
}

func headerCases() []Case {
	const contentType = "Content-Type: application/json"
	refused := func(name, field, query string, header ...string) Case {
		return Case{
			Name: name, Query: query, Header: append([]string{contentType}, header...), Body: `{}`,
			Status: http.StatusBadRequest, Problem: "invalid-request", Field: field,
		}
	}
	server := func(name string, status int, header ...string) Case {
		return Case{Name: name, Header: append([]string{contentType}, header...), Body: `{}`, Status: status}
	}
	return []Case{
		refused("wait is empty", "wait", "?wait="),
		refused("wait is a word", "wait", "?wait=yes"),
		refused("wait is negative", "wait", "?wait=-1"),
		refused("wait is a fraction", "wait", "?wait=1.5"),
		refused("wait has a unit", "wait", "?wait=10s"),
		refused("wait twice", "wait", "?wait=1&wait=2"),
		refused("wait with a plus sign", "wait", "?wait=%2B1"),
		refused("wait with a NUL", "wait", "?wait=1%00"),
		refused("wait in Arabic digits", "wait", "?wait=%D9%A1"),
		refused("an empty key", "Idempotency-Key", "", "Idempotency-Key:"),
		refused("a key of 256 characters", "Idempotency-Key", "", "Idempotency-Key: "+strings.Repeat("k", 256)),
		refused("a key with a space", "Idempotency-Key", "", "Idempotency-Key: a b"),
		refused("a key that is not ASCII", "Idempotency-Key", "", "Idempotency-Key: schlüssel"),
		refused("two keys", "Idempotency-Key", "", "Idempotency-Key: a", "Idempotency-Key: b"),
		server("a header of 70 KiB", http.StatusRequestHeaderFieldsTooLarge, "X-Large: "+strings.Repeat("a", 70<<10)),
		server("a thousand headers of 100 bytes", http.StatusRequestHeaderFieldsTooLarge, manyHeaders(1000)...),
		server("a NUL in a header", http.StatusBadRequest, "X-A: a\x00b"),
		server("a space before the colon", http.StatusBadRequest, "X-A : b"),
		server("two lengths", http.StatusBadRequest, "Content-Length: 7"),
	}
}

func manyHeaders(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = "X-Many: " + strings.Repeat("a", 100)
	}
	return lines
}

func framingCases() []Case {
	framed := func(name, body string, framing framing) Case {
		c := bad(name, body, "body")
		c.Framing = framing
		return c
	}
	return []Case{
		framed("a chunk and no end", `{"timeout":30}`, endless),
		framed("half an object and no end", `{"timeout":`, endless),
		framed("a chunk of no size", `{"timeout":30}`, brokenChunk),
		framed("shorter than announced", `{"timeout":30}`, short),
		framed("a list in chunks", `[]`, chunked),
	}
}

func idCases() []Case {
	refused := func(name, id string) Case {
		return Case{Name: "id " + name, ID: id, Body: `{}`, Status: http.StatusBadRequest, Problem: "invalid-request", Field: "generation_id"}
	}
	missing := func(name, id, problem string) Case {
		return Case{Name: "id " + name, ID: id, Body: `{}`, Status: http.StatusNotFound, Problem: problem}
	}
	return []Case{
		refused("climbs up", "%2e%2e"),
		refused("climbs up and down", "..%2fother"),
		refused("with a slash", "a%2Fb"),
		refused("with a backslash", "a%5Cb"),
		refused("with a NUL", "gen%00"),
		refused("with a line break", "gen%0A"),
		refused("with a space", "gen%201"),
		refused("with a quote", "gen'%20OR%20'1'='1"),
		refused("with a percent sign", "%25"),
		refused("twice escaped", "%252e%252e"),
		refused("of 129 characters", strings.Repeat("a", 129)),
		refused("of 5000 characters", strings.Repeat("a", 5000)),
		refused("begins with a dot", ".gen"),
		refused("ends in a dash", "gen-"),
		refused("with a look-alike", "g%D0%B5n"),
		refused("that is no UTF-8", "%ff%fe"),
		refused("with a script", "%3Cscript%3E"),
		refused("with a colon", "a:b"),
		refused("with a semicolon", "gen;v=1"),
		missing("of nobody", "never-stored-0", "generation-not-found"),
		missing("is a slash", "/", "route-not-found"),
		missing("with an open slash", "a/b", "route-not-found"),
	}
}

func callerCases() []Case {
	unauthorized := func(name string, header ...string) Case {
		return Case{Name: name, Authorization: header, Body: `{}`, Status: http.StatusUnauthorized, Problem: "unauthorized"}
	}
	return []Case{
		{Name: "another user's generation", As: Stranger, Body: `{}`, Status: http.StatusForbidden, Problem: "forbidden"},
		{Name: "another user's generation with a bad body", As: Stranger, Body: `[`, Status: http.StatusForbidden, Problem: "forbidden"},
		{Name: "a service", As: Service, Body: `{}`, Status: http.StatusForbidden, Problem: "forbidden"},
		{Name: "nobody", As: Nobody, Body: `{}`, Status: http.StatusUnauthorized, Problem: "unauthorized"},
		{Name: "nobody with a bad body", As: Nobody, Body: `[`, Status: http.StatusUnauthorized, Problem: "unauthorized"},
		unauthorized("an empty token", "Authorization: Bearer "),
		unauthorized("a token of no parts", "Authorization: Bearer x"),
		unauthorized("a token without a signature", "Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0."),
		unauthorized("a token of dots", "Authorization: Bearer "+strings.Repeat(".", 5000)),
		unauthorized("a password", "Authorization: Basic cm9vdDpyb290"),
		unauthorized("a session token", "Authorization: Bearer pvs1.e30.e30"),
		unauthorized("two tokens", "Authorization: Bearer a.b.c", "Authorization: Bearer d.e.f"),
		unauthorized("a user in a header", "X-User: root", "X-Forwarded-User: root"),
		unauthorized("a cookie", "Cookie: token=root"),
	}
}
