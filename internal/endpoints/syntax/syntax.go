// Package syntax parses source files into plain Go trees. It is the only package of the project that calls C: the
// parser is tree-sitter's, which goes on after errors and does not recurse over its input.
package syntax

import (
	"context"
	"errors"
	"fmt"
	"path"
	"sync/atomic"
	"time"
)

// Language is what a file is written in.
type Language uint8

const (
	Python Language = iota + 1
	JavaScript
	TypeScript
	TSX
)

// LanguageOf is the language of a file by its name's ending, or zero. JavaScript is read with JSX.
func LanguageOf(name string) Language {
	switch path.Ext(name) {
	case ".py", ".pyi":
		return Python
	case ".js", ".mjs", ".cjs", ".jsx":
		return JavaScript
	case ".ts", ".mts", ".cts":
		return TypeScript
	case ".tsx":
		return TSX
	}
	return 0
}

// Limits bound what one file may cost. Zero fields have the defaults.
type Limits struct {
	// Bytes of the source; more is ErrTooLarge. 1 MiB, and at most 64 MiB.
	Bytes int
	// Nodes of the tree; what comes after them is left out. 400,000: text of 1 MiB that people write has fewer.
	Nodes int
	// Depth of the tree; what is deeper is left out. 1,000, so that those who read trees may recurse over them.
	Depth int
	// Time for parsing; more is ErrStopped. 2 s: 1 MiB takes a tenth of it, unless it is made to take long.
	Time time.Duration
	// Budget of all files of a project together; none when nil.
	Budget *Budget
}

// Budget bounds the nodes of several trees together. A node takes about 120 bytes of memory. It may be used by several
// goroutines at once.
type Budget struct{ nodes atomic.Int64 }

// ProjectNodes is the budget of the files of one language of a project: 3 MB of text that people write, and 120 MB of
// memory.
const ProjectNodes = 1_000_000

// NewBudget makes a budget of so many nodes. What is parsed at the same time may go beyond it by Limits.Nodes each.
func NewBudget(nodes int) *Budget {
	b := &Budget{}
	b.nodes.Store(int64(nodes))
	return b
}

const (
	defaultBytes = 1 << 20
	mostBytes    = 64 << 20
	defaultNodes = 400_000
	defaultDepth = 1_000
	defaultTime  = 2 * time.Second
)

func (l Limits) withDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = defaultBytes
	}
	l.Bytes = min(l.Bytes, mostBytes)
	if l.Nodes <= 0 {
		l.Nodes = defaultNodes
	}
	if l.Depth <= 0 {
		l.Depth = defaultDepth
	}
	if l.Time <= 0 {
		l.Time = defaultTime
	}
	return l
}

var (
	// ErrTooLarge: the file has more bytes than Limits.Bytes.
	ErrTooLarge = errors.New("the file is too large to be parsed")
	// ErrStopped: parsing took longer than Limits.Time, or the context ended.
	ErrStopped = errors.New("parsing was stopped")
	// ErrLanguage: the language is none of the constants.
	ErrLanguage = errors.New("the language is not known")
	// ErrSpent: files that were parsed before have used up the Budget.
	ErrSpent = errors.New("the files of the project are too large together to be parsed")
	// ErrNoParser: the program was built without cgo.
	ErrNoParser = errors.New("this program has no parser: it was built without cgo")
)

// Tree is one file. It has no ties to C and needs no closing.
type Tree struct {
	Root     *Node
	Language Language
	// HasErrors: some of it does not parse; the tree has ERROR and MISSING nodes around what does.
	HasErrors bool
	// Cut: nodes are left out, for there were more, or deeper ones, than the limits allow.
	Cut   bool
	nodes int
}

// Node is one node of a tree, as the grammars of tree-sitter name them.
type Node struct {
	// Kind such as call or identifier, or the token itself where Named is false. Field is the node's role in its parent,
	// such as function or arguments, or empty.
	Kind, Field string
	// Text is the node's part of the source, which it keeps in memory.
	Text string
	// Line counts from 1. Column counts bytes from 0.
	Line, Column int
	// Start and End are offsets in bytes.
	Start, End int
	// Named: it is not only a token such as a bracket.
	Named bool
	// Missing: the parser put it in to be able to go on; its text is empty.
	Missing  bool
	Children []*Node
}

// ErrorKind is the kind of nodes that hold what does not parse.
const ErrorKind = "ERROR"

// Child returns the first child with the role, or nil. The node may be nil.
func (n *Node) Child(field string) *Node {
	if n == nil {
		return nil
	}
	for _, child := range n.Children {
		if child.Field == field {
			return child
		}
	}
	return nil
}

// Is reports whether the node is there and of one of the kinds.
func (n *Node) Is(kinds ...string) bool {
	if n == nil {
		return false
	}
	for _, kind := range kinds {
		if n.Kind == kind {
			return true
		}
	}
	return false
}

// NamedChildren returns the children that are more than tokens. The node may be nil.
func (n *Node) NamedChildren() []*Node {
	if n == nil {
		return nil
	}
	count := 0
	for _, child := range n.Children {
		if child.Named {
			count++
		}
	}
	if count == len(n.Children) {
		return n.Children
	}
	named := make([]*Node, 0, count)
	for _, child := range n.Children {
		if child.Named {
			named = append(named, child)
		}
	}
	return named
}

// ChildOfKind returns the first child of the kind, or nil. The node may be nil.
func (n *Node) ChildOfKind(kind string) *Node {
	if n == nil {
		return nil
	}
	for _, child := range n.Children {
		if child.Kind == kind {
			return child
		}
	}
	return nil
}

// Parse parses one file. What does not parse is in the tree as ERROR nodes and is no error.
func Parse(ctx context.Context, language Language, source []byte, limits Limits) (*Tree, error) {
	limits = limits.withDefaults()
	if language < Python || language > TSX {
		return nil, ErrLanguage
	}
	if len(source) > limits.Bytes {
		return nil, fmt.Errorf("%w: %d bytes, %d are read", ErrTooLarge, len(source), limits.Bytes)
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%w: %w", ErrStopped, context.Cause(ctx))
	}
	if limits.Budget == nil {
		return parse(ctx, language, string(source), limits)
	}
	left := limits.Budget.nodes.Load()
	if left <= 0 {
		return nil, ErrSpent
	}
	limits.Nodes = int(min(int64(limits.Nodes), left))
	tree, err := parse(ctx, language, string(source), limits)
	if err == nil {
		limits.Budget.nodes.Add(-int64(tree.nodes))
	}
	return tree, err
}
