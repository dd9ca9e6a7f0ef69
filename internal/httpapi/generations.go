package httpapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/store"
)

// maxGenerationJSON bounds the JSON of a generation: the files within archive limits, with room for escapes.
const maxGenerationJSON = 16 << 20

// archiveTypes are the media types of a gzip-compressed tar archive.
var archiveTypes = []string{"application/gzip", "application/x-gzip", "application/x-gtar", "application/x-tar+gzip"}

func (a *API) generationOperations() []operation {
	return []operation{
		{
			method: http.MethodPut, path: "/api/v1/generations/{generation_id}", id: "putGeneration", tag: tagGenerations,
			summary: "Store or replace a generation",
			description: "As JSON, or as a tar.gz archive with `project_id` and `user_id` in the query. `user_id` names the owner " +
				"and is for services and administrators.",
			params: []*huma.Param{
				queryParam("project_id", "With an archive: the project.", textSchema),
				queryParam("user_id", "With an archive: the owner.", textSchema),
			},
			body: &bodySpec{json: uploadBody{}, binary: archiveTypes},
			answers: []answerSpec{
				{status: http.StatusOK, description: "Replaced.", json: generationBody{}},
				{status: http.StatusCreated, description: "Stored.", json: generationBody{}},
			},
			problems: []kind{kindRole, kindReadOnly, kindBusy},
			handle:   a.putGeneration,
		},
		{
			method: http.MethodGet, path: "/api/v1/generations/{generation_id}", id: "getGeneration", tag: tagGenerations,
			summary:  "Read a generation with its files",
			answers:  []answerSpec{{status: http.StatusOK, description: "The generation.", json: fullGenerationBody{}}},
			problems: []kind{kindNoGeneration, kindUnusable},
			handle:   a.getGeneration,
		},
		{
			method: http.MethodDelete, path: "/api/v1/generations/{generation_id}", id: "deleteGeneration", tag: tagGenerations,
			summary:  "Delete a generation and its preview",
			answers:  []answerSpec{{status: http.StatusNoContent, description: "Deleted."}},
			problems: []kind{kindNoGeneration, kindReadOnly},
			handle:   a.deleteGeneration,
		},
	}
}

// generationBody describes a stored generation.
type generationBody struct {
	ID        string    `json:"id"`
	UserID    string    `json:"user_id"`
	ProjectID string    `json:"project_id"`
	Version   string    `json:"version,omitempty" doc:"Left out when the files cannot be run."`
	FileCount int       `json:"files"`
	Bytes     int64     `json:"bytes"`
	CreatedAt time.Time `json:"created_at,omitzero" doc:"Left out where the product keeps the generations."`
	UpdatedAt time.Time `json:"updated_at,omitzero" doc:"Left out where the product keeps the generations."`
}

func describe(m store.Meta) generationBody {
	return generationBody{m.ID, m.UserID, m.ProjectID, m.Version, m.Files, m.Bytes, m.CreatedAt, m.UpdatedAt}
}

// fullGenerationBody has the files themselves: text, or an object with base64 for those that are no UTF-8.
type fullGenerationBody struct {
	generationBody
	Files map[string]fileValue `json:"files"`
}

// uploadBody is a generation as JSON.
type uploadBody struct {
	UserID    string               `json:"user_id,omitempty" doc:"Owner; the caller when left out. For services and administrators."`
	ProjectID string               `json:"project_id,omitempty"`
	Files     map[string]fileValue `json:"files" doc:"Path to content." minProperties:"1"`
}

// fileValue is the content of a file as JSON: text or, of what is no UTF-8, an object with base64.
type fileValue json.RawMessage

// base64File is a file that is no UTF-8 text.
type base64File struct {
	Base64 []byte `json:"base64"`
}

// UnmarshalJSON keeps the value as it stands; content reads it.
func (f *fileValue) UnmarshalJSON(data []byte) error {
	*f = append((*f)[:0], data...)
	return nil
}

// MarshalJSON writes the value as it stands.
func (f fileValue) MarshalJSON() ([]byte, error) { return f, nil }

// Schema describes the value.
func (fileValue) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString, Description: "The text of the file."},
		{
			Type: huma.TypeObject, Required: []string{"base64"}, AdditionalProperties: false,
			Properties: map[string]*huma.Schema{"base64": {Type: huma.TypeString, ContentEncoding: "base64"}},
		},
	}}
}

func fileValueOf(content []byte) (fileValue, error) {
	if utf8.Valid(content) {
		return json.Marshal(string(content))
	}
	return json.Marshal(base64File{content})
}

// upload is what a PUT asks to store.
type upload struct {
	userID, projectID string
	files             map[string][]byte
}

// writable fails where the product keeps the generations: nothing is ever written there.
func (a *API) writable() error {
	if a.product == nil {
		return nil
	}
	return &failure{kind: kindReadOnly, detail: "this gateway reads generations where the product keeps them (PREVIEW_GENERATIONS_URL); change them there"}
}

func (a *API) putGeneration(c *gin.Context) (reply, error) {
	p, err := a.principal(c)
	if err == nil {
		err = a.writable()
	}
	if err != nil {
		return reply{}, err
	}
	id := c.Param("generation_id")
	if err := checkID("generation_id", id); err != nil {
		return reply{}, err
	}
	release, err := a.uploads.acquire(c.Request.Context())
	if err != nil {
		return reply{}, err
	}
	defer release()
	up, err := readUpload(c)
	if err != nil {
		return reply{}, err
	}
	if err := up.settle(p); err != nil {
		return reply{}, err
	}
	content, err := pack(c.Request.Context(), up.files)
	if err != nil {
		return reply{}, err
	}
	meta, created, err := a.store.Put(c.Request.Context(), id, up.userID, up.projectID, content)
	if err != nil {
		return reply{}, err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return reply{status: status, body: describe(meta)}, nil
}

func readUpload(c *gin.Context) (upload, error) {
	switch got := mediaType(c); {
	case got == "application/json":
		return readJSONUpload(c)
	case slices.Contains(archiveTypes, got):
		return readArchiveUpload(c)
	default:
		return upload{}, &failure{
			kind: kindMediaType, field: "Content-Type",
			detail: fmt.Sprintf("send application/json or application/gzip (a tar.gz archive), not %.100q", got),
		}
	}
}

func readJSONUpload(c *gin.Context) (upload, error) {
	var body uploadBody
	if err := readJSON(c, maxGenerationJSON, false, &body); err != nil {
		return upload{}, err
	}
	up := upload{userID: body.UserID, projectID: body.ProjectID, files: make(map[string][]byte, len(body.Files))}
	for path, raw := range body.Files {
		content, err := raw.content()
		if err != nil {
			return upload{}, invalid("files."+clip(path), "must be a string or an object with base64")
		}
		up.files[path] = content
	}
	return up, nil
}

func (f fileValue) content() ([]byte, error) {
	raw := json.RawMessage(f)
	var text *string
	if err := json.Unmarshal(raw, &text); err == nil && text != nil {
		return []byte(*text), nil
	}
	var encoded map[string]*string
	if err := json.Unmarshal(raw, &encoded); err != nil || len(encoded) != 1 || encoded["base64"] == nil {
		return nil, errors.New("neither text nor base64")
	}
	return base64.StdEncoding.Strict().DecodeString(*encoded["base64"])
}

func readArchiveUpload(c *gin.Context) (upload, error) {
	query := c.Request.URL.Query()
	for name, values := range query {
		if name != "user_id" && name != "project_id" || len(values) != 1 {
			return upload{}, invalid(clip(name), "the query takes user_id and project_id, once each")
		}
	}
	limits := archive.DefaultLimits()
	data, err := readBody(c, limits.CompressedBytes)
	if err != nil {
		return upload{}, err
	}
	files, _, err := archive.Read(c.Request.Context(), bytes.NewReader(data), limits)
	if err != nil {
		return upload{}, err
	}
	return upload{userID: query.Get("user_id"), projectID: query.Get("project_id"), files: files}, nil
}

// settle decides on whose behalf the upload is.
func (u *upload) settle(p auth.Principal) error {
	switch {
	case u.userID == "":
		u.userID = p.UserID
	case u.userID != p.UserID && p.Role != auth.RoleService && p.Role != auth.RoleAdmin:
		return &failure{kind: kindRole, field: "user_id", detail: "leave user_id out to store a generation of your own"}
	case !auth.ValidUserID(u.userID):
		return invalid("user_id", "is no user id: 1 to 128 letters, digits and . _ @ | : -")
	}
	if u.projectID != "" {
		if err := checkID("project_id", u.projectID); err != nil {
			return err
		}
	}
	if len(u.files) == 0 {
		return invalid("files", "at least one file is needed")
	}
	return nil
}

// pack makes the archive that a runner will be given, and reads it as the runner will, so that what is stored can
// also be run.
func pack(ctx context.Context, files map[string][]byte) (store.Content, error) {
	data, _, err := archive.Pack(files)
	if err != nil {
		return store.Content{}, err
	}
	_, stats, err := archive.Read(ctx, bytes.NewReader(data), archive.DefaultLimits())
	if err != nil {
		return store.Content{}, err
	}
	return store.Content{Version: store.Digest(files), Files: stats.Files, Bytes: stats.Bytes, Archive: data}, nil
}

func (a *API) getGeneration(c *gin.Context) (reply, error) {
	_, meta, err := a.generation(c, accessFiles)
	if err != nil {
		return reply{}, err
	}
	ctx := c.Request.Context()
	data, err := a.generations().Archive(ctx, meta.ID, meta.Version)
	if err != nil {
		return reply{}, err
	}
	files, _, err := archive.Read(ctx, bytes.NewReader(data), archive.DefaultLimits())
	if err != nil {
		return reply{}, &failure{kind: kindInternal, detail: "the stored archive cannot be read; store the generation again", cause: err}
	}
	body := fullGenerationBody{generationBody: describe(meta), Files: make(map[string]fileValue, len(files))}
	for path, content := range files {
		if body.Files[path], err = fileValueOf(content); err != nil {
			return reply{}, err
		}
	}
	return reply{status: http.StatusOK, body: body}, nil
}

// deleteGeneration deletes the previews with it: the next generation of that id may be somebody else's.
func (a *API) deleteGeneration(c *gin.Context) (reply, error) {
	p, err := a.principal(c)
	if err == nil {
		err = a.writable()
	}
	if err != nil {
		return reply{}, err
	}
	_, meta, err := a.generationFor(c, p, accessFiles)
	if err != nil {
		return reply{}, err
	}
	ctx := c.Request.Context()
	if err := a.deletePreviews(ctx, meta); err != nil {
		return reply{}, err
	}
	if err := a.store.Delete(ctx, meta.ID, meta.UserID); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNoContent}, nil
}

func (a *API) deletePreviews(ctx context.Context, meta store.Meta) error {
	previews := a.cachedInstances(meta.ID, meta.UserID)
	// The cache may not know yet what was launched a moment ago, or may know its predecessor.
	launched, err := a.liveInstance(ctx, meta)
	switch {
	case err == nil && !slices.ContainsFunc(previews, func(known *v1alpha1.PreviewInstance) bool { return known.UID == launched.UID }):
		previews = append(previews, launched)
	case err == nil:
	case !errors.Is(err, errNoInstance):
		return err
	}
	for _, pvi := range previews {
		if err := a.instances.Delete(ctx, pvi); err != nil {
			return err
		}
	}
	return nil
}
