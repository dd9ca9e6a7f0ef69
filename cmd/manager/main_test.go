package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/codebegen/preview-operator/internal/settings"
	"github.com/codebegen/preview-operator/internal/store"
)

func TestOpenGenerations(t *testing.T) {
	own, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "preview.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if from, closeIt, err := openGenerations(t.Context(), settings.Settings{GenerationsTable: "generations"}, own); from != own || err != nil || closeIt() != nil {
		t.Errorf("without a product: %v, %v", from, err)
	}
	// Nothing listens on port 1.
	_, _, err = openGenerations(t.Context(), settings.Settings{GenerationsURL: "postgres://reader:canary@127.0.0.1:1/product", GenerationsTable: "generations"}, own)
	if !errors.Is(err, store.ErrUnreachable) || !strings.Contains(err.Error(), "PREVIEW_GENERATIONS_URL") || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
}
