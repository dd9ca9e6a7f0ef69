package e2e

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/codebegen/preview-operator/test/e2e/framework"
)

const (
	chart          = "../../charts/preview-operator"
	databaseSecret = userPrefix + "databases"
	// The databases: ours and the product's.
	storeDatabase   = "preview"
	productDatabase = "product"
	readerRole      = "preview_reader"
)

// installationOnPostgres is the installation while its store and its generations are in PostgreSQL.
type installationOnPostgres struct {
	*framework.Postgres
	// revision is that of the release to go back to, 0 when there is nothing to go back from.
	revision int
	// ran is a preview that was deleted.
	ran preview
}

// postgresSpecs move the installation to a PostgreSQL server, where a product keeps the generations, and back again.
func postgresSpecs() {
	var on installationOnPostgres
	alice, bob := unique("alice"), unique("bob")
	owned, stranger, unusable, kept := unique("product"), unique("product-bob"), unique("product-bad"), unique("in-sqlite")

	BeforeAll(func(ctx SpecContext) {
		deleteAll(ctx)
		eventuallyNothingLeft(ctx)
		Expect(userClient(alice).PutGeneration(ctx, kept, "p", minimal(runID))).To(Succeed())
		on.start(ctx)
		on.put(ctx, owned, alice, minimal("first"))
		on.put(ctx, stranger, bob, minimal("strange"))
		on.put(ctx, unusable, alice, map[string]string{"../main.py": ""})
		on.install(ctx)
	})

	It("runs generations where the product keeps them, and writes nothing there", func(ctx SpecContext) {
		before := on.product(ctx)
		p := preview{UserClient: userClient(alice), id: owned}
		p.expectGenerations(ctx, []string{owned, unusable})
		for id, problem := range map[string]string{stranger: "forbidden", unusable: "generation-unusable", kept: "generation-not-found"} {
			status := map[string]int{"forbidden": 403, "generation-unusable": 422, "generation-not-found": 404}[problem]
			p.expect(ctx, "GET", "/api/v1/generations/"+id, status, problem)
			p.expect(ctx, "POST", "/api/v1/generations/"+id+"/preview/launch", status, problem)
		}
		upload := map[string]any{"files": minimal("stored")}
		p.expectWith(ctx, "PUT", "/api/v1/generations/"+owned, nil, upload, http.StatusForbidden, "generations-read-only")
		p.expectWith(ctx, "PUT", "/api/v1/generations/"+unique("new"), nil, upload, http.StatusForbidden, "generations-read-only")
		p.expect(ctx, "DELETE", "/api/v1/generations/"+owned, http.StatusForbidden, "generations-read-only")

		p.expectRuns(ctx, "first")
		p.stopAndWait(ctx)
		Expect(on.product(ctx)).To(Equal(before))

		By("running what the product has changed")
		on.put(ctx, owned, alice, minimal("second"))
		before = on.product(ctx)
		on.ran = p.expectRuns(ctx, "second")
		p.stopAndWait(ctx)
		Expect(on.product(ctx)).To(Equal(before))
		Expect(on.Text(ctx, productDatabase, `has_table_privilege('`+readerRole+`', 'generations', 'INSERT, UPDATE, DELETE, TRUNCATE')`)).To(Equal("false"))
	})

	It("has records and logs in PostgreSQL when preview and generation are gone", func(ctx SpecContext) {
		instance, err := on.ran.instance(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(cluster.Client.Delete(ctx, instance)).To(Succeed())
		eventuallyAbsent(ctx, instance.Name)
		Expect(on.Exec(ctx, productDatabase, `DELETE FROM generations WHERE id = $1`, owned)).To(Succeed())

		Eventually(ctx, on.ran.logState).WithTimeout(time.Minute).WithPolling(poll).Should(Equal(logState{Status: "stopped", LogComplete: true}))
		log, err := on.ran.Export(ctx, on.ran.logPath(), "application/x-ndjson")
		Expect(err).NotTo(HaveOccurred())
		defer log.Close()
		Expect(io.ReadAll(log)).To(ContainSubstring("minimal second is up"))

		for query, want := range map[string]string{
			`SELECT count(*) FROM runs WHERE generation_id = '` + owned + `' AND user_id = '` + alice + `' AND phase = 'Stopped'`:                          "2",
			`SELECT count(*) FROM logs l JOIN runs r ON r.uid = l.run_uid WHERE r.uid = '` + on.ran.launch.ID + `' AND l.message = 'minimal second is up'`: "1",
			`SELECT count(*) FROM generations`: "0",
		} {
			// The record of a run is written a moment after its end.
			Eventually(ctx, func(ctx context.Context) (string, error) { return on.Text(ctx, storeDatabase, query) }).
				WithTimeout(goneTimeout).WithPolling(poll).Should(Equal(want), query)
		}
	})

	It("shares tickets and answers to launches between gateways", func(ctx SpecContext) {
		on.put(ctx, owned, alice, minimal("third"))
		DeferCleanup(deleteAll)
		second := startGateway(ctx)
		here := preview{UserClient: userClient(alice), id: owned}
		client, err := second.As(alice)
		Expect(err).NotTo(HaveOccurred())
		there := preview{UserClient: client, id: owned}

		By("launching with one key")
		key := http.Header{"Idempotency-Key": {unique("key")}}
		first, replayed := here.launchWith(ctx, key, http.StatusCreated)
		Expect(replayed).To(BeEmpty())
		again, replayed := there.launchWith(ctx, key, http.StatusCreated)
		Expect(replayed).To(Equal("true"))
		Expect(again).To(Equal(first))
		there.expectWith(ctx, "POST", previewRoute(owned)+"/launch", key, map[string]any{"timeout": 61}, http.StatusUnprocessableEntity, "idempotency-key-reused")

		By("using one ticket")
		here.eventuallyRunning(ctx)
		var ticket struct{ URL string }
		status, _, body, err := here.Call(ctx, "POST", previewRoute(owned)+"/logs/ticket", nil, nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(status).To(Equal(http.StatusCreated), "%s", body)
		Expect(json.Unmarshal(body, &ticket)).To(Succeed())
		stream, err := seenBy(there, "").Export(ctx, ticket.URL, "text/event-stream")
		Expect(err).NotTo(HaveOccurred())
		Expect(stream.Close()).To(Succeed())
		seenBy(here, "").expect(ctx, "GET", ticket.URL, http.StatusUnauthorized, "unauthorized")
		seenBy(there, "").expect(ctx, "GET", ticket.URL, http.StatusUnauthorized, "unauthorized")
	})

	It("is not ready while the product's generations cannot be read", func(ctx SpecContext) {
		pod, err := cluster.ManagerPod(ctx)
		Expect(err).NotTo(HaveOccurred())
		// The Service has no gateway when the kubelet has noticed.
		gateway := cluster.Gateway.At("http://" + net.JoinHostPort(pod.Status.PodIP, "8080"))
		ready := readiness(gateway)
		Expect(ready(ctx)).To(HavePrefix("200 "))
		Expect(on.Exec(ctx, "postgres", `ALTER ROLE `+readerRole+` NOLOGIN`)).To(Succeed())
		Expect(on.Exec(ctx, "postgres", `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '`+readerRole+`'`)).To(Succeed())
		Expect(ready(ctx)).To(And(HavePrefix("503 "), ContainSubstring("the product's generations cannot be read")))
		Expect(on.Exec(ctx, "postgres", `ALTER ROLE `+readerRole+` LOGIN`)).To(Succeed())
		Expect(ready(ctx)).To(HavePrefix("200 "))
	})

	It("is rolled back to its own store, which has kept what was in it", func(ctx SpecContext) {
		on.rollBack(ctx)
		p := preview{UserClient: userClient(alice), id: kept}
		p.expect(ctx, "GET", "/api/v1/generations/"+kept, http.StatusOK, "")
		p.expect(ctx, "GET", "/api/v1/generations/"+owned, http.StatusNotFound, "generation-not-found")
		p.expect(ctx, "DELETE", "/api/v1/generations/"+kept, http.StatusNoContent, "")
	})
}

// start starts the server with both databases, and the Secret that names them.
func (on *installationOnPostgres) start(ctx context.Context) {
	GinkgoHelper()
	address, err := cluster.HostAddress(ctx)
	Expect(err).NotTo(HaveOccurred())
	on.Postgres, err = framework.StartPostgres("../../hack/postgres.sh", address)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(on.Stop()).To(Succeed()) })

	store, reader := rand.Text(), rand.Text()
	for _, statement := range []string{
		fmt.Sprintf(`CREATE ROLE preview_store LOGIN PASSWORD '%s'`, store),
		fmt.Sprintf(`CREATE ROLE %s LOGIN PASSWORD '%s'`, readerRole, reader),
		`CREATE DATABASE ` + storeDatabase + ` OWNER preview_store`,
		`CREATE DATABASE ` + productDatabase,
	} {
		Expect(on.Exec(ctx, "postgres", statement)).To(Succeed())
	}
	Expect(on.Exec(ctx, productDatabase, `CREATE TABLE generations (id text PRIMARY KEY, user_id text NOT NULL, project_id text, output_files json, title text);
		GRANT SELECT ON generations TO `+readerRole)).To(Succeed())

	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: framework.SystemNamespace, Name: databaseSecret},
		StringData: map[string]string{
			"url": on.Database(storeDatabase, "preview_store", store), "generations": on.Database(productDatabase, readerRole, reader),
		},
	}
	Expect(cluster.Client.Create(ctx, secret)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) { Expect(cluster.Client.Delete(ctx, secret)).To(Succeed()) })
}

// install moves the installation to the databases, and back when the specs are over.
func (on *installationOnPostgres) install(ctx context.Context) {
	GinkgoHelper()
	status, err := cluster.Helm(ctx, "status", framework.Release, "--output", "json")
	Expect(err).NotTo(HaveOccurred())
	var release struct{ Version int }
	Expect(json.Unmarshal([]byte(status), &release)).To(Succeed())
	on.revision = release.Version
	DeferCleanup(on.rollBack)
	_, err = cluster.Helm(ctx, "upgrade", framework.Release, chart, "--reuse-values", "--wait", "--timeout", "3m",
		"--set", "store.databaseURLSecret="+databaseSecret, "--set", "generations.urlSecret="+databaseSecret, "--set", "generations.urlSecretKey=generations")
	Expect(err).NotTo(HaveOccurred())
	eventuallyReady(ctx, cluster.Gateway)
}

func (on *installationOnPostgres) rollBack(ctx context.Context) {
	GinkgoHelper()
	if on.revision == 0 {
		return
	}
	deleteAll(ctx)
	eventuallyNothingLeft(ctx)
	_, err := cluster.Helm(ctx, "rollback", framework.Release, strconv.Itoa(on.revision), "--wait", "--timeout", "3m")
	Expect(err).NotTo(HaveOccurred())
	eventuallyReady(ctx, cluster.Gateway)
	on.revision = 0
}

// put writes a generation as the product does.
func (on *installationOnPostgres) put(ctx context.Context, id, user string, files map[string]string) {
	GinkgoHelper()
	text, err := json.Marshal(files)
	Expect(err).NotTo(HaveOccurred())
	Expect(on.Exec(ctx, productDatabase, `INSERT INTO generations (id, user_id, project_id, output_files) VALUES ($1, $2, 'p', $3)
		ON CONFLICT (id) DO UPDATE SET output_files = excluded.output_files`, id, user, string(text))).To(Succeed())
}

// product is everything in the product's database: each row with who wrote it where, and what there is beside the table.
func (on *installationOnPostgres) product(ctx context.Context) string {
	GinkgoHelper()
	rows, err := on.Text(ctx, productDatabase, `SELECT string_agg(concat_ws(' ', xmin, xmax, ctid, g), chr(10) ORDER BY id) FROM generations g`)
	Expect(err).NotTo(HaveOccurred())
	Expect(rows).NotTo(BeEmpty())
	relations, err := on.Text(ctx, productDatabase, `SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace`)
	Expect(err).NotTo(HaveOccurred())
	return relations + "\n" + rows
}

// eventuallyReady waits until a gateway can be reached and serves.
func eventuallyReady(ctx context.Context, gateway *framework.Gateway) {
	GinkgoHelper()
	Eventually(ctx, readiness(gateway)).WithTimeout(startTimeout).WithPolling(poll).Should(HavePrefix("200 "))
}

// readiness is the status and body of a gateway's answer about itself.
func readiness(gateway *framework.Gateway) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		status, _, body, err := gateway.Anonymous().Call(ctx, "GET", "/readyz", nil, nil)
		return fmt.Sprintf("%d %s", status, body), err
	}
}

// startGateway starts another gateway beside that of the operator's pod, with the same settings and an account of its own.
func startGateway(ctx context.Context) *framework.Gateway {
	GinkgoHelper()
	operator, err := cluster.ManagerPod(ctx)
	Expect(err).NotTo(HaveOccurred())
	container := operator.Spec.Containers[slices.IndexFunc(operator.Spec.Containers, func(c corev1.Container) bool { return c.Name == "gateway" })]
	// Its token is Kubernetes' own, not one that a manager beside it writes; and it has no volume of SQLite's.
	container.Env = slices.DeleteFunc(slices.Clone(container.Env), func(e corev1.EnvVar) bool { return e.Name == "PREVIEW_KUBE_CA_FILE" })
	volumes := []string{"gateway-keys", "live-settings", "gateway-tmp"}
	container.VolumeMounts = slices.DeleteFunc(slices.Clone(container.VolumeMounts), func(m corev1.VolumeMount) bool { return !slices.Contains(volumes, m.Name) })
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: operator.Namespace, Name: unique("gateway")},
		Spec: corev1.PodSpec{
			ServiceAccountName: strings.Split(framework.GatewayAccount, ":")[3], AutomountServiceAccountToken: ptr.To(true),
			SecurityContext: operator.Spec.SecurityContext, Containers: []corev1.Container{container},
			Volumes: slices.DeleteFunc(slices.Clone(operator.Spec.Volumes), func(v corev1.Volume) bool { return !slices.Contains(volumes, v.Name) }),
		},
	}
	Expect(cluster.Client.Create(ctx, pod)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) { Expect(cluster.Client.Delete(ctx, pod)).To(Succeed()) })
	Eventually(ctx, func(ctx context.Context) (string, error) {
		now, err := cluster.Kube.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		return now.Status.PodIP, nil
	}).WithTimeout(startTimeout).WithPolling(poll).ShouldNot(BeEmpty())
	started, err := cluster.Kube.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
	Expect(err).NotTo(HaveOccurred())
	gateway := cluster.Gateway.At("http://" + net.JoinHostPort(started.Status.PodIP, "8080"))
	eventuallyReady(ctx, gateway)
	return gateway
}

func previewRoute(id string) string { return "/api/v1/generations/" + id + "/preview" }

// expectGenerations lists the user's generations and wants these, without times, and a version of those that can be run.
func (p preview) expectGenerations(ctx context.Context, ids []string) {
	GinkgoHelper()
	status, _, body, err := p.Call(ctx, "GET", "/api/v1/generations", nil, nil)
	Expect(err).NotTo(HaveOccurred())
	Expect(status).To(Equal(http.StatusOK), "%s", body)
	var page struct{ Generations []map[string]any }
	Expect(json.Unmarshal(body, &page)).To(Succeed())
	listed := map[string]bool{}
	for _, g := range page.Generations {
		Expect(g).NotTo(Or(HaveKey("created_at"), HaveKey("updated_at")))
		_, listed[fmt.Sprint(g["id"])] = g["version"]
	}
	want := map[string]bool{}
	for _, id := range ids {
		want[id] = !strings.HasSuffix(id, "-bad")
	}
	Expect(listed).To(Equal(want))
}

// expectRuns launches the preview, and wants the files with this nonce to run and their output in the log.
func (p preview) expectRuns(ctx context.Context, nonce string) preview {
	GinkgoHelper()
	var err error
	p.launch, err = p.Launch(ctx, p.id, "p", 0)
	Expect(err).NotTo(HaveOccurred())
	p.eventuallyRunning(ctx)
	var answer struct{ Nonce string }
	p.get(ctx, "/", nil, &answer)
	Expect(answer.Nonce).To(Equal(nonce))
	stream, err := p.Logs(ctx, p.id)
	Expect(err).NotTo(HaveOccurred())
	defer stream.Close()
	Eventually(ctx, stream.Text).WithTimeout(30 * time.Second).WithPolling(poll).Should(ContainSubstring("minimal " + nonce + " is up"))
	return p
}

// stopAndWait stops the preview and waits until it has stopped.
func (p preview) stopAndWait(ctx context.Context) {
	GinkgoHelper()
	Expect(p.Stop(ctx, p.id)).To(Succeed())
	Eventually(ctx, func(ctx context.Context) (string, error) {
		status, err := p.Status(ctx, p.id)
		return status.Status, err
	}).WithTimeout(goneTimeout).WithPolling(poll).Should(Equal("stopped"))
}

// launchWith launches with further headers, and returns the preview's id and whether the answer was replayed.
func (p preview) launchWith(ctx context.Context, headers http.Header, want int) (id, replayed string) {
	GinkgoHelper()
	status, header, body, err := p.Call(ctx, "POST", previewRoute(p.id)+"/launch", headers, nil)
	Expect(err).NotTo(HaveOccurred())
	Expect(status).To(Equal(want), "%s", body)
	var launched framework.Launch
	Expect(json.Unmarshal(body, &launched)).To(Succeed())
	return launched.ID, header.Get("Idempotency-Replayed")
}
