package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/test/e2e/framework"
)

// blockTimeout bounds the commands of one block: pods that start and stop.
const blockTimeout = 5 * time.Minute

// operationsSpecs run the commands of docs/operations.md and docs/upgrade.md that are marked as tested.
func operationsSpecs() {
	It("back the store up, take it down and up again, and restore it, while previews go on", func(ctx SpecContext) {
		folder := GinkgoT().TempDir()
		DeferCleanup(deleteAll)
		DeferCleanup(func(ctx SpecContext) {
			// Whatever was broken off, the installation is there for others.
			_, err := cluster.Kubectl(ctx, "-n", framework.SystemNamespace, "delete", "pod", "store-migrate", "store-restore", "--ignore-not-found")
			Expect(err).NotTo(HaveOccurred())
			runBlock(ctx, folder, "../../docs/upgrade.md", "up")
		})
		p := launchProject(ctx, "operations", minimal("operations"), 0)
		running := p.eventuallyRunning(ctx)

		runBlock(ctx, folder, "../../docs/operations.md", "backup")
		status := runBlock(ctx, folder, "../../docs/upgrade.md", "status")
		Expect(status).To(ContainSubstring("/preview.db has version"))
		Expect(status).NotTo(ContainSubstring("pending"))

		Expect(runBlock(ctx, folder, "../../docs/upgrade.md", "down")).To(ContainSubstring("version 6 to 5\ndown from 6 (run_retention)"))
		runBlock(ctx, folder, "../../docs/upgrade.md", "up")
		Expect(runBlock(ctx, folder, "../../docs/upgrade.md", "status")).To(ContainSubstring(firstLine(status)), "the newest version again")
		eventuallyReady(ctx, cluster.Gateway)
		p.get(ctx, "/", nil, new(any))

		By("deleting what the backup has")
		other := userClient(p.User)
		Expect(other.PutGeneration(ctx, p.id+"-later", "project", minimal("later"))).To(Succeed())
		runBlock(ctx, folder, "../../docs/operations.md", "restore")
		// The pod is ready a moment before the node sends it what comes to the Service.
		eventuallyReady(ctx, cluster.Gateway)
		_, err := other.Launch(ctx, p.id+"-later", "project", 0)
		Expect(framework.StatusOf(err)).To(Equal(404), "what was stored after the backup")
		after, err := p.instance(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(after.Status.Phase).To(Equal(v1alpha1.PhaseRunning))
		Expect(after.Status.PodName).To(Equal(running.Status.PodName))
		p.get(ctx, "/", nil, new(any))
	})
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// runBlock runs the block of a page that is marked with a name, in a folder, and returns what it prints.
func runBlock(ctx context.Context, folder, page, name string) string {
	GinkgoHelper()
	text, err := os.ReadFile(page)
	Expect(err).NotTo(HaveOccurred())
	_, rest, found := strings.Cut(string(text), "<!-- tested: "+name+" -->\n```sh\n")
	Expect(found).To(BeTrue(), "%s has no block that is tested: %s", page, name)
	script, _, _ := strings.Cut(rest, "```\n")

	shim := fmt.Sprintf("#!/bin/sh\nexec %q --kubeconfig %q \"$@\"\n", cluster.Config.Kubectl, cluster.Kubeconfig)
	Expect(os.WriteFile(filepath.Join(folder, "kubectl"), []byte(shim), 0o700)).To(Succeed())
	ctx, cancel := context.WithTimeout(ctx, blockTimeout)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	shell.Dir = folder
	shell.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"), "KUBECONFIG="+cluster.Kubeconfig)
	output, err := shell.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s: %s\n%s", page, name, output)
	return string(output)
}
