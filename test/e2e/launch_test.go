package e2e

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// launchSpecs start the working examples side by side and use them.
func launchSpecs() {
	var bookstore, chat, echo preview

	BeforeAll(func(ctx SpecContext) {
		bookstore = launchProject(ctx, "bookstore", example("bookstore"), 30)
		chat = launchProject(ctx, "chat", example("chat"), 0)
		echo = launchProject(ctx, "echo", minimal(runID), 0)
	})
	AfterAll(deleteAll)

	It("answers with the documented fields", func(ctx SpecContext) {
		launch := bookstore.launch
		Expect(launch.Created).To(BeTrue())
		Expect(launch.ID).NotTo(BeEmpty())
		Expect(launch.GenerationID).To(Equal(bookstore.id))
		Expect(launch.UserID).To(Equal(bookstore.User))
		Expect(launch.ProjectID).To(Equal("project-bookstore"))
		Expect(launch.Status).To(Equal("starting"))
		Expect(launch.Port).To(And(BeNumerically(">=", 3001), BeNumerically("<=", 3100)))
		Expect(launch.BaseURL).To(HavePrefix("http"))
		Expect(launch.SessionToken).NotTo(BeEmpty())
		Expect(launch.CreatedAt).To(BeTemporally("~", time.Now(), time.Minute))
	})

	It("runs the bookstore", func(ctx SpecContext) {
		instance := bookstore.eventuallyRunning(ctx)
		Expect(instance.Status.Port).To(Equal(bookstore.launch.Port))

		var page struct {
			Items []struct {
				ID    int
				Title string
			}
			Total int
		}
		bookstore.get(ctx, "/books", map[string]string{"limit": "2", "q": "the"}, &page)
		Expect(page.Items).To(HaveLen(2))
		Expect(page.Items[0].Title).To(Equal("The Left Hand of Darkness"))

		book := map[string]any{"title": "The Lathe of Heaven", "isbn": "978-0-06-051274-3", "author_id": 1, "published": 1971, "price": "9.50"}
		post := framework.Envelope{
			Method: http.MethodPost, Path: "/books", Body: book,
			Headers: map[string]string{"Content-Type": "application/json"},
		}
		Expect(bookstore.Request(ctx, bookstore.id, bookstore.launch.SessionToken, post)).To(And(
			HaveField("StatusCode", http.StatusCreated), HaveField("Body", ContainSubstring(`"isbn":"9780060512743"`))))
		Expect(bookstore.Request(ctx, bookstore.id, bookstore.launch.SessionToken, post)).To(
			HaveField("StatusCode", http.StatusConflict))
		book["price"] = "-1"
		Expect(bookstore.Request(ctx, bookstore.id, bookstore.launch.SessionToken, post)).To(And(
			HaveField("StatusCode", http.StatusUnprocessableEntity), HaveField("Body", ContainSubstring("price"))))
	})

	It("tells status and configuration", func(ctx SpecContext) {
		bookstore.eventuallyRunning(ctx)
		Eventually(ctx, func(ctx context.Context) (framework.Status, error) { return bookstore.Status(ctx, bookstore.id) }).
			WithTimeout(10 * time.Second).WithPolling(poll).Should(And(
			HaveField("Status", "running"), HaveField("Health", "healthy"), HaveField("Port", bookstore.launch.Port),
			HaveField("ID", bookstore.launch.ID), HaveField("BaseURL", bookstore.launch.BaseURL),
			// An interpreter with FastAPI takes some 30 MiB; the limit is 512.
			HaveField("MemoryUsageMB", HaveValue(And(BeNumerically(">", 5), BeNumerically("<", 512)))),
			HaveField("CPUUsagePercent", HaveValue(And(BeNumerically(">=", 0), BeNumerically("<=", 200))))))
		Expect(bookstore.Config(ctx, bookstore.id)).To(And(
			HaveKeyWithValue("port", BeNumerically("==", bookstore.launch.Port)),
			HaveKeyWithValue("timeout_seconds", BeNumerically("==", 30)),
			HaveKey("session_timeout"), HaveKey("max_uptime"), HaveKey("memory_limit_mb"), HaveKey("base_url")))
	})

	It("runs the chat", func(ctx SpecContext) {
		chat.eventuallyRunning(ctx)
		Expect(chat.Request(ctx, chat.id, chat.launch.SessionToken, framework.Envelope{
			Method: http.MethodPost, Path: "/rooms/lobby/messages",
			Headers: map[string]string{"Content-Type": "application/json"},
			Body:    map[string]string{"author": "ada", "text": "hello"},
		})).To(HaveField("StatusCode", http.StatusCreated))
		var messages []struct{ Author, Text string }
		chat.get(ctx, "/rooms/lobby/messages", nil, &messages)
		Expect(messages).To(HaveExactElements(And(HaveField("Author", "ada"), HaveField("Text", "hello"))))
	})

	It("carries requests exactly, and none of its own credentials", func(ctx SpecContext) {
		echo.eventuallyRunning(ctx)
		reply, err := echo.Request(ctx, echo.id, echo.launch.SessionToken, framework.Envelope{
			Method: http.MethodPatch, Path: "/echo/a%2Fb/%E2%82%AC", Query: map[string]string{"q": "1 & 2", "empty": ""},
			Headers: map[string]string{"Authorization": "Basic b3duOm93bg==", "Cookie": "own=1", "X-Own": "yes", "Content-Type": "text/plain"},
			Body:    "tëxt\n",
		})
		Expect(err).NotTo(HaveOccurred())
		Expect(reply.StatusCode).To(Equal(http.StatusOK), reply.Body)
		var seen struct {
			Method, Path, Query, Body string
			Headers                   map[string]string
		}
		Expect(reply.Decode(&seen)).To(Succeed())
		Expect(seen.Method).To(Equal(http.MethodPatch))
		Expect(seen.Path).To(Equal("/echo/a%2Fb/%E2%82%AC"))
		Expect(seen.Query).To(Or(Equal("empty=&q=1+%26+2"), Equal("q=1+%26+2&empty="), Equal("empty=&q=1%20%26%202"), Equal("q=1%20%26%202&empty=")))
		Expect(seen.Body).To(Equal("tëxt\n"))
		Expect(seen.Headers).To(And(
			HaveKeyWithValue("authorization", "Basic b3duOm93bg=="), HaveKeyWithValue("cookie", "own=1"), HaveKeyWithValue("x-own", "yes"),
			Not(HaveKey("x-preview-token"))))
		Expect(reply.Body).NotTo(Or(ContainSubstring(echo.Bearer), ContainSubstring(echo.launch.SessionToken)))
	})

	It("streams the application's lines live", func(ctx SpecContext) {
		echo.eventuallyRunning(ctx)
		stream, err := echo.Logs(ctx, echo.id)
		Expect(err).NotTo(HaveOccurred())
		defer stream.Close()
		Expect(stream.Header.Get("Content-Type")).To(HavePrefix("text/event-stream"))
		Expect(stream.Header.Get("Cache-Control")).To(ContainSubstring("no-cache"))

		By("showing what was printed before")
		Eventually(ctx, stream.Text).WithTimeout(5 * time.Second).WithPolling(poll).Should(ContainSubstring("minimal %s is up", runID))
		By("showing a new line as it is printed")
		for i := range 3 {
			word := fmt.Sprintf("word-%d", i)
			asked := time.Now()
			echo.get(ctx, "/say/"+word, nil, &map[string]any{})
			Eventually(ctx, stream.Events).WithTimeout(3 * time.Second).WithPolling(10 * time.Millisecond).Should(ContainElement(And(
				HaveField("Message", "saying "+word), HaveField("Source", "subprocess"), HaveField("Level", "INFO"),
				HaveField("Timestamp", BeTemporally("~", asked, 5*time.Second)))))
		}
	})

	It("starts one preview however many launch it at once", func(ctx SpecContext) {
		first, err := echo.instance(ctx)
		Expect(err).NotTo(HaveOccurred())
		var group sync.WaitGroup
		launches, errs := make([]framework.Launch, 8), make([]error, 8)
		for i := range launches {
			group.Go(func() { launches[i], errs[i] = echo.Launch(ctx, echo.id, "project-echo", 0) })
		}
		group.Wait()
		Expect(errs).To(HaveEach(BeNil()))
		Expect(launches).To(HaveEach(And(
			HaveField("ID", echo.launch.ID), HaveField("Port", echo.launch.Port), HaveField("Created", BeFalse()))))
		after, err := echo.instance(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(after.UID).To(Equal(first.UID))
	})

	It("refuses whoever may not", func(ctx SpecContext) {
		stranger := userClient(unique("stranger"))
		_, err := stranger.Launch(ctx, echo.id, "project-echo", 0)
		Expect(framework.StatusOf(err)).To(Equal(http.StatusForbidden), "launch: %v", err)
		_, err = stranger.Status(ctx, echo.id)
		Expect(framework.StatusOf(err)).To(Equal(http.StatusForbidden), "status: %v", err)
		_, err = stranger.Logs(ctx, echo.id)
		Expect(framework.StatusOf(err)).To(Equal(http.StatusForbidden), "logs: %v", err)
		_, err = stranger.Get(ctx, echo.id, echo.launch.SessionToken, "/")
		Expect(framework.StatusOf(err)).To(Equal(http.StatusForbidden), "request: %v", err)
		Expect(framework.StatusOf(stranger.Stop(ctx, echo.id))).To(Equal(http.StatusForbidden))
		Expect(framework.StatusOf(stranger.PutGeneration(ctx, echo.id, "project-echo", minimal("stolen")))).To(Equal(http.StatusForbidden))

		nobody := *stranger
		nobody.Bearer = ""
		_, err = nobody.Status(ctx, echo.id)
		Expect(framework.StatusOf(err)).To(Equal(http.StatusUnauthorized), "%v", err)
		nobody.Bearer = stranger.Bearer + "x"
		_, err = nobody.Status(ctx, echo.id)
		Expect(framework.StatusOf(err)).To(Equal(http.StatusUnauthorized), "%v", err)

		_, err = echo.Get(ctx, echo.id, "wrong", "/")
		Expect(framework.StatusOf(err)).To(Or(Equal(http.StatusUnauthorized), Equal(http.StatusForbidden)), "%v", err)
		_, err = echo.Get(ctx, echo.id, bookstore.launch.SessionToken, "/")
		Expect(framework.StatusOf(err)).To(Or(Equal(http.StatusUnauthorized), Equal(http.StatusForbidden)), "the token of another preview: %v", err)
		_, err = echo.Launch(ctx, unique("unknown"), "p", 0)
		Expect(framework.StatusOf(err)).To(Equal(http.StatusNotFound), "%v", err)
	})

	It("stops, and starts afresh", func(ctx SpecContext) {
		first := echo.eventuallyRunning(ctx)
		Expect(echo.Stop(ctx, echo.id)).To(Succeed())
		stopped := eventuallyPhase(ctx, echo.instance, v1alpha1.PhaseStopped, goneTimeout)
		Expect(stopped.Status.Port).To(BeZero())
		Expect(stopped.Status.PodIP).To(BeEmpty())
		eventuallyNoPods(ctx, string(first.UID))
		Expect(echo.Status(ctx, echo.id)).To(HaveField("Status", "stopped"))
		_, err := echo.Get(ctx, echo.id, echo.launch.SessionToken, "/")
		Expect(framework.StatusOf(err)).To(BeNumerically(">=", 400), "a stopped preview answered")

		echo.launch, err = echo.Launch(ctx, echo.id, "project-echo", 0)
		Expect(err).NotTo(HaveOccurred())
		Eventually(ctx, func(ctx context.Context) (int, error) {
			reply, err := echo.Get(ctx, echo.id, echo.launch.SessionToken, "/")
			return reply.StatusCode, err
		}).WithTimeout(startTimeout).WithPolling(poll).Should(Equal(http.StatusOK))
	})
}
