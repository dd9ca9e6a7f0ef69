package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/codebegen/preview-operator/test/e2e/framework"
)

const (
	// noncePath is the route that withNonce adds to a project.
	noncePath = "/bench-nonce"

	// pause lies between two attempts to reach an application, in all measurements alike: without it the attempts would
	// take the processors from what is measured.
	pause = 10 * time.Millisecond
	// patience bounds one launch, and every other wait.
	patience = 2 * time.Minute
)

// mainFiles are where a project may have its application, as app.
var mainFiles = []string{"app/main.py", "main.py"}

// withNonce adds a route that answers with a nonce to a project: nobody, no cache either, has seen this code before.
func withNonce(files map[string]string) (map[string]string, string, error) {
	i := slices.IndexFunc(mainFiles, func(path string) bool { return files[path] != "" })
	if i < 0 {
		return nil, "", fmt.Errorf("the project has none of %v", mainFiles)
	}
	nonce := rand.Text()
	files = maps.Clone(files)
	files[mainFiles[i]] += fmt.Sprintf("\n\n@app.get(%q)\ndef bench_nonce() -> dict[str, str]:\n    return {\"nonce\": %q}\n", noncePath, nonce)
	return files, nonce, nil
}

// isNonce reports whether an application's answer is its nonce.
func isNonce(body []byte, nonce string) bool {
	var answer struct{ Nonce string }
	return json.Unmarshal(body, &answer) == nil && answer.Nonce == nonce
}

// until calls the function, with pauses, until it is done, fails, or the context ends.
func until(ctx context.Context, what string, done func(context.Context) (bool, error)) error {
	return untilEvery(ctx, pause, func() string { return what }, done)
}

// untilEvery is until with another pause, and with a description that may tell what was seen last.
func untilEvery(ctx context.Context, pause time.Duration, what func() string, done func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		ok, err := done(ctx)
		if ok {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", what(), err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what(), ctx.Err())
		case <-time.After(pause):
		}
	}
}

// direct is a client for pods, one connection for each request as a first visitor has it.
var direct = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}

// fetchNonce asks an application for its nonce. An application that cannot be reached yet is no error.
func fetchNonce(ctx context.Context, address, nonce string) (bool, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+noncePath, nil)
	if err != nil {
		return false, err
	}
	response, err := direct.Do(request)
	if err != nil {
		return false, nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return false, nil
	}
	if response.StatusCode != http.StatusOK || !isNonce(body, nonce) {
		return false, fmt.Errorf("%s answered %d: %.200q", address, response.StatusCode, body)
	}
	return true, nil
}

// waiting drops the errors of a preview that is still starting.
func waiting(err error) error {
	var answer *framework.Error
	if errors.As(err, &answer) && (answer.Status == http.StatusConflict || answer.Status >= http.StatusInternalServerError) {
		return nil
	}
	return err
}
