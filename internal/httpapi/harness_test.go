package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/proxy"
	"github.com/codebegen/preview-operator/internal/session"
	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/internal/ticket"
	"github.com/codebegen/preview-operator/test/support"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(contractRun{m}) }

const (
	namespace = "previews"
	// The canaries must appear in no answer, error or log line (incident 22).
	jwtSecret  = "canary-jwt-secret-0123456789abcdef"
	sessionKey = "canary-session-key-0123456789abcdef"
)

// cluster is the fake API server of a test, with what the fake client lacks: UIDs, preconditions, faults, and a manager.
type cluster struct {
	client.WithWatch

	// writing makes a check and the write that it allows one step, as they are on an API server.
	writing sync.Mutex

	mu sync.Mutex
	// manage plays the manager for each created instance; nothing happens when nil.
	manage func(*v1alpha1.PreviewInstance)
	// fail makes calls fail: by verb.
	fail    map[string]error
	created int
	// clock is what instances are created at.
	clock   time.Time
	patches []string
	manager sync.WaitGroup
	watched chan struct{}
}

func (k *cluster) failure(verb string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.fail[verb]
}

func (k *cluster) setFailure(verb string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fail[verb] = err
}

// setManager changes who plays the manager from now on.
func (k *cluster) setManager(manage func(*v1alpha1.PreviewInstance)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.manage = manage
}

// age lets time pass for what is created from now on.
func (k *cluster) age(by time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.clock = k.clock.Add(by)
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	k := &cluster{fail: map[string]error{}, clock: testTime, watched: make(chan struct{})}
	k.manage = func(pvi *v1alpha1.PreviewInstance) { k.setStatus(t, pvi.Name, allocated(3001)) }
	var once sync.Once
	inner := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.PreviewInstance{}).Build()
	k.WithWatch = interceptor.NewClient(inner, interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			return k.create(ctx, c, obj, opts...)
		},
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			if err := k.failure("get"); err != nil {
				return err
			}
			return c.Get(ctx, key, obj, opts...)
		},
		Delete: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
			return k.remove(ctx, c, obj, opts...)
		},
		Patch: func(ctx context.Context, c client.WithWatch, obj client.Object, patch client.Patch, _ ...client.PatchOption) error {
			return k.patch(ctx, c, obj, patch)
		},
		Watch: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) (watch.Interface, error) {
			w, err := c.Watch(ctx, list, opts...)
			once.Do(func() { close(k.watched) })
			return w, err
		},
	})
	t.Cleanup(k.manager.Wait)
	return k
}

func (k *cluster) create(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
	if err := k.failure("create"); err != nil {
		return err
	}
	k.mu.Lock()
	obj.SetUID(types.UID(fmt.Sprintf("uid-%d-%s", k.created, obj.GetName())))
	obj.SetCreationTimestamp(metav1.NewTime(k.clock))
	k.created++
	manage := k.manage
	k.mu.Unlock()
	k.writing.Lock()
	err := c.Create(ctx, obj, opts...)
	k.writing.Unlock()
	if err != nil {
		return err
	}
	if manage != nil {
		pvi := obj.DeepCopyObject().(*v1alpha1.PreviewInstance)
		k.manager.Go(func() { manage(pvi) })
	}
	return nil
}

func (k *cluster) remove(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
	if err := k.failure("delete"); err != nil {
		return err
	}
	k.writing.Lock()
	defer k.writing.Unlock()
	var options client.DeleteOptions
	options.ApplyOptions(opts)
	var now v1alpha1.PreviewInstance
	if err := c.Get(ctx, client.ObjectKeyFromObject(obj), &now); err != nil {
		return err
	}
	if options.Preconditions == nil || options.Preconditions.UID == nil {
		return apierrors.NewBadRequest("the gateway must never delete without a UID")
	}
	if *options.Preconditions.UID != now.UID {
		return apierrors.NewConflict(schema.GroupResource{Resource: "previewinstances"}, now.Name, fmt.Errorf("uid"))
	}
	if err := k.release(ctx, c, &now); err != nil {
		return err
	}
	return c.Delete(ctx, obj)
}

// release takes off the manager's finalizer: the manager of tests is done with an instance at once.
func (k *cluster) release(ctx context.Context, c client.WithWatch, pvi *v1alpha1.PreviewInstance) error {
	for controllerutil.RemoveFinalizer(pvi, v1alpha1.Finalizer) {
		err := c.Update(ctx, pvi)
		if !apierrors.IsConflict(err) {
			return err
		}
		if err := c.Get(ctx, client.ObjectKeyFromObject(pvi), pvi); err != nil {
			return err
		}
	}
	return nil
}

func (k *cluster) patch(ctx context.Context, c client.WithWatch, obj client.Object, patch client.Patch) error {
	if err := k.failure("patch"); err != nil {
		return err
	}
	data, err := patch.Data(obj)
	if err != nil {
		return err
	}
	var change struct {
		Metadata struct {
			UID types.UID `json:"uid"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(data, &change); err != nil {
		return err
	}
	k.writing.Lock()
	defer k.writing.Unlock()
	return k.merge(ctx, c, obj, data, change.Metadata.UID)
}

// merge applies a merge patch to the object of that UID.
func (k *cluster) merge(ctx context.Context, c client.WithWatch, obj client.Object, data []byte, uid types.UID) error {
	var now v1alpha1.PreviewInstance
	if err := c.Get(ctx, client.ObjectKeyFromObject(obj), &now); err != nil {
		return err
	}
	if uid != now.UID {
		return apierrors.NewInvalid(v1alpha1.GroupVersion.WithKind("PreviewInstance").GroupKind(), now.Name, field.ErrorList{
			field.Invalid(field.NewPath("metadata", "uid"), uid, "field is immutable"),
		})
	}
	// The fake client's own Patch sends watchers the object without its status, and completes that object afterwards.
	if err := json.Unmarshal(data, &now); err != nil {
		return err
	}
	err := c.Update(ctx, &now)
	if apierrors.IsConflict(err) {
		return k.merge(ctx, c, obj, data, uid)
	}
	if err == nil {
		k.mu.Lock()
		k.patches = append(k.patches, string(data))
		k.mu.Unlock()
	}
	return err
}

func (k *cluster) seenPatches() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string(nil), k.patches...)
}

// setStatus is what the manager would write. An instance that is gone is nobody's concern.
func (k *cluster) setStatus(t *testing.T, name string, change func(*v1alpha1.PreviewInstance)) {
	t.Helper()
	for {
		var pvi v1alpha1.PreviewInstance
		err := k.Get(context.Background(), client.ObjectKey{Namespace: namespace, Name: name}, &pvi)
		if err == nil {
			change(&pvi)
			err = k.Status().Update(context.Background(), &pvi)
		}
		switch {
		case err == nil, apierrors.IsNotFound(err):
			return
		case !apierrors.IsConflict(err):
			t.Errorf("setting the status of %s: %v", name, err)
			return
		}
	}
}

func allocated(port int32) func(*v1alpha1.PreviewInstance) {
	return func(pvi *v1alpha1.PreviewInstance) {
		pvi.Status.Phase, pvi.Status.Port = v1alpha1.PhaseStarting, port
		pvi.Status.BaseURL = fmt.Sprintf("http://pod.previews.svc:%d", port)
	}
}

// runningAt is the status of a preview whose application listens on loopback.
func runningAt(address string) func(*v1alpha1.PreviewInstance) {
	at := netip.MustParseAddrPort(address)
	return func(pvi *v1alpha1.PreviewInstance) {
		allocated(int32(at.Port()))(pvi)
		started := metav1.NewTime(testTime.Add(-45 * time.Second))
		pvi.Status.Phase, pvi.Status.PodName, pvi.Status.PodIP = v1alpha1.PhaseRunning, "pod", at.Addr().String()
		pvi.Status.StartedAt = &started
	}
}

func ended(phase v1alpha1.Phase, reason string) func(*v1alpha1.PreviewInstance) {
	return func(pvi *v1alpha1.PreviewInstance) {
		stopped := metav1.NewTime(testTime)
		pvi.Status.Phase, pvi.Status.Reason, pvi.Status.Port, pvi.Status.StoppedAt = phase, reason, 0, &stopped
	}
}

// endings are how the preview of generation gen, which is alice's, may end.
var endings = map[string]func(*harness){
	"stopped": func(h *harness) {
		h.cluster.setStatus(h.t, instanceName("gen"), ended(v1alpha1.PhaseStopped, v1alpha1.ReasonStopRequested))
	},
	"failed": func(h *harness) {
		h.cluster.setStatus(h.t, instanceName("gen"), ended(v1alpha1.PhaseFailed, v1alpha1.ReasonOOMKilled))
	},
	"just asked to stop": func(h *harness) {
		h.do(call{method: "DELETE", path: base + "gen/preview", token: h.token("alice", auth.RoleUser)})
	},
}

var testTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// testClock is a clock that only tests move.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// harness is a whole gateway on loopback.
type harness struct {
	t       *testing.T
	api     *API
	url     string
	http    *http.Client
	cluster *cluster
	store   *store.Store
	clock   *testClock
	log     *support.Buffer
	vitals  *fakeVitals
	auth    auth.Options
}

func newHarness(t *testing.T, change func(*Options)) *harness {
	t.Helper()
	h := &harness{t: t, cluster: newCluster(t), clock: &testClock{now: testTime}, log: &support.Buffer{}, vitals: &fakeVitals{}}
	h.auth = auth.Options{Secret: []byte(jwtSecret), Audience: "preview-operator", Now: h.clock.Now}
	opts := h.options()
	if change != nil {
		change(&opts)
	}
	api, err := New(opts)
	h.must(err)
	h.api = api

	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { opts.Instances.Run(ctx) })
	running.Go(func() { api.Run(ctx) })
	server := httptest.NewServer(api)
	h.url, h.http = server.URL, server.Client()
	h.http.Transport = h.held(h.http.Transport)
	h.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		h.cluster.manager.Wait()
		stop()
		running.Wait()
		opts.Forwarder.Close()
		h.must(h.store.Close())
		h.noSecretsLogged()
	})
	// The fake API server does not replay what happens between list and watch.
	select {
	case <-h.cluster.watched:
	case <-time.After(support.Patience):
		t.Fatal("the informer did not begin to watch")
	}
	support.Eventually(h.t, "the cache is filled", func() bool { return opts.Instances.Synced() })
	return h
}

func (h *harness) options() Options {
	h.t.Helper()
	set, err := settings.Load(func(name string) (string, bool) {
		// Applications of tests listen wherever the system lets them.
		value, ok := map[string]string{"PREVIEW_PORT_MAX": "65535"}[name]
		return value, ok
	})
	h.must(err)
	h.store, err = store.Open(h.t.Context(), store.Options{Path: filepath.Join(h.t.TempDir(), "preview.db"), Now: h.clock.Now})
	h.must(err)
	instances, err := NewInstances(h.cluster, namespace)
	h.must(err)
	verifier, err := auth.NewVerifier(h.auth)
	h.must(err)
	signer, err := session.NewSigner([]byte(sessionKey), h.clock.Now)
	h.must(err)
	tickets, err := ticket.NewDesk([]byte(sessionKey), h.store)
	h.must(err)
	forwarder, err := proxy.NewForwarder(proxy.Options{
		Timeout: 500 * time.Millisecond, LookupTimeout: 50 * time.Millisecond, MaxResponseBytes: 1 << 20, Resolver: noNames{},
	})
	h.must(err)
	logger := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return Options{
		Settings: settings.Fixed(set), Store: h.store, Runs: h.store, Idempotency: h.store.Idempotency(), Instances: instances, Verifier: verifier, Tickets: tickets, Signer: signer, Forwarder: forwarder, Vitals: h.vitals, Logger: logger,
		LaunchWait: 5 * time.Second, MaxStreams: 4, MaxStreamsPerUser: 2, MaxUploads: 2, MaxRequests: 2, Now: h.clock.Now,
	}
}

// noNames is a Resolver that knows nothing.
type noNames struct{}

func (noNames) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, io.ErrUnexpectedEOF
}

func (h *harness) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// Incident 22: secrets in messages and logs.
func (h *harness) noSecretsLogged() {
	h.t.Helper()
	log := h.log.String()
	for _, secret := range []string{jwtSecret, sessionKey, "eyJ", "pvs1.", "pvt1.ey", "Bearer ey"} {
		if strings.Contains(log, secret) {
			h.t.Errorf("incident 22: the log contains %q", secret)
		}
	}
}

func (h *harness) token(user string, role auth.Role) string {
	h.t.Helper()
	token, err := auth.Mint(h.auth, auth.Principal{UserID: user, Role: role}, time.Hour)
	h.must(err)
	return token
}

// call describes a request; the zero value of a member leaves it out.
type call struct {
	method, path, token string
	body                any
	header              map[string]string
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request. A body is a string or bytes as they are, or anything else as JSON.
func (h *harness) do(c call) answer {
	h.t.Helper()
	var body []byte
	contentType := ""
	switch b := c.body.(type) {
	case nil:
	case string:
		body, contentType = []byte(b), "application/json"
	case []byte:
		body, contentType = b, "application/gzip"
	default:
		data, err := json.Marshal(b)
		h.must(err)
		body, contentType = data, "application/json"
	}
	request, err := http.NewRequestWithContext(h.t.Context(), c.method, h.url+c.path, bytes.NewReader(body))
	h.must(err)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range c.header {
		request.Header.Set(name, value)
	}
	a := h.send(request)
	if a.status >= 400 {
		h.checkProblem(c, a)
	}
	return a
}

func (h *harness) send(request *http.Request) answer {
	h.t.Helper()
	response, err := h.http.Do(request)
	h.must(err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	h.must(err)
	return answer{response.StatusCode, response.Header, data}
}

// checkProblem holds what is true of every error.
func (h *harness) checkProblem(c call, a answer) {
	h.t.Helper()
	var p Problem
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		h.t.Errorf("%s %s: the body of %d is no problem: %v: %q", c.method, c.path, a.status, err, a.body)
		return
	}
	if a.header.Get("Content-Type") != "application/problem+json" || p.Status != a.status || !strings.HasPrefix(p.Type, problemBase) ||
		p.Title == "" || p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") {
		h.t.Errorf("%s %s: %v %+v", c.method, c.path, a.header, p)
	}
	for _, secret := range []string{jwtSecret, sessionKey, "goroutine ", ".go:"} {
		if strings.Contains(string(a.body), secret) {
			h.t.Errorf("incident 22: the answer contains %q: %s", secret, a.body)
		}
	}
}

// slug is the end of a problem's type.
func (a answer) slug() string {
	var p Problem
	if json.Unmarshal(a.body, &p) != nil {
		return ""
	}
	return strings.TrimPrefix(p.Type, problemBase)
}

func (a answer) field() string {
	var p Problem
	if json.Unmarshal(a.body, &p) != nil {
		return ""
	}
	return p.Field
}

// decode reads a successful answer.
func decode[T any](h *harness, a answer, status int) (out T) {
	h.t.Helper()
	if a.status != status {
		h.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.DisallowUnknownFields()
	h.must(decoder.Decode(&out))
	return out
}

const base = "/api/v1/generations/"

// stored puts a generation of a user.
func (h *harness) stored(id, user string) {
	h.t.Helper()
	decode[generationBody](h, h.do(call{
		method: "PUT", path: base + id, token: h.token(user, auth.RoleUser),
		body: map[string]any{"project_id": "proj", "files": map[string]string{"main.py": "app = 1"}},
	}), http.StatusCreated)
}

// launched stores and launches a generation.
func (h *harness) launched(id, user string) launchReply {
	h.t.Helper()
	h.stored(id, user)
	return decode[launchReply](h, h.do(call{method: "POST", path: base + id + "/preview/launch", token: h.token(user, auth.RoleUser)}), http.StatusCreated)
}

// runs launches a generation whose application is at an address.
func (h *harness) runs(id, user, address string) launchReply {
	h.t.Helper()
	h.cluster.mu.Lock()
	h.cluster.manage = func(pvi *v1alpha1.PreviewInstance) { h.cluster.setStatus(h.t, pvi.Name, runningAt(address)) }
	h.cluster.mu.Unlock()
	return h.launched(id, user)
}

// sees waits until the cache shows an instance as wanted.
func (h *harness) sees(id string, want func(*v1alpha1.PreviewInstance) bool) {
	h.t.Helper()
	support.Eventually(h.t, "the cache shows the change", func() bool {
		pvi, err := h.api.instances.Cached(instanceName(id))
		return err == nil && want(pvi)
	})
}
