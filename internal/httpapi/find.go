package httpapi

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/store"
)

// A preview is found by what its spec says, for it can also be made with kubectl, under any name. It is that of a
// generation if it names the generation and its owner, both: whoever makes an instance of somebody else's generation has
// made no preview of it. The owner is the stored one or, of a generation that is not stored, whom the instance names.

// errNotSynced: what is not in the cache may yet be there.
var errNotSynced = &failure{kind: kindUnavailable, detail: "the gateway has just started; try again", retryAfter: time.Second}

// isOf reports whether an instance is a preview of that generation.
func isOf(pvi *v1alpha1.PreviewInstance, generationID, userID string) bool {
	return pvi.Spec.GenerationID == generationID && pvi.Spec.UserID == userID
}

// isLive reports whether an instance runs or is going to.
func isLive(pvi *v1alpha1.PreviewInstance) bool {
	return pvi.DeletionTimestamp.IsZero() && pvi.Spec.DesiredState != v1alpha1.DesiredStopped &&
		pvi.Status.Phase != v1alpha1.PhaseStopping && !pvi.Status.Phase.Finished()
}

// ranked orders instances of one generation by which of them is its preview: the one that launches use, so that no
// other can come in its way, then the newest live one, then the newest.
func ranked(instances []*v1alpha1.PreviewInstance, generationID string) []*v1alpha1.PreviewInstance {
	name := instanceName(generationID)
	return slices.SortedFunc(slices.Values(instances), func(x, y *v1alpha1.PreviewInstance) int {
		return cmp.Or(
			trueFirst(x.Name == name, y.Name == name),
			trueFirst(isLive(x), isLive(y)),
			newestFirst(x, y),
		)
	})
}

func trueFirst(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return -1
	default:
		return 1
	}
}

func newestFirst(x, y *v1alpha1.PreviewInstance) int { return placeOf(x).compare(placeOf(y)) }

// cachedInstances returns the previews of a generation, the one to use first.
func (a *API) cachedInstances(generationID, userID string) []*v1alpha1.PreviewInstance {
	instances := slices.DeleteFunc(a.instances.OfGeneration(generationID), func(pvi *v1alpha1.PreviewInstance) bool {
		return !isOf(pvi, generationID, userID)
	})
	return ranked(instances, generationID)
}

// cachedInstance returns the preview of a generation from the cache, or errNoInstance.
func (a *API) cachedInstance(meta store.Meta) (*v1alpha1.PreviewInstance, error) {
	if !a.instances.Synced() {
		return nil, errNotSynced
	}
	if previews := a.cachedInstances(meta.ID, meta.UserID); len(previews) > 0 {
		return previews[0], nil
	}
	return nil, errNoInstance
}

// openedPreview returns the preview of the generation in the path that the session token of the request opens. A good token
// was given to somebody who may use the preview, so that the store need not be asked; it is for what else is wrong.
func (a *API) openedPreview(c *gin.Context) (*v1alpha1.PreviewInstance, store.Meta, error) {
	p, err := a.principal(c)
	if err != nil {
		return nil, store.Meta{}, err
	}
	token := c.GetHeader(previewTokenHeader)
	if pvi := a.grantedPreview(p, c.Param("generation_id"), token); pvi != nil {
		return pvi, store.Meta{ID: pvi.Spec.GenerationID, UserID: pvi.Spec.UserID}, nil
	}
	_, meta, err := a.generationFor(c, p, accessPreview)
	if err != nil {
		return nil, store.Meta{}, err
	}
	pvi, err := a.cachedInstance(meta)
	if err != nil {
		return nil, store.Meta{}, err
	}
	return pvi, meta, a.signer.Check(token, string(pvi.UID), p.UserID)
}

// grantedPreview returns the preview of a generation that a session token opens for its owner or an administrator, or nil.
func (a *API) grantedPreview(p auth.Principal, generationID, token string) *v1alpha1.PreviewInstance {
	if token == "" || !a.instances.Synced() {
		return nil
	}
	for _, pvi := range a.instances.OfGeneration(generationID) {
		mayUse := pvi.Spec.UserID == p.UserID || p.Role == auth.RoleAdmin
		if !mayUse || a.signer.Check(token, string(pvi.UID), p.UserID) != nil {
			continue
		}
		if previews := a.cachedInstances(generationID, pvi.Spec.UserID); len(previews) > 0 && previews[0].UID == pvi.UID {
			return previews[0]
		}
	}
	return nil
}

// previewOrRecord returns the preview of the generation in the path from the cache or, when it is gone, the newest record of
// one; the other is nil. It fails with errNoInstance when there is neither.
func (a *API) previewOrRecord(c *gin.Context) (*v1alpha1.PreviewInstance, *store.Run, error) {
	_, meta, err := a.generation(c, accessRecords)
	if err != nil {
		return nil, nil, err
	}
	return a.newest(c.Request.Context(), meta)
}

// newest is previewOrRecord for a generation that is known already.
func (a *API) newest(ctx context.Context, meta store.Meta) (*v1alpha1.PreviewInstance, *store.Run, error) {
	pvi, err := a.cachedInstance(meta)
	if !errors.Is(err, errNoInstance) {
		return pvi, nil, err
	}
	page, _, err := a.runs.Runs(ctx, store.RunQuery{GenerationID: meta.ID, UserID: meta.UserID, Limit: 1})
	if err == nil && len(page) == 0 {
		err = errNoInstance
	}
	if err != nil {
		return nil, nil, err
	}
	return nil, &page[0], nil
}

// liveInstance returns the preview of a generation from the API server, or errNoInstance. One that launches have not
// made is found once the cache knows its name.
func (a *API) liveInstance(ctx context.Context, meta store.Meta) (*v1alpha1.PreviewInstance, error) {
	names := []string{instanceName(meta.ID)}
	for _, pvi := range a.cachedInstances(meta.ID, meta.UserID) {
		if pvi.Name != names[0] {
			names = append(names, pvi.Name)
		}
	}
	for _, name := range names {
		pvi, err := a.instances.Live(ctx, name)
		switch {
		case err == nil && isOf(pvi, meta.ID, meta.UserID):
			return pvi, nil
		case err != nil && !errors.Is(err, errNoInstance):
			return nil, err
		}
	}
	return nil, errNoInstance
}

// unstored returns what is known of a generation that has previews but is not stored. Users see their own previews
// alone: an id that nobody has stored is nobody's, and naming it gives no right to it.
func (a *API) unstored(p auth.Principal, id string) (store.Meta, error) {
	if !a.instances.Synced() {
		return store.Meta{}, errNotSynced
	}
	previews := a.instances.OfGeneration(id)
	if p.Role != auth.RoleAdmin {
		previews = a.cachedInstances(id, p.UserID)
	}
	if len(previews) == 0 {
		return store.Meta{}, store.ErrNotFound
	}
	return store.Meta{ID: id, UserID: ranked(previews, id)[0].Spec.UserID}, nil
}
