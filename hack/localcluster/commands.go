package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/host"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/node"
)

// arguments is how many each command takes; kubectl takes any.
var arguments = map[string]int{
	"up": 0, "down": 0, "status": 0, "kubeconfig": 0, "assets": 0, "node": 0, "load": 1,
	node.ActionKill: 1, node.ActionRestart: 1, node.ActionStop: 1, node.ActionStart: 1,
}

func command(ctx context.Context, cluster *host.Cluster, words []string) error {
	name, args := words[0], words[1:]
	if name == "kubectl" {
		return kubectl(ctx, cluster, args)
	}
	wanted, known := arguments[name]
	if !known {
		return fmt.Errorf("there is no command %q; %w", name, errUsage)
	}
	if len(args) != wanted {
		return fmt.Errorf("%s takes %d arguments, not %d; %w", name, wanted, len(args), errUsage)
	}

	switch name {
	case "up":
		return cluster.Up(ctx)
	case "down":
		return cluster.Down(ctx)
	case "status":
		return status(ctx, cluster)
	case "kubeconfig":
		fmt.Println(cluster.Kubeconfig())
		return nil
	case "assets":
		dir, err := cluster.Cache.EnsureKubernetes(ctx)
		if err != nil {
			return err
		}
		fmt.Println(dir)
		return nil
	case "load":
		return cluster.Load(ctx, args[0])
	case "node":
		return runNode(ctx, cluster)
	default:
		return cluster.Act(ctx, name, args[0])
	}
}

// runNode is how up starts this program inside the namespaces; it is no command
// for people.
func runNode(ctx context.Context, cluster *host.Cluster) error {
	params, err := cluster.Params()
	if err != nil {
		return err
	}
	return node.Run(ctx, node.Options{
		StateDir: cluster.Dir(),
		BinDir:   cluster.Cache.Dir,
		Params:   params,
		Go:       os.Stdin,
	})
}

// kubectl replaces this program by kubectl, so that signals, exit code and terminal are its own: Ctrl-C ends what it follows
// as kubectl would end it.
func kubectl(ctx context.Context, cluster *host.Cluster, args []string) error {
	cmd, err := cluster.Kubectl(ctx, args...)
	if err != nil {
		return err
	}
	return fmt.Errorf("run %s: %w", cmd.Path, syscall.Exec(cmd.Path, cmd.Args, cmd.Env))
}

func status(ctx context.Context, cluster *host.Cluster) error {
	components, err := cluster.Components(ctx)
	if err != nil {
		return err
	}
	params, err := cluster.Params()
	if err != nil {
		return err
	}
	fmt.Printf("API server  %s\nkubeconfig  %s\n\n", params.APIServerURL(), cluster.Kubeconfig())
	table := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "COMPONENT\tSTATE\tPID\tRESTARTS\tAGE\tLAST END")
	for _, c := range components {
		state, age := "ready", time.Since(c.Started).Round(time.Second).String()
		switch {
		case !c.Wanted:
			state, age = "stopped", "-"
		case c.PID == 0:
			state, age = "not running", "-"
		case !c.Ready:
			state = "not ready"
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\t%s\n", c.Name, state, c.PID, c.Restarts, age, c.LastEnd)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if slices.ContainsFunc(components, func(c node.Status) bool { return !c.Ready }) {
		return errors.New("not all components work; up repairs the cluster")
	}
	return nil
}
