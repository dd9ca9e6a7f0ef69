package express

import (
	"testing"

	"github.com/codebegen/preview-operator/test/endpoints/cases"
)

func TestCases(t *testing.T) { cases.Test(t, "express", Resolve) }
