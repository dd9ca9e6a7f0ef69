// Package codecache keeps packed projects in memory. A version of a generation never changes, so that what was read once
// can be handed out again and again.
package codecache

import (
	"container/list"
	"context"
	"sync"
)

// Reader reads the packed files of a version of a generation.
type Reader interface {
	Archive(ctx context.Context, id, version string) ([]byte, error)
}

// Cache is a Reader that remembers what it has read, the least recently used version going first. It is safe for
// concurrent use. What it returns must not be changed.
type Cache struct {
	reader Reader
	// most is how many bytes are kept; none when it is 0.
	most int64

	mu sync.Mutex
	// order holds *entry, the most recently used first.
	order   *list.List
	entries map[key]*list.Element
	bytes   int64
}

type key struct{ id, version string }

type entry struct {
	key
	code []byte
}

// New returns an empty cache of at most that many bytes in front of reader.
func New(reader Reader, most int64) *Cache {
	return &Cache{reader: reader, most: most, order: list.New(), entries: map[key]*list.Element{}}
}

// Archive returns the packed files of a version. An empty version is the newest, whichever that is, and always read. The
// errors are the reader's.
func (c *Cache) Archive(ctx context.Context, id, version string) ([]byte, error) {
	if version == "" {
		return c.reader.Archive(ctx, id, version)
	}
	k := key{id, version}
	if code, ok := c.known(k); ok {
		return code, nil
	}
	code, err := c.reader.Archive(ctx, id, version)
	if err == nil {
		c.keep(k, code)
	}
	return code, err
}

func (c *Cache) known(k key) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[k]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(element)
	return element.Value.(*entry).code, true
}

func (c *Cache) keep(k key, code []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.entries[k]; ok || int64(len(code)) > c.most {
		return
	}
	c.entries[k] = c.order.PushFront(&entry{k, code})
	c.bytes += int64(len(code))
	for c.bytes > c.most {
		oldest := c.order.Remove(c.order.Back()).(*entry)
		delete(c.entries, oldest.key)
		c.bytes -= int64(len(oldest.code))
	}
}
