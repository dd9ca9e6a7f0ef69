package launches

import (
	"fmt"
	"net/http"
	"strings"
)

// bad is a body that is refused because of a field.
func bad(name, body, field string) Case {
	return Case{Name: name, Body: body, Status: http.StatusBadRequest, Problem: "invalid-request", Field: field}
}

// repeated says that a name occurs twice, which objects cannot.
func repeated(c Case) Case {
	c.HTTPOnly = true
	return c
}

// member is a body whose one member has a value, as JSON.
func member(name, field, value string) Case {
	return bad(field+" "+name, `{"`+field+`":`+value+`}`, field)
}

func quoted(text string) string { return `"` + text + `"` }

func shapeCases() []Case {
	return []Case{
		bad("a list", `[]`, "body"),
		bad("a list of a launch", `[{"timeout":30}]`, "body"),
		bad("null", `null`, "body"),
		bad("true", `true`, "body"),
		bad("a number", `30`, "body"),
		bad("a text", `"{}"`, "body"),
		bad("unknown field", `{"image":"evil"}`, "image"),
		bad("pod template", `{"template":{"spec":{"hostPID":true}}}`, "template"),
		bad("security context", `{"securityContext":{"privileged":true}}`, "securityContext"),
		bad("runtime class", `{"runtimeClassName":"runc"}`, "runtimeClassName"),
		bad("service account", `{"serviceAccountName":"default"}`, "serviceAccountName"),
		bad("labels", `{"labels":{"app":"x"}}`, "labels"),
		bad("another user", `{"user_id":"root"}`, "user_id"),
		bad("another generation", `{"generation_id":"other"}`, "generation_id"),
		bad("a port of choice", `{"port":22}`, "port"),
		bad("memory of choice", `{"memory_limit_mb":65536}`, "memory_limit_mb"),
		bad("a field in capitals", `{"TIMEOUT":30}`, "TIMEOUT"),
		bad("a field in another case", `{"projectId":"proj"}`, "projectId"),
		bad("an empty name", `{"":1}`, ""),
		bad("a name with a dot", `{"env.A":"1"}`, "env.A"),
		bad("a prototype", `{"__proto__":{"timeout":1}}`, "__proto__"),
		bad("a look-alike name", `{"tіmeout":30}`, "tіmeout"),
		bad("a name with a zero width space", "{\"time\u200bout\":30}", "time\u200bout"),
		repeated(bad("a field twice", `{"timeout":1,"timeout":2}`, "timeout")),
		repeated(bad("a field twice, once escaped", `{"timeout":1,"\u0074imeout":2}`, "timeout")),
		repeated(bad("env twice", `{"env":{"A":"1"},"env":{"B":"1"}}`, "env")),
		bad("a field and its capitals", `{"timeout":1,"Timeout":2}`, "Timeout"),
		bad("a long unknown name", `{"`+strings.Repeat("n", 5000)+`":1}`, strings.Repeat("n", 128)+"…"),
		bad("hundred unknown names", `{`+strings.Repeat(`"x":1,`, 100)+`"y":1}`, "x"),
	}
}

func syntaxCases() []Case {
	return []Case{
		bad("nothing but a brace", `{`, "body"),
		bad("cut in a name", `{"time`, "body"),
		bad("cut after a colon", `{"timeout":`, "body"),
		bad("cut in a value", `{"env":{"A":"1`, "body"),
		bad("a comma too many", `{"timeout":30,}`, "body"),
		bad("single quotes", `{'timeout':30}`, "body"),
		bad("no quotes", `{timeout:30}`, "body"),
		bad("a comment", `{/* 30 */"timeout":30}`, "body"),
		bad("NaN", `{"timeout":NaN}`, "body"),
		bad("Infinity", `{"timeout":Infinity}`, "body"),
		bad("a plus sign", `{"timeout":+30}`, "body"),
		bad("a leading zero", `{"timeout":030}`, "body"),
		bad("hexadecimal", `{"timeout":0x1e}`, "body"),
		bad("a form", `timeout=30&project_id=proj`, "body"),
		bad("XML", `<launch timeout="30"/>`, "body"),
		bad("YAML", "timeout: 30\n", "body"),
		bad("trailing data", `{"timeout":30} {"timeout":31}`, "body"),
		bad("a trailing word", `{"timeout":30}x`, "body"),
		bad("a trailing NUL", "{\"timeout\":30}\x00", "body"),
		bad("lines of JSON", "{\"timeout\":30}\n{\"timeout\":30}\n", "body"),
		bad("a byte order mark", "\xef\xbb\xbf{\"timeout\":30}", "body"),
		bad("UTF-16", "\xff\xfe{\x00}\x00", "body"),
		bad("UTF-16 without a mark", "{\x00}\x00", "body"),
		bad("a NUL", "\x00", "body"),
		bad("a NUL in a name", "{\"time\x00out\":30}", "body"),
		bad("a line break in a text", "{\"project_id\":\"a\nb\"}", "body"),
		bad("not UTF-8", "{\"project_id\":\"\xff\"}", "body"),
		bad("an overlong slash", "{\"project_id\":\"\xc0\xaf\"}", "body"),
		bad("a surrogate in UTF-8", "{\"project_id\":\"\xed\xa0\x80\"}", "body"),
		bad("cut UTF-8", "{\"project_id\":\"\xe2\x82\"}", "body"),
		bad("an unknown escape", `{"project_id":"\x41"}`, "body"),
		bad("half a surrogate pair", `{"project_id":"\ud83d"}`, "project_id"),
		bad("nested in lists", `{"env":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`}`, "env"+strings.Repeat("[0]", 64)),
		bad("nested in objects", `{"env":`+strings.Repeat(`{"a":`, 5000)+"1"+strings.Repeat("}", 5000)+`}`, "env"+strings.Repeat(".a", 64)),
		bad("an open bracket 100000 times", strings.Repeat("[", 100000), "body"),
	}
}

func projectCases() []Case {
	const field = "project_id"
	return []Case{
		member("of another generation", field, `"other"`),
		member("is empty", field, `""`),
		member("is a number", field, `7`),
		member("is true", field, `true`),
		member("is a list", field, `["proj"]`),
		member("is an object", field, `{"id":"proj"}`),
		member("in capitals", field, `"PROJ"`),
		member("with a space", field, `"proj "`),
		member("with a line break", field, `"proj\n"`),
		member("with a NUL", field, `"proj\u0000"`),
		member("with a look-alike", field, `"рroj"`),
		member("with a combining mark", field, `"proj\u0301"`),
		member("turned around", field, `"\u202eproj"`),
		member("climbs up", field, `"../proj"`),
		member("with SQL", field, `"proj' OR '1'='1"`),
		member("with a template", field, `"{{.ProjectID}}"`),
		member("with a script", field, `"<script>alert(1)</script>"`),
		member("of a thousand characters", field, quoted(strings.Repeat("p", 1000))),
	}
}

func timeoutCases() []Case {
	const field = "timeout"
	var cases []Case
	for name, value := range map[string]string{
		"is zero": `0`, "is negative": `-1`, "is 601": `601`, "is a fraction": `1.5`, "is a fraction of zero": `30.0`, "is a power": `3e1`,
		"beyond 32 bits": `4294967326`, "beyond 64 bits": `18446744073709551646`, "beyond every number": `1e400`, "is a text": `"30"`,
		"has a unit": `"30s"`, "is true": `true`, "is a list": `[30]`, "is an object": `{"seconds":30}`, "is negative zero in words": `"-0"`,
		"beyond 32 bits and negative": `-2147483649`,
	} {
		cases = append(cases, member(name, field, value))
	}
	return cases
}

func entrypointCases() []Case {
	const field = "entrypoint"
	var cases []Case
	for name, value := range map[string]string{
		"is a file": `main.py`, "is empty": ``, "without an attribute": `main:`, "without a module": `:app`, "with two colons": `main:app:x`,
		"climbs up": `../main:app`, "is absolute": `/etc/passwd:app`, "with code": `main:app; import os`, "with a call of arguments": `main:make(1)`,
		"with an option": `--reload`, "with an option after it": `main:app --reload`, "with a space": `main :app`, "with a dash": `my-app:app`,
		"begins with a digit": `1main:app`, "with two dots": `a..b:app`, "begins with a dot": `.main:app`, "ends in a dot": `main.:app`,
		"with a NUL": `main:app\u0000`, "with a line break": `main:app\n`, "with a look-alike": `mаin:app`, "with letters of full width": `ｍain:app`,
		"of 256 characters": "m:" + strings.Repeat("a", 254), "with an expansion": `$(id):app`, "with a backslash": `main\\\\x:app`,
	} {
		cases = append(cases, member(name, field, quoted(value)))
	}
	return append(cases, member("is a number", field, `1`), member("is a list", field, `["main:app"]`))
}

func envCases() []Case {
	var cases []Case
	variable := func(name, variable, value, field string) {
		cases = append(cases, bad("env "+name, `{"env":{`+quoted(variable)+`:`+value+`}}`, field))
	}
	for name, text := range map[string]string{
		"of no name": "", "begins with a digit": "1A", "with a dash": "A-B", "with a dot": "A.B", "with a space": "A B", "with an equals sign": "A=B",
		"in Greek": "Α", "of ours": "PREVIEW_POD_UID", "with a dollar": "$A", "with a slash": "A/B",
	} {
		variable(name, text, `"1"`, "env."+text)
	}
	variable("with a NUL in its name", `A\u0000`, `"1"`, "env.A\x00")
	variable("with a line break in its name", `A\nB`, `"1"`, "env.A\nB")
	variable("with a name of 129 characters", strings.Repeat("A", 129), `"1"`, "env."+strings.Repeat("A", 128)+"…")
	variable("is a number", "A", `1`, "env")
	variable("is true", "A", `true`, "env")
	variable("is null", "A", `null`, "env.A")
	variable("is a list", "A", `["1"]`, "env")
	variable("is an object", "A", `{"valueFrom":{"secretKeyRef":{"name":"x","key":"y"}}}`, "env")
	variable("with a NUL", "A", `"a\u0000b"`, "env.A")
	variable("of 8193 characters", "A", quoted(strings.Repeat("a", 8193)), "env.A")
	variable("with half a surrogate pair", "A", `"\udc00"`, "env.A")
	many := make([]string, 65)
	for i := range many {
		many[i] = fmt.Sprintf(`"V%d":""`, i)
	}
	return append(cases,
		bad("env of 65 variables", `{"env":{`+strings.Join(many, ",")+`}}`, "env"),
		repeated(bad("env has a name twice", `{"env":{"A":"1","A":"2"}}`, "env.A")),
		repeated(bad("env has a name twice, once escaped", `{"env":{"A":"1","\u0041":"2"}}`, "env.A")),
		bad("env is a list", `{"env":[]}`, "env"),
		bad("env is a list as in a pod", `{"env":[{"name":"A","value":"1"}]}`, "env"),
		bad("env is a text", `{"env":"A=1"}`, "env"),
		bad("env is a number", `{"env":1}`, "env"),
	)
}

func sizeCases() []Case {
	large := func(name, body string, framing framing) Case {
		return Case{Name: name, Body: body, Framing: framing, Status: http.StatusRequestEntityTooLarge, Problem: "too-large", Field: "body"}
	}
	value := `{"env":{"A":"` + strings.Repeat("a", 1<<20) + `"}}`
	return []Case{
		large("a value of 1 MiB", value, counted),
		large("a value of 1 MiB in a chunk", value, chunked),
		large("spaces of 1 MiB", strings.Repeat(" ", 1<<20)+"{}", counted),
		large("1 MiB and no end", value, endless),
	}
}
