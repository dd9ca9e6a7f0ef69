package httpapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/settings"
)

// seeds are good bodies that use every member, by operation. Whoever adds an operation with a body adds one.
var seeds = map[string]string{
	"launchPreview": `{"project_id":"proj","timeout":30,"entrypoint":"main:app","env":{"A":"1"}}`,
	"putGeneration": `{"project_id":"proj","user_id":"alice","files":{"main.py":"app = 1","x.bin":{"base64":"/wA="}}}`,
	"sendRequest":   `{"method":"POST","path":"/","query":{"a":"1","b":["2"]},"headers":{"X-A":"1","X-B":["2"]},"body":"text","body_base64":null}`,
}

// What the description refuses is refused, so that a client that trusts it is never surprised by success.
func TestWhatTheSchemaRefusesIsRefused(t *testing.T) {
	h := newHarness(t, nil)
	h.configure(func(s *settings.Settings) { s.LaunchesPerMinute = 100000 })
	token := h.launched("gen", "alice").SessionToken
	random := rand.New(rand.NewPCG(3, 1))
	tried := 0
	for _, o := range h.api.operations() {
		if o.body == nil || o.body.json == nil {
			continue
		}
		seed := seeds[o.id]
		if err := h.contract().CheckBody(o.id, []byte(seed)); err != nil {
			t.Fatalf("%s: the seed: %v", o.id, err)
		}
		for _, body := range mutants(t, seed, random) {
			if h.contract().CheckBody(o.id, []byte(body)) == nil {
				continue
			}
			tried++
			a := h.do(call{
				method: o.method, path: strings.Replace(o.path, "{generation_id}", "gen", 1), token: h.token("alice", auth.RoleUser),
				header: map[string]string{"X-Preview-Token": token}, body: body,
			})
			if a.slug() != kindInvalidRequest.slug || a.field() == "" {
				t.Errorf("%s took %.300s: %d %s", o.id, body, a.status, a.body)
			}
		}
	}
	if tried < 500 {
		t.Errorf("only %d bodies were tried", tried)
	}
	t.Logf("%d bodies that the description refuses", tried)
}

// wrong are values that take the place of others.
var wrong = []any{
	nil, true, 0, -1, 1.5, 601, 1 << 40, "", "x", strings.Repeat("x", 300), []any{}, []any{nil}, []any{1}, []any{"x"},
	map[string]any{}, map[string]any{"x": nil}, map[string]any{"x": 1}, map[string]any{"x": "y"}, map[string]any{"base64": 1},
}

// mutants are bodies that differ from a good one in one place each, then in two.
func mutants(t *testing.T, seed string, random *rand.Rand) []string {
	t.Helper()
	one := mutate(parse(t, seed))
	two := slices.Clone(one)
	for range 300 {
		again := mutate(parse(t, one[random.IntN(len(one))]))
		two = append(two, again[random.IntN(len(again))])
	}
	return two
}

func parse(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// mutate replaces, drops, renames and adds at every place of a value.
func mutate(whole any) (all []string) {
	var visit func(value any, put func(any))
	emit := func() {
		data, err := json.Marshal(whole)
		if err != nil {
			panic(fmt.Sprint(err))
		}
		all = append(all, string(data))
	}
	visit = func(value any, put func(any)) {
		for _, other := range wrong {
			put(other)
			emit()
		}
		put(value)
		switch value := value.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(value)) {
				member := value[name]
				visit(member, func(v any) { value[name] = v })
				delete(value, name)
				emit()
				value[strings.ToUpper(name)] = member
				emit()
				delete(value, strings.ToUpper(name))
				value[name] = member
			}
			value["added"] = 1
			emit()
			delete(value, "added")
		case []any:
			for i := range value {
				member := value[i]
				visit(member, func(v any) { value[i] = v })
			}
		}
	}
	visit(whole, func(v any) { whole = v })
	return all
}
