package podlogs

import "github.com/codebegen/preview-operator/internal/loglevel"

// Level of a line, as the HTTP API names it.
type Level = loglevel.Level
