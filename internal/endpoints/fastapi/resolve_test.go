package fastapi

import (
	"context"
	"testing"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
	"github.com/codebegen/preview-operator/test/endpoints/cases"
)

// TestCases: each case is resolved to exactly what FastAPI said when it ran.
func TestCases(t *testing.T) { cases.Test(t, "fastapi", resolve) }

func resolve(ctx context.Context, files map[string][]byte) route.Found {
	return Resolve(ctx, python.NewProject(ctx, files))
}
