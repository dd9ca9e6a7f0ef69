package settings

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// dirVariable names the folder that settings are read from before the environment.
	dirVariable = "PREVIEW_SETTINGS_DIR"
	// lookEvery is how often the folder is read. The kubelet brings a changed ConfigMap there within a minute or so.
	lookEvery = 5 * time.Second
	// maxFileBytes bounds a file of the folder.
	maxFileBytes = 64 << 10
)

// Live holds the settings in force. It is safe for concurrent use.
type Live struct {
	lookup  func(string) (string, bool)
	dir     string
	current atomic.Pointer[Settings]

	mu sync.Mutex
	// seen is what the folder held when it was last looked at, inForce what was taken up of it.
	seen, inForce map[string]string
	onChange      []func(Settings)
}

// Fixed returns settings that never change.
func Fixed(s Settings) *Live {
	l := &Live{}
	l.current.Store(&s)
	return l
}

// Open reads every setting as Load does, but those in the folder that PREVIEW_SETTINGS_DIR names, if any, first.
func Open(lookup func(string) (string, bool)) (*Live, error) {
	l := &Live{lookup: lookup}
	l.dir, _ = lookup(dirVariable)
	raw, err := l.readDir()
	if err != nil {
		return nil, err
	}
	s, err := Load(l.over(raw))
	if err != nil {
		return nil, err
	}
	l.seen, l.inForce = raw, raw
	l.current.Store(&s)
	return l, nil
}

// Current returns the settings in force now.
func (l *Live) Current() Settings { return *l.current.Load() }

// OnChange registers what is called, one call at a time, after settings have changed. It must precede Run.
func (l *Live) OnChange(do func(Settings)) { l.onChange = append(l.onChange, do) }

// Run takes up changes of the folder until ctx is done. A change that is not valid is reported once and changes nothing.
func (l *Live) Run(ctx context.Context, logger *slog.Logger) {
	if l.dir == "" {
		return
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.look(logger)
		}
	}
}

// look takes up what has changed in the folder since the last look.
func (l *Live) look(logger *slog.Logger) {
	l.mu.Lock()
	defer l.mu.Unlock()
	raw, err := l.readDir()
	if err != nil {
		logger.Error("the settings cannot be read; the last ones stay in force", "error", err)
		return
	}
	if reflect.DeepEqual(raw, l.seen) {
		return
	}
	l.seen = raw
	next, ignored := l.mergeLive(raw)
	if len(ignored) > 0 {
		logger.Warn("changed settings that need a restart are not taken up", "settings", strings.Join(ignored, ", "))
	}
	s, err := Load(l.over(next))
	if err != nil {
		logger.Error("the changed settings are not valid; the last ones stay in force", "error", err)
		return
	}
	l.inForce = next
	if reflect.DeepEqual(s, l.Current()) {
		return
	}
	l.current.Store(&s)
	logger.Info("the settings have changed")
	for _, do := range l.onChange {
		do(s)
	}
}

// mergeLive takes live settings from changed and leaves all others in force; it names those of them that differ.
func (l *Live) mergeLive(changed map[string]string) (next map[string]string, ignored []string) {
	next = map[string]string{}
	for _, d := range Definitions() {
		from := l.inForce
		if d.Live {
			from = changed
		} else if changed[d.Name] != l.inForce[d.Name] {
			ignored = append(ignored, d.Name)
		}
		if value, ok := from[d.Name]; ok {
			next[d.Name] = value
		}
	}
	return next, ignored
}

// over looks a setting up in the folder's, then in the environment.
func (l *Live) over(raw map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if value, ok := raw[name]; ok {
			return value, true
		}
		return l.lookup(name)
	}
}

// readDir reads the files of the folder that are named like settings. White space at the end is not part of a value.
func (l *Live) readDir() (map[string]string, error) {
	raw := map[string]string{}
	if l.dir == "" {
		return raw, nil
	}
	if _, err := os.Stat(l.dir); err != nil {
		return nil, fmt.Errorf("%s=%q: %w", dirVariable, l.dir, err)
	}
	for _, d := range Definitions() {
		value, err := readBounded(filepath.Join(l.dir, d.Name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s=%q: %w", dirVariable, l.dir, err)
		}
		raw[d.Name] = strings.TrimRight(value, " \t\r\n")
	}
	return raw, nil
}

func readBounded(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err == nil && len(data) > maxFileBytes {
		err = fmt.Errorf("%s has more than %d bytes", path, maxFileBytes)
	}
	return string(data), err
}
