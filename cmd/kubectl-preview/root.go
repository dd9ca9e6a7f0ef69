package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/codebegen/preview-operator/internal/endpoints"
)

// app is one run of the program.
type app struct {
	genericiooptions.IOStreams
	// lookup reads the environment, now the clock.
	lookup func(string) (string, bool)
	now    func() time.Time
	// outIsTerminal and errIsTerminal say who reads the output.
	outIsTerminal, errIsTerminal bool
	// columns is the width of the terminal on standard error, 0 when it is not known.
	columns func() int
	// discover finds the endpoints of the application in files.
	discover func(ctx context.Context, files map[string][]byte, options endpoints.Options) endpoints.Result

	// kube, gateway, token, tokenFile and user are flags.
	kube                            *genericclioptions.ConfigFlags
	gateway, token, tokenFile, user string
	// admin asks for the rights of an administrator where a token is made here.
	admin bool
	// output is the flag -o of the command that runs.
	output string
	// connected is set by connect.
	connected *connection
}

const description = `Launch folders as previews on Kubernetes, and follow, ask and stop them.

The gateway is found through the kubeconfig, in namespace preview-system, unless --gateway or PREVIEW_GATEWAY says where
it is. Who you are is said by --token-file, --token or PREVIEW_TOKEN; without them, those who may read the keys of the
installation get a development token for --user, good for ten minutes and made anew as needed.

Ids may be shortened to what only one of your previews begins with.`

// command is the whole tree.
func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-preview",
		Short: "Launch folders as previews on Kubernetes, and follow, ask and stop them",
		Long:  description,
		Example: `  kubectl preview launch ./bookstore
  kubectl preview request GET /books --id bookstore-alice
  kubectl preview endpoints ./bookstore
  kubectl preview logs -f bookstore-alice
  kubectl preview stop bookstore-alice`,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl preview"},
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			hint := ""
			if close := cmd.SuggestionsFor(args[0]); len(close) > 0 {
				hint = "; did you mean " + strings.Join(close, " or ") + "?"
			}
			return usageError{fmt.Errorf("there is no command %q%s", args[0], hint)}
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.SuggestionsMinimumDistance = 2
	a.addFlags(root)
	root.AddCommand(
		a.launchCommand(), a.logsCommand(), a.requestCommand(), a.endpointsCommand(), a.listCommand(), a.statusCommand(), a.stopCommand(),
		a.openCommand(),
	)
	return root
}

func (a *app) addFlags(root *cobra.Command) {
	// Of kubectl's flags those that say which cluster; the others would collide with ours or mean nothing here.
	a.kube = genericclioptions.NewConfigFlags(true)
	all := a.kube
	all.CacheDir, all.AuthInfoName, all.APIServer, all.TLSServerName, all.Insecure, all.CertFile, all.KeyFile, all.CAFile = nil, nil, nil, nil, nil, nil, nil, nil
	all.BearerToken, all.ImpersonateUID, all.Username, all.Password, all.Timeout, all.DisableCompression, all.ClusterName = nil, nil, nil, nil, nil, nil, nil
	all.Impersonate, all.ImpersonateGroup, all.ImpersonateUserExtra = nil, nil, nil
	flags := root.PersistentFlags()
	all.AddFlags(flags)
	flags.Lookup("namespace").Usage = "Namespace of the installation; preview-system when left out"
	flags.StringVar(&a.gateway, "gateway", "", "URL of the gateway (PREVIEW_GATEWAY); a port-forward to its pod when left out")
	flags.StringVar(&a.token, "token", "", "Bearer token (PREVIEW_TOKEN); other users of this machine can see command lines, so rather use --token-file")
	flags.StringVar(&a.tokenFile, "token-file", "", "File with the bearer token; read again when it is needed")
	flags.StringVar(&a.user, "user", "", "User of the development token that is made when no token is given; your name on this machine when left out")
	for _, name := range []string{"gateway", "token", "user"} {
		// Completion would offer files.
		mustRegister(root.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions))
	}
}

// mustRegister: a completion is registered for a flag that does not exist, or twice, in the program's text alone.
func mustRegister(err error) {
	if err != nil {
		panic(err)
	}
}

// withOutput adds -o to a command that prints objects.
func (a *app) withOutput(cmd *cobra.Command, formats ...string) *cobra.Command {
	usage := "Format of the output: " + strings.Join(formats, " or ")
	cmd.Flags().StringVarP(&a.output, "output", "o", "", usage)
	mustRegister(cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)))
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if a.output != "" && !slices.Contains(formats, a.output) {
			return usageError{fmt.Errorf("-o %s: must be %s", a.output, strings.Join(formats, " or "))}
		}
		return run(cmd, args)
	}
	return cmd
}

// exactly is cobra.ExactArgs with names in its message.
func exactly(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usageError{fmt.Errorf("%s is missing", names[len(args)])}
		}
		if len(args) > len(names) {
			return usageError{fmt.Errorf("unexpected argument %q", args[len(names)])}
		}
		return nil
	}
}
