// Command pause is the process of a pod's sandbox: it holds the pod's
// namespaces open and does nothing else.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// A pod that shares its process namespace makes pause its init, which must
	// reap; ignoring SIGCHLD lets the kernel do that.
	signal.Ignore(syscall.SIGCHLD)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
}
