package store

import (
	"bytes"
	"container/list"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/codebegen/preview-operator/internal/archive"
)

// parseFiles reads the files of the product: {"path": "content"} or {"path": {"content": "content"}}, where the inner
// object may say more. What is wrong is an *archive.Error.
func parseFiles(text string) (map[string][]byte, error) {
	refuse := func(path, detail string) error {
		return &archive.Error{Rule: archive.RuleFormat, Entry: path, Detail: detail}
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	if begin, err := decoder.Token(); err != nil || begin != json.Delim('{') {
		return nil, refuse("", "output_files is no object of path to content")
	}
	limit := archive.DefaultLimits().Files
	files := map[string][]byte{}
	for decoder.More() {
		key, err := decoder.Token()
		path, isPath := key.(string)
		if err != nil || !isPath {
			return nil, refuse("", "output_files is not valid JSON")
		}
		if _, twice := files[path]; twice {
			return nil, &archive.Error{Rule: archive.RuleDuplicate, Entry: path, Detail: "the path occurs twice"}
		}
		if len(files) == limit {
			return nil, &archive.Error{Rule: archive.RuleFiles, Entry: path, Max: int64(limit), Detail: "too many entries"}
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, refuse(path, "output_files is not valid JSON")
		}
		if files[path], err = parseContent(value); err != nil {
			return nil, refuse(path, err.Error())
		}
	}
	if len(files) == 0 {
		return nil, refuse("", "output_files has no files")
	}
	return files, nil
}

func parseContent(value json.RawMessage) ([]byte, error) {
	var object struct {
		Content *string `json:"content"`
	}
	var content *string
	into := any(&content)
	if bytes.HasPrefix(value, []byte("{")) {
		into = &object
	}
	if err := json.Unmarshal(value, into); err != nil {
		return nil, fmt.Errorf("the content is no text")
	}
	if content == nil {
		content = object.Content
	}
	if content == nil {
		return nil, fmt.Errorf("there is no content")
	}
	return []byte(*content), nil
}

// packFiles makes the archive, and reads it as the runner will: what that refuses is refused here.
func packFiles(ctx context.Context, files map[string][]byte) ([]byte, error) {
	packed, _, err := archive.Pack(files)
	if err != nil {
		return nil, err
	}
	if _, _, err := archive.Read(ctx, bytes.NewReader(packed), archive.DefaultLimits()); err != nil {
		return nil, err
	}
	return packed, nil
}

const (
	// maxCachedVersions and maxCachedBytes bound the versions that are remembered, the bytes of their archives in all.
	maxCachedVersions = 64
	maxCachedBytes    = 64 << 20
)

// cachedVersion is one version of a generation.
type cachedVersion struct {
	// row tells states of the table's row apart, empty where it cannot.
	row     string
	meta    Meta
	archive []byte
}

// versionCache remembers the versions that were used last.
type versionCache struct {
	mu sync.Mutex
	// versions holds *cachedVersion, the one used last in front.
	versions list.List
	bytes    int
}

// find returns the first version that is asked for, nil when none is there. It must not be changed.
func (c *versionCache) find(is func(*cachedVersion) bool) *cachedVersion {
	c.mu.Lock()
	defer c.mu.Unlock()
	for element := c.versions.Front(); element != nil; element = element.Next() {
		if version := element.Value.(*cachedVersion); is(version) {
			c.versions.MoveToFront(element)
			return version
		}
	}
	return nil
}

// add remembers a version in place of what is known of the same one, and forgets those that were not used for longest.
func (c *versionCache) add(added cachedVersion) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for element := c.versions.Front(); element != nil; element = element.Next() {
		if known := element.Value.(*cachedVersion); known.meta.ID == added.meta.ID && known.meta.Version == added.meta.Version {
			c.remove(element)
			break
		}
	}
	c.versions.PushFront(&added)
	c.bytes += len(added.archive)
	for c.versions.Len() > maxCachedVersions || c.bytes > maxCachedBytes {
		c.remove(c.versions.Back())
	}
}

func (c *versionCache) remove(element *list.Element) {
	c.bytes -= len(c.versions.Remove(element).(*cachedVersion).archive)
}
