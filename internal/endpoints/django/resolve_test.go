package django_test

import (
	"context"
	"testing"

	"github.com/codebegen/preview-operator/internal/endpoints/django"
	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
	"github.com/codebegen/preview-operator/test/endpoints/cases"
)

// TestCases compares what is found with what Django says of each case.
func TestCases(t *testing.T) { cases.Test(t, "django", resolve) }

func resolve(ctx context.Context, files map[string][]byte) route.Found {
	return django.Resolve(ctx, python.NewProject(ctx, files))
}
