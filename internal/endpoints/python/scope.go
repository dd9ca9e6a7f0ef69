package python

import "github.com/codebegen/preview-operator/internal/endpoints/syntax"

// scope is where names are looked up: a module's, a class body's, a function's or a comprehension's.
type scope struct {
	vars   *Namespace
	parent *scope
	module *Module
}

// code is the part of a function that all its closures share.
type code struct {
	body *syntax.Node
}
