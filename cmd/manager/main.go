// Command manager reconciles PreviewInstances into running previews. With the sub-command migrate it shows the schema of
// the store's database, or takes it up or down; with backup and restore it copies a SQLite database.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/uuid"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/controllers"
	"github.com/codebegen/preview-operator/internal/collector"
	"github.com/codebegen/preview-operator/internal/gatewaytoken"
	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/podspec"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/internal/telemetry"
)

const (
	healthAddress  = ":8081"
	metricsAddress = ":8082"
	leaseName      = "preview-operator"

	// requestsPerSecond and requestBurst of the client: a hundred launches at once must not wait for client-go's
	// default of 20 a second. The API server protects itself.
	requestsPerSecond = 500
	requestBurst      = 1000

	// Leases that are not renewed for that long are taken over.
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = 2 * time.Second
)

func main() {
	ctrl.SetLogger(zap.New())
	if err := run(ctrl.SetupSignalHandler(), os.Args[1:], os.LookupEnv, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(1)
	}
}

// run chooses the sub-command.
func run(ctx context.Context, args []string, lookup func(string) (string, bool), in io.Reader, out io.Writer) error {
	switch {
	case len(args) == 0:
		return manage(ctx, lookup)
	case args[0] == "migrate":
		return migrate(ctx, args[1:], lookup, out)
	case args[0] == "backup":
		return backup(ctx, args[1:], lookup, out)
	case args[0] == "restore":
		return restore(ctx, args[1:], lookup, in, out)
	default:
		return fmt.Errorf("unknown sub-command %q: give none to manage previews, or migrate, backup or restore", args[0])
	}
}

func manage(ctx context.Context, lookup func(string) (string, bool)) (err error) {
	live, err := settings.Open(lookup)
	if err != nil {
		return err
	}
	config := live.Current()
	runnerKey, err := settings.ReadKeyFile(config.RunnerKeyFile)
	if err != nil {
		return err
	}
	generations, err := store.Open(ctx, store.Options{Path: config.DatabasePath, URL: config.DatabaseURL})
	if err != nil {
		return err
	}
	defer generations.Close()
	read, closeRead, err := openGenerations(ctx, config, generations)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeRead()) }()
	runners, err := handover.New(handover.Options{})
	if err != nil {
		return err
	}
	kube, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	kube.QPS, kube.Burst = requestsPerSecond, requestBurst
	if err := awaitAPIServer(ctx, kube, ctrl.Log, apiServerWait, apiServerPoll); err != nil {
		return err
	}
	mgr, err := newManager(kube, config)
	if err != nil {
		return err
	}
	tracing, err := startTracing(ctx, mgr, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tracing.Shutdown(context.WithoutCancel(ctx))) }()
	metrics := controllers.NewMetrics(ctrlmetrics.Registry)
	logs, err := newCollector(mgr, metrics.CollectorStore(generations), runners)
	if err != nil {
		return err
	}
	// Before the store.
	defer logs.Close()
	err = controllers.SetupWithManager(mgr, controllers.Options{
		Collector: logs, Runs: generations,
		Settings: live, RunnerKey: runnerKey, Generations: read, Runners: controllers.NewRunnerClient(runners), Metrics: metrics,
		Tracing: tracing,
	})
	logger := slog.New(logr.ToSlogHandler(mgr.GetLogger()))
	if err := errors.Join(err, mgr.Add(settingsRunner{live, logger}), mgr.Add(retention{live, metrics.RetentionStore(generations), mgr.GetClient(), logger}), addGatewayToken(mgr, config), addProbes(mgr)); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// openGenerations returns where generations are read: the store, or the product's own table.
func openGenerations(ctx context.Context, config settings.Settings, own *store.Store) (_ controllers.GenerationReader, closeIt func() error, err error) {
	if config.GenerationsURL == "" {
		return own, func() error { return nil }, nil
	}
	product, err := store.OpenProduct(ctx, store.ProductOptions{URL: config.GenerationsURL, Table: config.GenerationsTable})
	if err != nil {
		return nil, nil, fmt.Errorf("PREVIEW_GENERATIONS_URL: %w", err)
	}
	return product, product.Close, nil
}

func startTracing(ctx context.Context, mgr ctrl.Manager, config settings.Settings) (*telemetry.Tracing, error) {
	return telemetry.StartTracing(ctx, telemetry.TracingOptions{
		Endpoint: config.TracingEndpoint, SamplePercent: config.TracingSamplePercent, Service: "preview-manager",
		OnError: func(err error) { mgr.GetLogger().Info("sending traces failed", "error", err.Error()) },
	})
}

func newManager(kube *rest.Config, config settings.Settings) (ctrl.Manager, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	lock, err := newLock(kube, config)
	if err != nil {
		return nil, err
	}
	lease, renew, period := leaseDuration, renewDeadline, retryPeriod
	return ctrl.NewManager(kube, ctrl.Options{
		Scheme:                 scheme,
		Cache:                  cacheOptions(config),
		Metrics:                metricsserver.Options{BindAddress: metricsAddress},
		HealthProbeBindAddress: healthAddress,
		LeaderElection:         true,
		// Names the leader in leader_election_master_status; the lock has its own.
		LeaderElectionID:                    leaseName,
		LeaderElectionResourceLockInterface: lock,
		LeaderElectionReleaseOnCancel:       true,
		LeaseDuration:                       &lease,
		RenewDeadline:                       &renew,
		RetryPeriod:                         &period,
	})
}

// newLock identifies the leader by its pod. The container of a pod never runs twice at a time, so one that was killed
// and restarted is still the leader and need not wait until its own lease has expired. Outside a pod each process is
// somebody of its own.
func newLock(kube *rest.Config, config settings.Settings) (resourcelock.Interface, error) {
	identity := config.PodName
	if identity == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, err
		}
		identity = host + "_" + string(uuid.NewUUID())
	}
	return resourcelock.NewFromKubeconfig(resourcelock.LeasesResourceLock, config.PodNamespace, leaseName,
		resourcelock.ResourceLockConfig{Identity: identity}, kube, renewDeadline)
}

// cacheOptions keeps only what concerns previews in memory.
func cacheOptions(config settings.Settings) cache.Options {
	ours := labels.SelectorFromSet(labels.Set{v1alpha1.LabelComponent: v1alpha1.ComponentPreview})
	named := func(name string) cache.ByObject {
		return cache.ByObject{Field: fields.OneTermEqualSelector("metadata.name", name)}
	}
	options := cache.Options{
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Pod{}:                 {Label: ours},
			&corev1.Service{}:             named(v1alpha1.ServiceName),
			&networkingv1.NetworkPolicy{}: named(v1alpha1.NetworkPolicyName),
			&corev1.Node{}:                {Transform: bareNode},
		},
	}
	if len(config.WatchNamespaces) > 0 {
		options.DefaultNamespaces = map[string]cache.Config{}
		for _, namespace := range config.WatchNamespaces {
			options.DefaultNamespaces[namespace] = cache.Config{}
		}
	}
	return options
}

// bareNode keeps of a node what says whether it takes pods: nodes list their images, and are many.
func bareNode(o any) (any, error) {
	node, ok := o.(*corev1.Node)
	if !ok {
		return o, nil
	}
	bare := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: node.Name, UID: node.UID, ResourceVersion: node.ResourceVersion, DeletionTimestamp: node.DeletionTimestamp,
	}}
	bare.Spec.Unschedulable = node.Spec.Unschedulable
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady {
			bare.Status.Conditions = []corev1.NodeCondition{{Type: c.Type, Status: c.Status}}
		}
	}
	return bare, nil
}

// newCollector makes what brings logs and records of runs into the store. It does nothing before the reconciler tells it
// to, which only that of a leader does.
func newCollector(mgr ctrl.Manager, logs collector.Store, runners *handover.Client) (*collector.Collector, error) {
	core, err := typedcorev1.NewForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, err
	}
	return collector.New(collector.Options{
		Store: logs, Journals: runners, Pods: collector.KubernetesPods{Client: core, Container: podspec.ContainerName},
		Logger: slog.New(logr.ToSlogHandler(mgr.GetLogger().WithName("collector"))),
	})
}

// addGatewayToken supplies the gateway in the same pod with tokens of its own service account.
func addGatewayToken(mgr ctrl.Manager, config settings.Settings) error {
	if config.GatewayServiceAccount == "" {
		return nil
	}
	if info, err := os.Stat(filepath.Dir(config.GatewayTokenFile)); err != nil || !info.IsDir() {
		return fmt.Errorf("the folder of PREVIEW_GATEWAY_TOKEN_FILE=%q does not exist; mount the shared volume, or set PREVIEW_GATEWAY_SERVICE_ACCOUNT to nothing if no gateway runs beside the manager", config.GatewayTokenFile)
	}
	core, err := typedcorev1.NewForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return err
	}
	return mgr.Add(&gatewaytoken.Renewer{
		Requester:      core.ServiceAccounts(config.PodNamespace),
		ServiceAccount: config.GatewayServiceAccount,
		File:           config.GatewayTokenFile,
	})
}

// settingsRunner takes up changed settings, whether or not this manager leads.
type settingsRunner struct {
	live   *settings.Live
	logger *slog.Logger
}

func (s settingsRunner) Start(ctx context.Context) error {
	s.live.Run(ctx, s.logger)
	return nil
}

func (settingsRunner) NeedLeaderElection() bool { return false }

func addProbes(mgr ctrl.Manager) error {
	return errors.Join(mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("ping", healthz.Ping))
}
