package runner

import (
	_ "embed"
)

//go:embed python/project.py
var projectSource string

//go:embed python/zygote.py
var zygoteSource string

// pythonSource is the one script that the runner starts, passed on the command line: the root file system is
// read-only, and what lies in a writable folder could be changed by the code it is about to run.
var pythonSource = projectSource + "\n" + zygoteSource + "\nmain(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))\n"
