package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/support"
)

var _ = Describe("kubectl preview", Ordered, ContinueOnFailure, pluginSpecs)

// pluginTimeout bounds one run of the plug-in.
const pluginTimeout = 3 * time.Minute

// secretPattern finds bearer tokens and session tokens.
var secretPattern = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.|pvs1\.`)

// plugin is the built plug-in, used by one person.
type plugin struct {
	binary string
	args   []string
	env    []string
}

// pluginRun is what came of a run.
type pluginRun struct {
	Code        int
	Out, ErrOut string
}

// pluginProcess is a run that goes on.
type pluginProcess struct {
	command     *exec.Cmd
	out, errOut support.Buffer
}

func (p plugin) start(ctx context.Context, args ...string) *pluginProcess {
	GinkgoHelper()
	process := &pluginProcess{command: exec.CommandContext(ctx, p.binary, append(args, p.args...)...)}
	process.command.Env = append(os.Environ(), p.env...)
	process.command.Stdout, process.command.Stderr = &process.out, &process.errOut
	Expect(process.command.Start()).To(Succeed())
	return process
}

// wait waits for the end. Tokens must be in no output (incident 22), nor in the arguments that everybody on the machine sees.
func (p *pluginProcess) wait() pluginRun {
	GinkgoHelper()
	err := p.command.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		Expect(err).NotTo(HaveOccurred())
	}
	run := pluginRun{p.command.ProcessState.ExitCode(), p.out.String(), p.errOut.String()}
	Expect(secretPattern.FindString(run.Out+run.ErrOut+strings.Join(p.command.Args, " "))).To(BeEmpty(), "a secret was printed")
	return run
}

// run runs the plug-in to its end.
func (p plugin) run(ctx context.Context, args ...string) pluginRun {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(ctx, pluginTimeout)
	defer cancel()
	return p.start(ctx, args...).wait()
}

// succeeds runs the plug-in and returns its output.
func (p plugin) succeeds(ctx context.Context, args ...string) string {
	GinkgoHelper()
	run := p.run(ctx, args...)
	Expect(run.Code).To(BeZero(), "%s: %+v", strings.Join(args, " "), run)
	return run.Out
}

// prints runs the plug-in with -o json and decodes its output.
func (p plugin) prints(ctx context.Context, into any, args ...string) {
	GinkgoHelper()
	out := p.succeeds(ctx, append(args, "-o", "json")...)
	Expect(json.Unmarshal([]byte(out), into)).To(Succeed(), out)
}

// pluginState is what the specs look at of a preview.
type pluginState struct {
	ID           string `json:"id"`
	GenerationID string `json:"generation_id"`
	UserID       string `json:"user_id"`
	Status       string `json:"status"`
	Port         int32  `json:"port"`
}

// pluginSpecs use each command of the plug-in on the three examples.
func pluginSpecs() {
	var alice plugin
	var user, bookstore string

	BeforeAll(func() {
		binary, err := gexec.Build("github.com/codebegen/preview-operator/cmd/kubectl-preview", "-trimpath")
		Expect(err).NotTo(HaveOccurred())
		user = unique("plugin")
		bookstore = "bookstore-" + user
		alice = plugin{binary: binary, args: []string{"--user", user}, env: []string{"KUBECONFIG=" + cluster.Kubeconfig, "PREVIEW_GATEWAY=", "PREVIEW_TOKEN="}}
	})
	AfterAll(func(ctx SpecContext) {
		deleteAll(ctx)
		eventuallyNothingLeft(ctx)
		gexec.CleanupBuildArtifacts()
	})

	It("launches a folder, through the kubeconfig alone", func(ctx SpecContext) {
		run := alice.run(ctx, "launch", "../../examples/bookstore", "--project", "shop", "--env", "E2E=1")
		Expect(run.Code).To(BeZero(), "%+v", run)
		Expect(run.Out).To(And(HavePrefix(bookstore+" is running ("), ContainSubstring("kubectl preview open "+bookstore)))
		Expect(run.ErrOut).To(And(MatchRegexp(`storing \d+ files as `+bookstore), ContainSubstring("launching "+bookstore)))
	})

	It("lists previews", func(ctx SpecContext) {
		Expect(alice.succeeds(ctx, "ls")).To(MatchRegexp(`(?m)^ID +STATUS +PORT +UPTIME +AGE\n` + bookstore + ` +running +\d+ `))
		Expect(alice.succeeds(ctx, "ls", "-o", "wide", "--status", "running")).To(MatchRegexp(bookstore + ` +running .* shop .* http://`))
		Expect(alice.run(ctx, "ls", "--status", "failed").ErrOut).To(ContainSubstring("There are no previews."))
		var list struct{ Previews []pluginState }
		alice.prints(ctx, &list, "ls", "--all")
		Expect(list.Previews).To(ContainElement(And(HaveField("GenerationID", bookstore), HaveField("UserID", user))))
		bob := alice
		bob.args = []string{"--user", unique("bob")}
		Expect(bob.run(ctx, "ls").ErrOut).To(ContainSubstring("There are no previews."))
	})

	It("sends requests", func(ctx SpecContext) {
		var books struct {
			Total int
			Items []struct{ Title string }
		}
		out := alice.succeeds(ctx, "request", "GET", "/books", "--query", "limit=1")
		Expect(json.Unmarshal([]byte(out), &books)).To(Succeed(), out)
		Expect(books.Items).To(HaveLen(1))
		Expect(alice.succeeds(ctx, "request", "get", "/books", "--id", "bookstore-", "-i")).To(HavePrefix("HTTP 200 OK ("))
		missing := alice.run(ctx, "request", "GET", "/nope", "--fail")
		Expect(missing).To(And(HaveField("Code", 22), HaveField("ErrOut", ContainSubstring("the application answered 404"))))
		Expect(alice.run(ctx, "request", "GET", "/nope").Code).To(BeZero())
		var reply struct {
			StatusCode int `json:"status_code"`
		}
		alice.prints(ctx, &reply, "request", "POST", "/books", "-d", `{"title":"Emma"}`)
		Expect(reply.StatusCode).To(Equal(http.StatusUnprocessableEntity))
	})

	It("lists endpoints", func(ctx SpecContext) {
		Expect(alice.succeeds(ctx, "endpoints", "bookstore")).To(And(
			MatchRegexp(`(?m)^METHOD +PATH +SUMMARY$`), MatchRegexp(`(?m)^GET +/books +\S`), MatchRegexp(`(?m)^POST +/books `)))
		var list struct{ Count int }
		alice.prints(ctx, &list, "endpoints", bookstore)
		Expect(list.Count).To(BeNumerically(">", 3))
	})

	It("shows the state", func(ctx SpecContext) {
		var state pluginState
		alice.prints(ctx, &state, "status", bookstore)
		Expect(state).To(And(HaveField("Status", "running"), HaveField("Port", BeNumerically(">", 0))))
		Expect(alice.succeeds(ctx, "status", "books")).To(And(
			MatchRegexp(`(?m)^Id: +`+bookstore+`$`), MatchRegexp(`(?m)^Status: +running$`), MatchRegexp(`(?m)^Port: +%d$`, state.Port), MatchRegexp(`(?m)^Ends: +20`)))
		nobody := alice.run(ctx, "status", "nothing-of-mine")
		Expect(nobody).To(And(HaveField("Code", 1), HaveField("ErrOut", ContainSubstring("There is no such generation"))))
	})

	It("prints the log that there is", func(ctx SpecContext) {
		Expect(alice.succeeds(ctx, "logs", bookstore)).To(MatchRegexp(`(?m)^\d\d:\d\d:\d\d\.\d{3} INFO    .*Application startup complete`))
		lines := strings.Split(strings.TrimSpace(alice.succeeds(ctx, "logs", bookstore, "-o", "json")), "\n")
		Expect(len(lines)).To(BeNumerically(">", 5))
		var third struct{ ID, Message string }
		Expect(json.Unmarshal([]byte(lines[2]), &third)).To(Succeed())
		later := strings.Split(strings.TrimSpace(alice.succeeds(ctx, "logs", bookstore, "-o", "json", "--since-id", third.ID)), "\n")
		Expect(later[0]).To(Equal(lines[3]))
	})

	It("is run by kubectl", func(ctx SpecContext) {
		command := exec.CommandContext(ctx, cluster.Config.Kubectl, "preview", "ls", "--user", user)
		command.Env = append(os.Environ(), "KUBECONFIG="+cluster.Kubeconfig, "PATH="+filepath.Dir(alice.binary)+":"+os.Getenv("PATH"))
		out, err := command.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out))
		Expect(string(out)).To(ContainSubstring(bookstore))
	})

	It("opens a local port", func(ctx SpecContext) {
		ctx2, cancel := context.WithTimeout(ctx, pluginTimeout)
		defer cancel()
		open := alice.start(ctx2, "open", bookstore)
		var address string
		Eventually(ctx, func() string {
			address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(open.out.String())
			return address
		}).WithTimeout(time.Minute).WithPolling(poll).ShouldNot(BeEmpty(), open.errOut.String)
		response, err := http.Get(address + "/docs")
		Expect(err).NotTo(HaveOccurred())
		page, err := io.ReadAll(response.Body)
		Expect(response.Body.Close()).To(Succeed())
		Expect(err).NotTo(HaveOccurred())
		Expect(response.StatusCode).To(Equal(http.StatusOK))
		Expect(string(page)).To(ContainSubstring("<html"))
		Expect(open.command.Process.Signal(os.Interrupt)).To(Succeed())
		Expect(open.wait()).To(HaveField("Code", 0))
	})

	It("finds what runs, and replaces it when the files are others", func(ctx SpecContext) {
		var first, again, other pluginState
		alice.prints(ctx, &first, "status", bookstore)
		alice.prints(ctx, &again, "launch", "../../examples/bookstore", "--project", "shop")
		Expect(again.ID).To(Equal(first.ID))
		changed := filepath.Join(GinkgoT().TempDir(), "bookstore")
		Expect(os.CopyFS(changed, os.DirFS("../../examples/bookstore"))).To(Succeed())
		Expect(os.WriteFile(filepath.Join(changed, "nonce.txt"), []byte(runID), 0o600)).To(Succeed())
		alice.prints(ctx, &other, "launch", changed, "--project", "shop")
		Expect(other).To(And(HaveField("Status", "running"), HaveField("GenerationID", bookstore), HaveField("ID", Not(Equal(first.ID)))))
	})

	It("follows the log until the preview stops", func(ctx SpecContext) {
		ctx2, cancel := context.WithTimeout(ctx, pluginTimeout)
		defer cancel()
		follow := alice.start(ctx2, "logs", "-f", bookstore)
		Eventually(ctx, follow.out.String).WithTimeout(time.Minute).WithPolling(poll).Should(ContainSubstring("Application startup complete"))
		alice.succeeds(ctx, "request", "GET", "/books?seen-by-follower=1", "--id", bookstore)
		Eventually(ctx, follow.out.String).WithTimeout(time.Minute).WithPolling(poll).Should(ContainSubstring("seen-by-follower"))
		Expect(alice.succeeds(ctx, "stop", bookstore)).To(Equal(bookstore + " is stopped\n"))
		run := follow.wait()
		Expect(run.Code).To(BeZero(), "%+v", run)
	})

	It("takes an address and a token, without a kubeconfig", func(ctx SpecContext) {
		token, err := cluster.Gateway.Token(user, nil)
		Expect(err).NotTo(HaveOccurred())
		file := filepath.Join(GinkgoT().TempDir(), "token")
		Expect(os.WriteFile(file, []byte(token+"\n"), 0o600)).To(Succeed())
		direct := plugin{binary: alice.binary, args: []string{"--gateway", cluster.GatewayURL, "--token-file", file}, env: []string{"KUBECONFIG=/nowhere", "PREVIEW_TOKEN="}}
		run := direct.run(ctx, "launch", "../../examples/chat")
		Expect(run.Code).To(BeZero(), "%+v", run)
		// The id has the name in the token.
		Expect(run.Out).To(HavePrefix("chat-" + user + " is running"))
		byEnvironment := plugin{binary: alice.binary, env: []string{"KUBECONFIG=/nowhere", "PREVIEW_GATEWAY=" + cluster.GatewayURL, "PREVIEW_TOKEN=" + token}}
		Expect(byEnvironment.succeeds(ctx, "stop", "chat", "--delete")).To(Equal("chat-" + user + " is deleted\n"))
		Expect(byEnvironment.run(ctx, "status", "chat").Code).To(Equal(1))
	})

	It("tells why a preview failed", func(ctx SpecContext) {
		run := alice.run(ctx, "launch", "../../examples/broken")
		Expect(run.Code).To(Equal(1), "%+v", run)
		Expect(run.Out).To(BeEmpty())
		Expect(run.ErrOut).To(And(ContainSubstring("broken-"+user+" has failed: ImportError (exit code 1)\n"), ContainSubstring("cannot import name 'calculate_vat'"),
			ContainSubstring("The end of its log:\n"), ContainSubstring("Traceback (most recent call last):")))
		Expect(alice.succeeds(ctx, "stop", "broken", "--delete")).To(ContainSubstring("is deleted"))
	})

	It("leaves a preview whose launch is interrupted", func(ctx SpecContext) {
		ctx2, cancel := context.WithTimeout(ctx, pluginTimeout)
		defer cancel()
		launch := alice.start(ctx2, "launch", "testdata/silent", "--timeout", "10m")
		id := "silent-" + user
		Eventually(ctx, launch.errOut.String).WithTimeout(time.Minute).WithPolling(poll).Should(ContainSubstring(id + " is starting"))
		Expect(launch.command.Process.Signal(syscall.SIGINT)).To(Succeed())
		run := launch.wait()
		Expect(run).To(And(HaveField("Code", 130), HaveField("ErrOut", ContainSubstring("interrupted: "+id+" goes on starting"))))
		var state pluginState
		alice.prints(ctx, &state, "status", id)
		Expect(state.Status).To(Equal(strings.ToLower(string(v1alpha1.PhaseStarting))))
		alice.succeeds(ctx, "stop", id, "--delete")
	})

	It("says what is missing for those without rights", func(ctx SpecContext) {
		config, err := clientcmd.LoadFromFile(cluster.Kubeconfig)
		Expect(err).NotTo(HaveOccurred())
		for _, who := range config.AuthInfos {
			who.Impersonate = unique("nobody")
		}
		file := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
		Expect(clientcmd.WriteToFile(*config, file)).To(Succeed())
		nobody := plugin{binary: alice.binary, args: []string{"--kubeconfig", file}, env: []string{"PREVIEW_GATEWAY=", "PREVIEW_TOKEN="}}
		run := nobody.run(ctx, "ls")
		Expect(run).To(And(HaveField("Code", 1), HaveField("ErrOut", And(
			ContainSubstring("no token was given, and none can be made"), ContainSubstring("forbidden"), ContainSubstring("set --token-file or PREVIEW_TOKEN")))))
		Expect(nobody.run(ctx, "ls", "--bad").Code).To(Equal(2))
		elsewhere := alice
		elsewhere.args = append([]string{"-n", "default"}, alice.args...)
		Expect(elsewhere.run(ctx, "ls").ErrOut).To(ContainSubstring(fmt.Sprintf("no gateway that is ready in namespace %s", "default")))
	})
}
