// Command localcluster runs a real single-node Kubernetes on this machine, from
// programs it builds from Go modules.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/assets"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/host"
)

const usage = `localcluster runs a real single-node Kubernetes on this machine.

Usage: localcluster [flags] <command>

Commands:
  up                    make the cluster exist and work, whatever state it is in
  down                  remove it with everything it has put on the machine
  status                show the components; fails unless all work
  kubeconfig            print the path of the administrator's kubeconfig
  kubectl <arguments>   run kubectl as administrator
  load <OCI archive>    make the archive's images available to pods
  assets                build if necessary and print the folder that holds
                        kube-apiserver, etcd and kubectl (KUBEBUILDER_ASSETS)

  kill <component>      end it as a crash would; it is started again at once
  restart <component>   end it in an orderly way and wait until it works again
  stop <component>      end it until start or up
  start <component>     start it and wait until it works

Components: etcd apiserver controller-manager scheduler containerd kubelet
            kube-proxy coredns metrics-server

Flags (each can be set in the environment instead):
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "localcluster:", err)
	if errors.Is(err, errUsage) {
		os.Exit(2)
	}
	os.Exit(1)
}

var errUsage = errors.New("see localcluster --help")

func run(ctx context.Context, args []string) error {
	var name, stateDir, cacheDir, source string
	flags := flag.NewFlagSet("localcluster", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&name, "name", env("LOCALCLUSTER_NAME", "preview"),
		"the `cluster`; several run side by side (LOCALCLUSTER_NAME)")
	flags.StringVar(&stateDir, "state-dir", env("LOCALCLUSTER_STATE_DIR", userDir("XDG_STATE_HOME", ".local/state", "clusters")),
		"the `folder` that holds one folder per cluster (LOCALCLUSTER_STATE_DIR)")
	flags.StringVar(&cacheDir, "cache-dir", env("LOCALCLUSTER_CACHE_DIR", userDir("XDG_CACHE_HOME", ".cache", "bin")),
		"the `folder` of finished builds (LOCALCLUSTER_CACHE_DIR)")
	flags.StringVar(&source, "source", env("LOCALCLUSTER_SOURCE", ownSource()),
		"the `folder` hack/localcluster of a checkout, to build from (LOCALCLUSTER_SOURCE)")

	rest, err := parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(os.Stdout, usage)
		flags.SetOutput(os.Stdout)
		flags.PrintDefaults()
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w; %w", err, errUsage)
	}
	cacheDir, err = filepath.Abs(cacheDir)
	if err != nil {
		return err
	}
	progress := assets.NewProgress(os.Stderr)
	cluster, err := host.New(host.Options{
		Name:     name,
		StateDir: stateDir,
		Cache:    assets.Cache{Dir: cacheDir, Source: source, Progress: progress},
		Progress: progress,
	})
	if err != nil {
		return err
	}
	return command(ctx, cluster, rest)
}

// parse takes flags before and after the command's name. What follows kubectl is
// kubectl's alone.
func parse(flags *flag.FlagSet, args []string) ([]string, error) {
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() == 0 {
		return nil, errors.New("no command given")
	}
	name, rest := flags.Arg(0), flags.Args()[1:]
	if name == "help" {
		return nil, flag.ErrHelp
	}
	words := []string{name}
	for name != "kubectl" && len(rest) > 0 {
		if err := flags.Parse(rest); err != nil {
			return nil, err
		}
		rest = flags.Args()
		if len(rest) > 0 {
			words, rest = append(words, rest[0]), rest[1:]
		}
	}
	return append(words, rest...), nil
}

func env(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

// userDir is a folder of this project's in one of the XDG base directories.
func userDir(variable, fallback, name string) string {
	base := os.Getenv(variable)
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			// A daemon's environment may lack HOME; root's is where it always is.
			home = "/root"
		}
		base = filepath.Join(home, fallback)
	}
	return filepath.Join(base, "preview-operator", name)
}

// ownSource is where this program was compiled from.
func ownSource() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}
