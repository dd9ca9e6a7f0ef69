package route

import "strings"

// tabWidth is what Python's inspect.cleandoc expands tabs to.
const tabWidth = 8

// CleanDoc takes the indentation off a docstring, as Python's inspect.cleandoc does.
func CleanDoc(doc string) string {
	lines := strings.Split(expandTabs(doc), "\n")
	margin := -1
	for _, line := range lines[1:] {
		content := strings.TrimLeft(line, " ")
		if content == "" {
			continue
		}
		if indent := len(line) - len(content); margin < 0 || indent < margin {
			margin = indent
		}
	}
	lines[0] = strings.TrimLeft(lines[0], " ")
	for i, line := range lines[1:] {
		lines[i+1] = line[min(max(margin, 0), len(line)):]
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

func expandTabs(text string) string {
	if !strings.Contains(text, "\t") {
		return text
	}
	var out strings.Builder
	column := 0
	for _, r := range text {
		switch r {
		case '\t':
			spaces := tabWidth - column%tabWidth
			out.WriteString(strings.Repeat(" ", spaces))
			column += spaces
		case '\n':
			out.WriteRune(r)
			column = 0
		default:
			out.WriteRune(r)
			column++
		}
	}
	return out.String()
}

// SplitDoc splits a docstring into its first line and the rest.
func SplitDoc(doc string) (summary, description string) {
	summary, description, _ = strings.Cut(strings.TrimSpace(CleanDoc(doc)), "\n")
	return strings.TrimSpace(summary), strings.TrimSpace(description)
}
