package runner

import (
	"embed"
	"strings"
)

// parts of the embedded script, in the order in which they are put together.
var parts = []string{"support", "courtesy", "project", "preload", "stage", "load", "serve", "main"}

//go:embed python/support.py python/courtesy.py python/project.py python/preload.py python/stage.py python/load.py python/serve.py python/main.py
var sources embed.FS

// pythonSource is the one script that the runner starts, passed on the command line: the root file system is
// read-only, and what lies in a writable folder could be changed by the code it is about to run.
var pythonSource = join()

// bootSource runs pythonSource, its first argument.
//
//go:embed python/boot.py
var bootSource string

func join() string {
	var script strings.Builder
	for _, part := range parts {
		source, err := sources.ReadFile("python/" + part + ".py")
		if err != nil {
			// The two lists differ, which every test of the runner finds.
			panic(err)
		}
		script.Write(source)
		script.WriteByte('\n')
	}
	script.WriteString("main(sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4]), *map(int, sys.argv[5:]))\n")
	return script.String()
}
