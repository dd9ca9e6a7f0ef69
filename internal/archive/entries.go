package archive

import "strings"

// entrySet finds entries that name the same path twice, or that use a file as a folder.
type entrySet struct {
	// isFolder holds every path seen, folders that files imply among them.
	isFolder map[string]bool
	// listed holds the paths that an entry of their own named.
	listed map[string]bool
}

func newEntrySet() *entrySet {
	return &entrySet{isFolder: map[string]bool{}, listed: map[string]bool{}}
}

// add takes a path that CheckPath accepts.
func (s *entrySet) add(path string, folder bool) error {
	for i := strings.IndexByte(path, '/'); i >= 0; {
		parent := path[:i]
		if isFolder, seen := s.isFolder[parent]; seen && !isFolder {
			return &Error{Rule: RuleDuplicate, Entry: path, Detail: quote(parent) + " is a file, not a folder"}
		}
		s.isFolder[parent] = true
		next := strings.IndexByte(path[i+1:], '/')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	if isFolder, seen := s.isFolder[path]; s.listed[path] || seen && isFolder != folder {
		return &Error{Rule: RuleDuplicate, Entry: path, Detail: "the path occurs twice"}
	}
	s.isFolder[path], s.listed[path] = folder, true
	return nil
}
