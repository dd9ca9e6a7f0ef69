package assets

import (
	"path/filepath"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/image"
)

// PauseArchive is the name of the pause image's archive in its build's folder.
const PauseArchive = "pause.tar"

func writePauseImage(dir string) error {
	return image.WriteSingleBinary(filepath.Join(dir, PauseArchive), config.PauseImage, filepath.Join(dir, "pause"))
}
