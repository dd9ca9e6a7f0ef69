package framework

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

// LoadProject reads the files of a folder, by path relative to it.
func LoadProject(folder string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".pyc") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(folder, path)
		files[filepath.ToSlash(relative)] = string(content)
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s is empty", folder)
	}
	return files, err
}

// InlineInstance makes a PreviewInstance that carries its files.
func InlineInstance(namespace, name, user string, files map[string]string) *v1alpha1.PreviewInstance {
	inline := &v1alpha1.InlineSource{}
	for path, content := range files {
		inline.Files = append(inline.Files, v1alpha1.SourceFile{Path: path, Content: content})
	}
	sort.Slice(inline.Files, func(i, j int) bool { return inline.Files[i].Path < inline.Files[j].Path })
	return &v1alpha1.PreviewInstance{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.PreviewInstanceSpec{
			GenerationID: name,
			UserID:       user,
			Source:       v1alpha1.Source{Inline: inline},
		},
	}
}
