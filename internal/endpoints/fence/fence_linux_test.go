package fence

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fenced is the first argument with which this test binary does something behind the fence instead of testing; the
// second one says what.
const fenced = "behind-the-fence"

func TestMain(m *testing.M) {
	if len(os.Args) < 3 || os.Args[1] != fenced {
		os.Exit(m.Run())
	}
	go func() {
		runtime.LockOSThread()
		for attempt := range elsewhere {
			attempt()
		}
	}()
	done := make(chan struct{})
	elsewhere <- func() { close(done) }
	<-done
	if err := Raise(Limits{CPU: 2, Memory: 256 << 20}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	attempts[os.Args[2]]()
}

// elsewhere is a thread that was there before the fence.
var elsewhere = make(chan func())

// attempts print how they went.
var attempts = map[string]func(){
	"compute": func() {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 100 {
					if len(make([]byte, 1<<20)) == 0 {
						panic("no memory")
					}
				}
				runtime.LockOSThread()
			})
		}
		group.Wait()
		runtime.GC()
		fmt.Println("done")
	},
	"read a file":   func() { tell(os.ReadFile("/proc/self/environ")) },
	"write a file":  func() { tell(nil, os.WriteFile("/tmp/fence", nil, 0o600)) },
	"remove a file": func() { tell(nil, os.Remove("/nowhere")) },
	"list a folder": func() { tell(os.ReadDir("/")) },
	"read a file on another thread": func() {
		done := make(chan struct{})
		elsewhere <- func() { tell(os.ReadFile("/proc/self/environ")); close(done) }
		<-done
	},
	"make a socket": func() {
		_, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		tell(nil, err)
	},
	"connect":         func() { tell(net.Dial("tcp", "127.0.0.1:1")) },
	"listen":          func() { tell(net.Listen("unix", "@fence")) },
	"start a program": func() { tell(nil, exec.Command("/bin/true").Run()) },
	"start a process": func() {
		switch child, _, errno := unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0); {
		case errno != 0:
			tell(nil, errno)
		case child == 0:
			_, _, _ = unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		default:
			tell(nil, nil)
		}
	},
	"start a process with clone3": func() {
		arguments := [11]uint64{4: uint64(unix.SIGCHLD)}
		switch child, _, errno := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&arguments)), unsafe.Sizeof(arguments), 0); {
		case errno != 0:
			tell(nil, errno)
		case child == 0:
			_, _, _ = unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		default:
			tell(nil, nil)
		}
	},
	"become a program": func() { tell(nil, unix.Exec("/bin/true", []string{"true"}, nil)) },
	"signal another":   func() { tell(nil, unix.Kill(os.Getppid(), 0)) },
	"signal a thread":  func() { tell(nil, unix.Tgkill(os.Getppid(), os.Getppid(), 0)) },
	"trace another":    func() { tell(nil, unix.PtraceAttach(os.Getppid())) },
	"raise a limit": func() {
		tell(nil, unix.Prlimit(0, unix.RLIMIT_DATA, &unix.Rlimit{Cur: 1 << 30, Max: 1 << 30}, nil))
	},
	"limit another": func() { tell(nil, unix.Prlimit(os.Getppid(), unix.RLIMIT_CPU, nil, &unix.Rlimit{})) },
	"take all memory": func() {
		var all [][]byte
		for {
			block := make([]byte, 1<<20)
			for i := range block {
				block[i] = 1
			}
			all = append(all, block)
			if len(all) > 1<<10 {
				fmt.Println("done")
				os.Exit(0)
			}
		}
	},
	"take all time": func() {
		for i := 0; ; i++ {
			runtime.KeepAlive(i)
		}
	},
}

func tell(_ any, err error) {
	var errno syscall.Errno
	switch {
	case err == nil:
		fmt.Println("done")
	case errors.As(err, &errno) && errno == unix.EPERM:
		fmt.Println("refused")
	default:
		fmt.Println(err)
	}
}

func TestFence(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// What ends a process instead of refusing something.
	ends := map[string]string{"take all memory": "exit status 2", "take all time": "signal: killed"}
	others := map[string]string{"compute": "done", "start a process with clone3": "function not implemented"}
	for name := range attempts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), self, fenced, name)
			out, err := cmd.Output()
			want, end := cmp.Or(others[name], "refused"), ends[name]
			switch {
			case end != "":
				if err == nil || err.Error() != end {
					t.Errorf("it ended with %v, want %s; output %q", err, end, out)
				}
			case err != nil:
				t.Errorf("%v: %q", err, out)
			case strings.TrimSpace(string(out)) != want:
				t.Errorf("output %q, want %q", out, want)
			}
		})
	}
}
