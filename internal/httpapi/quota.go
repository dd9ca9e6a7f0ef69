package httpapi

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

const (
	// maxRateUsers bounds the users whose launches are counted; see ratelimit.Options.
	maxRateUsers = 16384
	// disabledRetryAfter is what clients are told when launching is turned off: somebody has to turn it on.
	disabledRetryAfter = time.Minute
)

// allowLaunch counts a request to launch. It counts for the owner: an administrator's requests on behalf of many users
// are not those of one.
func (a *API) allowLaunch(ownerID string) error {
	perMinute := int(a.settings.Current().LaunchesPerMinute)
	ok, after := a.rate.Allow(ownerID, perMinute)
	if ok {
		return nil
	}
	return &failure{
		kind: kindTooManyLaunches, detail: fmt.Sprintf("at most %d launches a minute are served for one user", perMinute), retryAfter: after,
	}
}

// quota bounds the live previews of each user: those that the cache shows, and those that this gateway is creating and
// the cache does not show yet. Several gateways together may exceed it by what they create within a moment.
type quota struct {
	instances *Instances

	mu sync.Mutex
	// launching counts the launches under way, by user and instance name.
	launching map[string]map[string]int
	// unseen are instances whose launch has ended before the cache has shown them, which takes a broken watch.
	unseen map[types.UID]unseenInstance
}

type unseenInstance struct{ userID, name string }

func newQuota(instances *Instances) *quota {
	return &quota{instances: instances, launching: map[string]map[string]int{}, unseen: map[types.UID]unseenInstance{}}
}

// launchSlot is a place among a user's live previews.
type launchSlot struct {
	quota        *quota
	userID, name string
	// uid is set once the instance was created.
	uid types.UID
}

// reserve takes a place for an instance until release, or returns nil when the user has most other live previews.
func (q *quota) reserve(userID, name string, most int) *launchSlot {
	q.mu.Lock()
	defer q.mu.Unlock()
	if live := q.live(userID); !live[name] && len(live) >= most {
		return nil
	}
	if q.launching[userID] == nil {
		q.launching[userID] = map[string]int{}
	}
	q.launching[userID][name]++
	return &launchSlot{quota: q, userID: userID, name: name}
}

// live returns the names of a user's live instances.
func (q *quota) live(userID string) map[string]bool {
	names := map[string]bool{}
	for _, pvi := range q.instances.OfUser(userID) {
		if isLive(pvi) {
			names[pvi.Name] = true
		}
	}
	for name := range q.launching[userID] {
		names[name] = true
	}
	for uid, instance := range q.unseen {
		switch {
		case q.instances.seen(instance.name, uid):
			delete(q.unseen, uid)
		case instance.userID == userID:
			names[instance.name] = true
		}
	}
	return names
}

func (s *launchSlot) release() {
	q := s.quota
	q.mu.Lock()
	defer q.mu.Unlock()
	if s.uid != "" && !q.instances.seen(s.name, s.uid) {
		q.unseen[s.uid] = unseenInstance{s.userID, s.name}
	}
	names := q.launching[s.userID]
	if names[s.name]--; names[s.name] == 0 {
		delete(names, s.name)
	}
	if len(names) == 0 {
		delete(q.launching, s.userID)
	}
}

// launchInstance launches within the user's quota. What is live already is found, however many there are.
func (a *API) launchInstance(ctx context.Context, want *v1alpha1.PreviewInstance) (*v1alpha1.PreviewInstance, bool, error) {
	most := int(a.settings.Current().MaxPerUser)
	slot := a.quota.reserve(want.Spec.UserID, want.Name, most)
	if slot != nil {
		defer slot.release()
		return a.createOrFind(ctx, want, slot)
	}
	// The cache may not show yet what another gateway has launched.
	pvi, err := a.instances.Live(ctx, want.Name)
	if err == nil && isOf(pvi, want.Spec.GenerationID, want.Spec.UserID) && isLive(pvi) {
		pvi, err = a.awaitDecision(ctx, pvi)
		if !errors.Is(err, errNoInstance) {
			return pvi, false, err
		}
	}
	if err != nil && !errors.Is(err, errNoInstance) {
		return nil, false, err
	}
	return nil, false, &failure{
		kind: kindTooManyPreviews, detail: fmt.Sprintf("%d previews of one user may be live at once; stop one first", most), retryAfter: fullRetryAfter,
	}
}
