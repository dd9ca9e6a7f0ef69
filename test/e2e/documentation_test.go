package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

const (
	httpDocs = "../../docs/http-api.md"
	// docsGeneration is the id in the page, docsUser whose token runs it: the same in every run, so that a kept cluster
	// can be used again.
	docsGeneration = "gen_123"
	docsUser       = userPrefix + "docs"
)

// command is an indented block of the page that calls curl, and what the page shows of its answer.
type command struct {
	line   int
	script string
	// status is the number at the beginning of the block after it; shape is what follows, as JSON unless it is empty or
	// a stream.
	status int
	shape  string
}

// documentationSpecs run the commands of docs/http-api.md, in their order, in one shell.
func documentationSpecs() {
	AfterAll(deleteAll)

	It("shows commands that answer as it says", func(ctx SpecContext) {
		page, err := os.ReadFile(httpDocs)
		Expect(err).NotTo(HaveOccurred())
		commands := commandsOf(string(page))
		Expect(len(commands)).To(BeNumerically(">", 20))
		poolOfStandardRuntime(ctx, 3) // The page shows warm launches.
		user := userClient(docsUser)
		// Whatever a run that was broken off has left.
		_ = user.DeleteGeneration(ctx, docsGeneration)
		folder := runAll(ctx, commands, user.Bearer)
		for i, c := range commands {
			where := fmt.Sprintf("docs/http-api.md:%d: %s", c.line, c.script)
			body, err := os.ReadFile(filepath.Join(folder, fmt.Sprintf("%d.out", i)))
			Expect(err).NotTo(HaveOccurred(), where)
			status, err := os.ReadFile(filepath.Join(folder, fmt.Sprintf("%d.err", i)))
			Expect(err).NotTo(HaveOccurred(), where)
			Expect(lastStatus(string(status))).To(Equal(c.status), "%s\n%s%s", where, body, status)
			if strings.HasPrefix(c.shape, "{") {
				var want, got any
				Expect(json.Unmarshal([]byte(c.shape), &want)).To(Succeed(), where)
				Expect(json.Unmarshal(body, &got)).To(Succeed(), "%s\n%s", where, body)
				Expect(sameShape("", want, got)).To(Succeed(), "%s\n%s", where, body)
				continue
			}
			for _, line := range strings.Split(c.shape, "\n") {
				name, _, _ := strings.Cut(line, ":")
				Expect(string(body)).To(ContainSubstring(name), where)
			}
		}
		fmt.Printf("\ndocs/http-api.md: %d commands answered as it says\n", len(commands))
	})
}

// commandsOf finds the blocks that call curl, and the blocks that begin with a status after them.
func commandsOf(page string) (commands []command) {
	var block []string
	begin := 0
	flush := func() {
		text := strings.Join(block, "\n")
		block = nil
		first, rest, _ := strings.Cut(text, "\n")
		status, err := strconv.Atoi(strings.TrimSpace(first))
		switch {
		case strings.Contains(text, "curl "):
			commands = append(commands, command{line: begin, script: text})
		case err == nil && len(commands) > 0 && commands[len(commands)-1].status == 0:
			commands[len(commands)-1].status, commands[len(commands)-1].shape = status, strings.TrimSpace(rest)
		}
	}
	for number, line := range strings.Split(page, "\n") {
		code, indented := strings.CutPrefix(line, "    ")
		switch {
		case indented && len(block) == 0:
			begin = number + 1
			block = append(block, code)
		case indented:
			block = append(block, code)
		case len(block) > 0:
			flush()
		}
	}
	return commands
}

// curl as the page means it: silent, bounded, and with the status on the last line of standard error.
const curlShim = "#!/bin/sh\nexec %q -sS --max-time 60 -w '%%{stderr}\\n%%{http_code}\\n' \"$@\"\n"

// runAll runs the commands in a shell beside the examples, and returns the folder with what each printed.
func runAll(ctx context.Context, commands []command, token string) string {
	GinkgoHelper()
	folder := GinkgoT().TempDir()
	curl, err := exec.LookPath("curl")
	Expect(err).NotTo(HaveOccurred())
	Expect(os.WriteFile(filepath.Join(folder, "curl"), fmt.Appendf(nil, curlShim, curl), 0o700)).To(Succeed())
	var script strings.Builder
	for i, c := range commands {
		fmt.Fprintf(&script, "{\n%s\n} >%s/%d.out 2>%s/%d.err </dev/null\n", c.script, folder, i, folder, i)
	}
	shell := exec.CommandContext(ctx, "bash", "-c", script.String())
	shell.Dir = "../../examples"
	shell.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"), "GATEWAY="+cluster.GatewayURL, "TOKEN="+token, "no_proxy=*")
	var said bytes.Buffer
	shell.Stdout, shell.Stderr = &said, &said
	// The last command may well be one that curl ends with an error; what counts is the status of each.
	if err := shell.Run(); err != nil {
		AddReportEntry("shell", err.Error(), said.String())
	}
	return folder
}

var statusLine = regexp.MustCompile(`(?m)^\d{3}$`)

func lastStatus(text string) int {
	all := statusLine.FindAllString(text, -1)
	if len(all) == 0 {
		return 0
	}
	status, _ := strconv.Atoi(all[len(all)-1])
	return status
}

// sameShape holds that an answer has every member that the page shows, of the same type; null in the page stands for
// anything, and the first item of a list for all.
func sameShape(path string, want, got any) error {
	switch want := want.(type) {
	case nil:
		return nil
	case map[string]any:
		members, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is no object: %v", path, got)
		}
		for name, value := range want {
			if _, ok := members[name]; !ok {
				return fmt.Errorf("%s.%s is missing", path, name)
			}
			if err := sameShape(path+"."+name, value, members[name]); err != nil {
				return err
			}
		}
		for name := range members {
			// Names of header fields and of files are the application's. That only some rows have params the page says in words.
			if _, ok := want[name]; !ok && name != "params" && !strings.HasSuffix(path, ".headers") && !strings.HasSuffix(path, ".files") {
				return fmt.Errorf("%s.%s is not in the page", path, name)
			}
		}
		return nil
	case []any:
		items, ok := got.([]any)
		if !ok || len(want) > 0 && len(items) == 0 {
			return fmt.Errorf("%s is no list with items: %v", path, got)
		}
		for i, item := range items {
			if len(want) == 0 {
				break
			}
			if err := sameShape(fmt.Sprintf("%s[%d]", path, i), want[0], item); err != nil {
				return err
			}
		}
		return nil
	default:
		if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got) {
			return fmt.Errorf("%s is %v, in the page %v", path, got, want)
		}
		return nil
	}
}
