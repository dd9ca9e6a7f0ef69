package express

import "strings"

// yamlReader reads the part of YAML that is found in comments: maps, lists and texts, with no anchors, tags or documents.
type yamlReader struct {
	lines []string
	at    int
}

// maxYAMLDepth bounds nesting.
const maxYAMLDepth = 64

// parseYAML returns map[string]any, []any or string; nil for what is empty.
func parseYAML(text string) any {
	r := &yamlReader{lines: strings.Split(strings.ReplaceAll(text, "\t", "  "), "\n")}
	return r.node(0, 0)
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// next skips to a line with content and returns its indentation, or -1 at the end.
func (r *yamlReader) next() int {
	for ; r.at < len(r.lines); r.at++ {
		content := strings.TrimSpace(r.lines[r.at])
		if content != "" && content[0] != '#' && content != "---" {
			return indentOf(r.lines[r.at])
		}
	}
	return -1
}

func isItem(content string) bool { return content == "-" || strings.HasPrefix(content, "- ") }

func (r *yamlReader) node(least, depth int) any {
	indent := r.next()
	if indent < least || indent < 0 || depth > maxYAMLDepth {
		return nil
	}
	if isItem(strings.TrimSpace(r.lines[r.at])) {
		return r.list(indent, depth)
	}
	return r.mapping(indent, depth)
}

func (r *yamlReader) list(indent, depth int) any {
	var list []any
	for r.next() == indent && isItem(strings.TrimSpace(r.lines[r.at])) {
		content := strings.TrimSpace(strings.TrimSpace(r.lines[r.at])[1:])
		if _, _, isPair := cutPair(content); isPair {
			// The item is a map that begins on the line.
			r.lines[r.at] = strings.Repeat(" ", indent+2) + content
			list = append(list, r.mapping(indent+2, depth+1))
			continue
		}
		r.at++
		if content == "" {
			list = append(list, r.node(indent+1, depth+1))
			continue
		}
		list = append(list, scalar(content))
	}
	return list
}

func (r *yamlReader) mapping(indent, depth int) any {
	m := map[string]any{}
	if depth > maxYAMLDepth {
		r.at = len(r.lines)
		return m
	}
	for r.next() == indent {
		key, value, ok := cutPair(strings.TrimSpace(r.lines[r.at]))
		r.at++
		if !ok {
			continue
		}
		if _, there := m[key]; there {
			key = ""
		}
		m[key] = r.value(value, indent, depth)
	}
	return m
}

func (r *yamlReader) value(text string, indent, depth int) any {
	switch {
	case text == "":
		next := r.next()
		if next == indent && isItem(strings.TrimSpace(r.lines[r.at])) {
			return r.list(indent, depth+1)
		}
		return r.node(indent+1, depth+1)
	case text[0] == '|' || text[0] == '>':
		return r.block(text, indent)
	case text[0] == '[' || text[0] == '{' || text[0] == '"' || text[0] == '\'':
		return scalar(text)
	}
	// A plain text may go on in lines that are further in.
	parts := []string{withoutRemark(text)}
	for r.at < len(r.lines) && strings.TrimSpace(r.lines[r.at]) != "" && indentOf(r.lines[r.at]) > indent {
		parts = append(parts, strings.TrimSpace(r.lines[r.at]))
		r.at++
	}
	return strings.Join(parts, " ")
}

// block reads a text whose lines are kept (|) or folded (>).
func (r *yamlReader) block(mark string, indent int) any {
	var lines []string
	inner := -1
	for ; r.at < len(r.lines); r.at++ {
		line := r.lines[r.at]
		if strings.TrimSpace(line) == "" {
			lines = append(lines, "")
			continue
		}
		if indentOf(line) <= indent {
			break
		}
		if inner < 0 {
			inner = indentOf(line)
		}
		lines = append(lines, strings.TrimRight(line[min(inner, indentOf(line)):], " "))
	}
	if mark[0] == '|' {
		return strings.TrimRight(strings.Join(lines, "\n"), "\n")
	}
	var out strings.Builder
	for i, line := range lines {
		switch {
		case line == "":
			out.WriteByte('\n')
		case i > 0 && lines[i-1] != "":
			out.WriteString(" " + line)
		default:
			out.WriteString(line)
		}
	}
	return strings.TrimRight(out.String(), "\n")
}

// cutPair splits "key: value".
func cutPair(content string) (key, value string, ok bool) {
	rest := content
	if content != "" && (content[0] == '"' || content[0] == '\'') {
		end := strings.IndexByte(content[1:], content[0])
		if end < 0 {
			return "", "", false
		}
		key, rest = content[1:end+1], content[end+2:]
		if rest == ":" {
			return key, "", true
		}
		value, ok = strings.CutPrefix(rest, ": ")
		return key, strings.TrimSpace(value), ok
	}
	if content != "" && strings.ContainsRune("[{", rune(content[0])) {
		return "", "", false
	}
	if before, after, found := strings.Cut(rest, ": "); found {
		value := strings.TrimSpace(after)
		if strings.HasPrefix(value, "#") {
			value = ""
		}
		return strings.TrimSpace(before), value, true
	}
	if before, found := strings.CutSuffix(rest, ":"); found {
		return strings.TrimSpace(before), "", true
	}
	return "", "", false
}

func withoutRemark(text string) string {
	if at := strings.Index(text, " #"); at >= 0 {
		text = text[:at]
	}
	return strings.TrimSpace(text)
}

func scalar(text string) any {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return ""
	case text[0] == '[':
		inner, _, _ := strings.Cut(text[1:], "]")
		var list []any
		for _, part := range strings.Split(inner, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, scalar(part))
			}
		}
		return list
	case text[0] == '"' || text[0] == '\'':
		if end := strings.IndexByte(text[1:], text[0]); end >= 0 {
			return text[1 : end+1]
		}
	}
	return withoutRemark(text)
}
