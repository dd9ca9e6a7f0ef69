package e2e

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// exampleEndpoints are what the examples serve; no OpenAPI document names a WebSocket.
var exampleEndpoints = map[string][]string{
	"bookstore": {
		"GET /", "GET /authors", "POST /authors", "GET /authors/{author_id}", "GET /authors/{author_id}/books", "GET /books", "POST /books",
		"DELETE /books/{book_id}", "GET /books/{book_id}", "PATCH /books/{book_id}", "GET /health",
	},
	"broken": {"GET /health", "POST /invoices/total"},
	"chat": {
		"GET /rooms", "GET /rooms/{room}/events", "GET /rooms/{room}/messages", "POST /rooms/{room}/messages", "WEBSOCKET /rooms/{room}/ws",
	},
}

// endpointList is what the specs look at of an answer.
type endpointList struct {
	Endpoints []struct {
		Method, Path, Summary, File, Source string
		Line                                int
	}
	Count       int
	Source      string
	Diagnostics []struct{ Code, Message string }
}

// rows are "METHOD path" of all endpoints.
func (l endpointList) rows() []string {
	rows := []string{}
	for _, e := range l.Endpoints {
		rows = append(rows, e.Method+" "+e.Path)
	}
	return rows
}

// endpoints asks for those of a source, of all when it is empty.
func (p preview) endpoints(ctx context.Context, source string) endpointList {
	GinkgoHelper()
	path := previewRoute(p.id) + "/endpoints"
	if source != "" {
		path += "?source=" + source
	}
	var list endpointList
	p.read(ctx, path, &list)
	Expect(list.Count).To(Equal(len(list.Endpoints)))
	return list
}

// expectStatic expects what the files of an example tell.
func (p preview) expectStatic(ctx context.Context, source, name string) {
	GinkgoHelper()
	list := p.endpoints(ctx, source)
	Expect(list.rows()).To(Equal(exampleEndpoints[name]), "%+v", list.Diagnostics)
	Expect(list.Source).To(Equal("static"))
	for _, e := range list.Endpoints {
		Expect(e.Source).To(Equal("static"))
		Expect(e.File).To(HaveSuffix(".py"))
		Expect(e.Line).To(BeNumerically(">", 0))
	}
}

// expectMerged expects that the running application confirms what its files tell.
func (p preview) expectMerged(ctx context.Context, name string) {
	GinkgoHelper()
	list := p.endpoints(ctx, "merged")
	Expect(list.rows()).To(Equal(exampleEndpoints[name]))
	Expect(list.Source).To(Equal("both"))
	for _, e := range list.Endpoints {
		want := "both"
		if e.Method == "WEBSOCKET" {
			want = "static"
		}
		Expect(e.Source).To(Equal(want), "%s %s", e.Method, e.Path)
	}
	live := p.endpoints(ctx, "live")
	Expect(live.rows()).To(HaveExactElements(withoutSockets(exampleEndpoints[name])))
	Expect(live.Source).To(Equal("live"))
}

func withoutSockets(rows []string) []string {
	var documented []string
	for _, row := range rows {
		if !strings.HasPrefix(row, "WEBSOCKET ") {
			documented = append(documented, row)
		}
	}
	return documented
}

// endpointSpecs look at the endpoints of the examples through their lives, and with the plug-in in their folders.
func endpointSpecs() {
	AfterAll(deleteAll)

	for _, name := range slices.Sorted(maps.Keys(exampleEndpoints)) {
		It("tells those of "+name+" before, while and after it runs", func(ctx SpecContext) {
			p := preview{UserClient: userClient(unique("user")), id: unique(name)}
			Expect(p.PutGeneration(ctx, p.id, "project-endpoints", example(name))).To(Succeed())
			for _, source := range []string{"", "static"} {
				p.expectStatic(ctx, source, name)
			}
			Expect(p.endpoints(ctx, "live")).To(And(HaveField("Count", 0), HaveField("Diagnostics", HaveExactElements(HaveField("Code", "not-running")))))

			var err error
			p.launch, err = p.Launch(ctx, p.id, "project-endpoints", 0)
			Expect(err).NotTo(HaveOccurred())
			if name == "broken" {
				p.eventuallyFailed(ctx)
				p.expectStatic(ctx, "", name)
				return
			}
			p.eventuallyRunning(ctx)
			p.expectStatic(ctx, "static", name)
			p.expectMerged(ctx, name)
			p.stopAndWait(ctx)
			p.expectStatic(ctx, "", name)
		})
	}

	It("lists those of a folder with the plug-in, without a cluster", func(ctx SpecContext) {
		// It reads with parsers in C, which the rest of the suite is built without.
		binary, err := gexec.BuildWithEnvironment("github.com/codebegen/preview-operator/cmd/kubectl-preview", []string{"CGO_ENABLED=1"},
			"-trimpath", "-tags", "netgo,osusergo")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { Expect(os.RemoveAll(filepath.Dir(binary))).To(Succeed()) })
		nobody := plugin{binary: binary, env: []string{"KUBECONFIG=/nowhere", "PREVIEW_GATEWAY=http://127.0.0.1:1", "PREVIEW_TOKEN="}}
		for name, rows := range exampleEndpoints {
			var list endpointList
			nobody.prints(ctx, &list, "endpoints", "../../examples/"+name)
			Expect(list.rows()).To(Equal(rows))
			if name == "broken" {
				Expect(list.Diagnostics).To(HaveExactElements(HaveField("Message", ContainSubstring("calculate_vat"))))
			} else {
				Expect(list.Diagnostics).To(BeEmpty())
			}
		}
		Expect(nobody.succeeds(ctx, "endpoints", "../../examples/chat", "-o", "wide")).To(And(
			MatchRegexp(`(?m)^METHOD +PATH +SUMMARY +TAGS +SOURCE +FILE +DESCRIPTION$`),
			MatchRegexp(`(?m)^GET +/rooms +List rooms +rooms +static +app/main\.py:\d+ `)))
		empty := nobody.run(ctx, "endpoints", GinkgoT().TempDir())
		Expect(empty).To(And(HaveField("Code", 0), HaveField("Out", ""), HaveField("ErrOut", ContainSubstring("no file imports FastAPI, Flask, Django or Express"))))
	})
}
