package express

import (
	"context"
	"regexp"
	"strings"

	js "github.com/codebegen/preview-operator/internal/endpoints/javascript"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// documents finds what comments say of routes.
type documents struct {
	ctx     context.Context
	project *js.Project
	blocks  map[string]block
	read    bool
}

// block is what a @swagger or @openapi comment says of one method of one path.
type block struct {
	path, method         string
	summary, description string
	// hasSummary and hasDescription: it says so itself, be it nothing.
	hasSummary, hasDescription bool
	tags                       []string
}

// describe fills in a row's texts and tags: of a block for its path, else of the comment before the call or the handler.
func (d *documents) describe(row *route.Route, call *routeCall) {
	comment, found := d.ofCall(call)
	if !found {
		comment, found = d.ofHandler(call)
	}
	row.Summary, row.Description = textOf(comment)
	d.readBlocks()
	b, ok := d.blocks[row.Method+" "+row.Path]
	if !ok && found && strings.Contains(comment, "@") {
		for _, own := range blocksIn(comment) {
			if own.method == row.Method && strings.HasSuffix(row.Path, own.path) {
				b, ok = own, true
				break
			}
		}
	}
	if !ok {
		return
	}
	if b.hasSummary {
		row.Summary = strings.TrimSpace(b.summary)
	}
	if b.hasDescription {
		row.Description = strings.TrimSpace(b.description)
	}
	if len(b.tags) > 0 {
		row.Tags = b.tags
	}
}

var tagLine = regexp.MustCompile(`(?m)^\s*@\w`)

// textOf is the first line of a comment and the rest, up to the first tag.
func textOf(comment string) (summary, description string) {
	if at := tagLine.FindStringIndex(comment); at != nil {
		comment = comment[:at[0]]
	}
	summary, description, _ = strings.Cut(strings.TrimSpace(comment), "\n")
	lines := strings.Split(description, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\r")
	}
	return strings.TrimSpace(summary), strings.TrimSpace(strings.Join(lines, "\n"))
}

var commentMargin = regexp.MustCompile(`^\s*\* ?`)

// content is the text of a JSDoc comment, without its stars; known is false for any other comment.
func content(comment string) (text string, known bool) {
	if !strings.HasPrefix(comment, "/**") || len(comment) < len("/***/") {
		return "", false
	}
	lines := strings.Split(comment[3:len(comment)-2], "\n")
	for i, line := range lines {
		if margin := commentMargin.FindString(line); margin != "" || i == 0 {
			lines[i] = strings.TrimPrefix(line[len(margin):], " ")
			if margin != "" {
				lines[i] = line[len(margin):]
			}
		}
	}
	return strings.Join(lines, "\n"), true
}

// before is the JSDoc comment that ends directly before a node.
func before(root, n *syntax.Node) (string, bool) {
	text := strings.TrimRight(root.Text[:max(0, min(n.Start-root.Start, len(root.Text)))], " \t\r\n")
	return lastComment(text)
}

// maxComment bounds how far the beginning of a comment is looked for, in bytes.
const maxComment = 64 << 10

func lastComment(text string) (string, bool) {
	if !strings.HasSuffix(text, "*/") {
		return "", false
	}
	window := text[max(0, len(text)-maxComment):]
	start := strings.LastIndex(window[:len(window)-2], "/*")
	if start < 0 {
		return "", false
	}
	return content(window[start:])
}

// ancestors are the nodes from the root to a node, which is the last.
func ancestors(root, n *syntax.Node) []*syntax.Node {
	var chain []*syntax.Node
	for at := root; at != nil; {
		chain = append(chain, at)
		if at == n {
			return chain
		}
		var next *syntax.Node
		for _, child := range at.Children {
			if child == n || (child.Start <= n.Start && child.End >= n.End && len(child.Children) > 0) {
				next = child
				break
			}
		}
		at = next
	}
	return nil
}

func (d *documents) ofCall(call *routeCall) (string, bool) {
	tree := d.project.Tree(d.ctx, call.file)
	if tree == nil || call.node == nil {
		return "", false
	}
	root := tree.Root
	callee := call.node.Child("function")
	if object, property := callee.Child("object"), callee.Child("property"); object != nil && property != nil && callee.Start >= root.Start {
		between := root.Text[object.End-root.Start : property.Start-root.Start]
		between = strings.TrimRight(strings.TrimRight(strings.TrimRight(between, " \t\r\n"), "."), "? \t\r\n")
		if comment, found := lastComment(between); found {
			return comment, true
		}
	}
	chain := ancestors(root, call.node)
	for i := len(chain) - 2; i >= 0; i-- {
		parent, node := chain[i], chain[i+1]
		switch {
		case parent.Kind == "expression_statement":
			return before(root, parent)
		case parent.Is("await_expression", "parenthesized_expression"):
		case parent.Kind == "member_expression" && node.Field == "object", parent.Kind == "call_expression" && node.Field == "function":
		default:
			return "", false
		}
	}
	return "", false
}

// ofHandler is the comment before the definition of a route's last handler.
func (d *documents) ofHandler(call *routeCall) (string, bool) {
	for i := len(call.handlers) - 1; i >= 0; i-- {
		if js.IsUnknown(call.handlers[i]) {
			return "", false
		}
		o, ok := call.handlers[i].(*js.Object)
		if !ok || o.Call == nil {
			continue
		}
		return ofFunction(o, isWrapped(call.node))
	}
	return "", false
}

// maxWrappers bounds wrappers around wrappers.
const maxWrappers = 6

// ofFunction is the comment before a function's definition: of what it binds, or wraps when it is a wrapper's result.
func ofFunction(o *js.Object, wrapped bool) (string, bool) {
	for range maxWrappers {
		if bound, ok := o.Native.(js.Bound); ok {
			o = bound.Function
			continue
		}
		fn := o.Call
		if fn == nil || fn.Node == nil || fn.Module == nil || fn.Module.Root == nil {
			return "", false
		}
		host, made := definition(fn.Module.Root, fn.Node)
		if wrapped || made {
			if inner := fn.Captured(); inner != nil {
				o = inner
				continue
			}
		}
		if host == nil {
			return "", false
		}
		return before(fn.Module.Root, host)
	}
	return "", false
}

// isWrapped reports whether a call's last argument is a call, as in asyncHandler(list).
func isWrapped(call *syntax.Node) bool {
	last := call.Child("arguments")
	for last.Is("arguments", "array") {
		children := last.NamedChildren()
		for len(children) > 0 && children[len(children)-1].Kind == "comment" {
			children = children[:len(children)-1]
		}
		if len(children) == 0 {
			return false
		}
		last = children[len(children)-1]
	}
	return last.Is("call_expression")
}

// definition is the declaration, assignment or property that gives a function its name; made is set when another function
// makes it, as wrappers do.
func definition(root, n *syntax.Node) (host *syntax.Node, made bool) {
	chain := ancestors(root, n)
	for i := len(chain) - 1; i > 0; i-- {
		node, parent := chain[i], chain[i-1]
		switch node.Kind {
		case "method_definition", "pair", "public_field_definition", "field_definition":
			return node, false
		case "function_declaration", "generator_function_declaration", "export_statement", "lexical_declaration", "variable_declaration", "expression_statement":
			if parent.Kind == "export_statement" {
				node = parent
			}
			return node, inFunction(chain[:i])
		}
		switch parent.Kind {
		case "variable_declarator", "lexical_declaration", "variable_declaration", "assignment_expression", "expression_statement", "pair",
			"public_field_definition", "field_definition", "export_statement", "parenthesized_expression", "as_expression", "arguments":
		case "call_expression":
			if node.Field == "function" {
				return nil, true
			}
		default:
			return nil, true
		}
	}
	return nil, true
}

// inFunction reports whether one of the nodes is a function.
func inFunction(chain []*syntax.Node) bool {
	for _, n := range chain {
		if n.Is("function_declaration", "function_expression", "function", "arrow_function", "method_definition", "generator_function", "generator_function_declaration") {
			return true
		}
	}
	return false
}

// readBlocks reads the blocks of all files; the first for a path and a method counts.
func (d *documents) readBlocks() {
	if d.read {
		return
	}
	d.read = true
	d.blocks = map[string]block{}
	for _, file := range d.project.Files() {
		if syntax.LanguageOf(file) < syntax.JavaScript {
			continue
		}
		text := string(d.project.Content(file))
		if !strings.Contains(text, "@swagger") && !strings.Contains(text, "@openapi") {
			continue
		}
		for {
			start := strings.Index(text, "/**")
			if start < 0 {
				break
			}
			end := strings.Index(text[start+3:], "*/")
			if end < 0 {
				break
			}
			comment, _ := content(text[start : start+3+end+2])
			text = text[start+3+end+2:]
			for _, b := range blocksIn(comment) {
				if key := b.method + " " + b.path; d.blocks[key].path == "" {
					d.blocks[key] = b
				}
			}
		}
	}
}

var (
	blockMark = regexp.MustCompile(`(?m)^\s*@(swagger|openapi)\b[^\n]*\n`)
	colonName = regexp.MustCompile(`:(\w+)`)
)

func blocksIn(comment string) []block {
	var blocks []block
	for _, at := range blockMark.FindAllStringIndex(comment, 64) {
		part := comment[at[1]:]
		if end := tagLine.FindStringIndex(part); end != nil {
			part = part[:end[0]]
		}
		document, ok := parseYAML(part).(map[string]any)
		if !ok {
			continue
		}
		if paths, ok := document["paths"].(map[string]any); ok {
			document = paths
		}
		for path, operations := range document {
			methods, ok := operations.(map[string]any)
			if !ok || !strings.HasPrefix(path, "/") {
				continue
			}
			for method, operation := range methods {
				if o, ok := operation.(map[string]any); ok {
					blocks = append(blocks, blockOf(colonName.ReplaceAllString(path, "{$1}"), strings.ToUpper(method), o))
				}
			}
		}
	}
	return blocks
}

func blockOf(path, method string, operation map[string]any) block {
	b := block{path: path, method: method}
	b.summary, b.hasSummary = operation["summary"].(string)
	b.description, b.hasDescription = operation["description"].(string)
	switch tags := operation["tags"].(type) {
	case string:
		b.tags = []string{tags}
	case []any:
		for _, tag := range tags {
			if text, ok := tag.(string); ok {
				b.tags = append(b.tags, text)
			}
		}
	}
	return b
}
