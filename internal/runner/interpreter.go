package runner

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// maxEventBytes bounds one line from Python, and maxEvents how many are read. The reports of an application are
	// under its control; an honest one sends four of them.
	maxEventBytes = 32 << 10
	maxEvents     = 16

	modeFork   = "fork"
	modeDirect = "direct"
)

// event is one line from Python.
type event struct {
	Event      string `json:"event"`
	PID        int    `json:"pid"`
	Entrypoint string `json:"entrypoint"`
	Reason     string `json:"reason"`
	Message    string `json:"message"`
	// Named are the modules that make a project one for the larger interpreter.
	Named []string `json:"named"`
}

// The values of event.Event.
const (
	eventUsable    = "usable"    // control: what every application needs is loaded
	eventReady     = "ready"     // control: everything is preloaded
	eventUnusable  = "unusable"  // control: the image has no uvicorn
	eventForked    = "forked"    // control: the process that will run the application is pid
	eventStaged    = "staged"    // report: everything is done that can be before the project is executed
	eventImported  = "imported"  // report: entrypoint
	eventListening = "listening" // report
	eventFailed    = "failed"    // report: reason, message
)

// interpreter is a Python process that waits for an assignment, in a fork of itself or, in direct mode, as it is.
type interpreter struct {
	// process that was started, and forked, closed when app is known: the process that runs the application.
	process *child
	forked  chan struct{}
	app     *child
	// control is a socket that no user code holds.
	control *os.File
	// events come over control, reports from the application. Both are closed at the end of the stream.
	events, reports <-chan event
	// taken is closed when an assignment has the interpreter, or when it is not needed: its end is nobody else's concern.
	taken chan struct{}
	// larger is another fork, nil in direct mode.
	larger *larger
}

// startInterpreter runs the embedded script, which prints to output and preloads modules, comma-separated, unless it is in
// direct mode.
func startInterpreter(r *reaper, options Options, output *os.File, mode, modules string, env []string) (*interpreter, error) {
	path, err := exec.LookPath(options.Python)
	if err != nil {
		return nil, fmt.Errorf("the image has no %s: %w", options.Python, err)
	}
	limit := strconv.FormatInt(newControlGroup(options.CgroupDir).memoryLimit()>>20, 10)
	// -u: see PYTHONUNBUFFERED.
	argv := []string{path, "-u", "-c", bootSource, pythonSource, mode, limit, modules, fmt.Sprint(options.LargeAfter.Seconds()), "0"}
	if isWarm(options.Environ) {
		argv[len(argv)-1] = "1"
	}
	all := make([]*ends, 1, 2)
	if mode == modeFork {
		all = all[:2]
	}
	var theirs []*os.File
	for i := range all {
		if all[i], err = newEnds(); err != nil {
			break
		}
		for _, file := range []*os.File{all[i].theirControl, all[i].theirReport} {
			defer file.Close()
			argv = append(argv, strconv.Itoa(firstDescriptor+len(theirs)))
			theirs = append(theirs, file)
		}
	}
	var process *child
	if err == nil {
		process, err = r.spawn(func() (int, error) { return forkExec(argv, env, output, theirs) })
	}
	if err != nil {
		for _, e := range all {
			err = errors.Join(err, e.close())
		}
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	started := all[0].interpreter(process)
	if len(all) > 1 {
		started.larger = &larger{interpreter: all[1].interpreter(process), ready: make(chan struct{})}
	}
	return started, nil
}

// ends are those of what connects the runner with one process that runs Python.
type ends struct {
	control, theirControl *os.File
	report, theirReport   *os.File
}

func newEnds() (*ends, error) {
	control, theirControl, err := socketPair()
	if err != nil {
		return nil, err
	}
	report, theirReport, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, control.Close(), theirControl.Close())
	}
	return &ends{control: control, theirControl: theirControl, report: report, theirReport: theirReport}, nil
}

// close closes the runner's ends.
func (e *ends) close() error {
	if e == nil {
		return nil
	}
	return errors.Join(e.control.Close(), e.report.Close())
}

func (e *ends) interpreter(process *child) *interpreter {
	return &interpreter{
		process: process,
		forked:  make(chan struct{}),
		control: e.control,
		events:  readEvents(e.control),
		reports: readEvents(e.report),
		taken:   make(chan struct{}),
	}
}

// firstDescriptor is the number of the first file that a child gets beside its standard streams.
const firstDescriptor = 3

// forkExec starts a program whose descriptors from firstDescriptor on are files.
func forkExec(argv, env []string, output *os.File, files []*os.File) (int, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	descriptors := []uintptr{null.Fd(), output.Fd(), output.Fd()}
	for _, file := range files {
		descriptors = append(descriptors, file.Fd())
	}
	return syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{Env: env, Files: descriptors})
}

// socketPair returns the two ends of a connection. Reading ours holds no thread; theirs blocks, as Python expects.
func socketPair() (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	theirs = os.NewFile(uintptr(fds[1]), "control")
	if err := unix.SetNonblock(fds[0], true); err != nil {
		return nil, nil, errors.Join(err, unix.Close(fds[0]), theirs.Close())
	}
	return os.NewFile(uintptr(fds[0]), "control"), theirs, nil
}

// readEvents decodes lines until the end, a line that is none, or too many of them, and closes file.
func readEvents(file *os.File) <-chan event {
	// As large as there can be events, so that an abandoned reader does not hang.
	events := make(chan event, maxEvents)
	go func() {
		defer close(events)
		defer file.Close()
		lines := bufio.NewScanner(file)
		lines.Buffer(make([]byte, 0, 4096), maxEventBytes)
		for n := 0; n < maxEvents && lines.Scan(); n++ {
			var e event
			if json.Unmarshal(lines.Bytes(), &e) != nil {
				return
			}
			events <- e
		}
	}()
	return events
}

// command is what Python is told to stage.
type command struct {
	Folder     string            `json:"folder"`
	Entrypoint string            `json:"entrypoint"`
	Port       int32             `json:"port"`
	Env        map[string]string `json:"env"`
	// Health is the token that health checks show. It is not in the environment, which applications print.
	Health string `json:"health"`
	// StopSeconds is how long the application may take to stop.
	StopSeconds float64 `json:"stopSeconds"`
}

// stage tells Python what to run, and to run it right away if it is to.
func (i *interpreter) stage(c command, run bool) error {
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if run {
		line = append(line, runLine...)
	}
	_, err = i.control.Write(line)
	return err
}

// runLine tells Python to run what it has staged. It hangs up before it does.
const runLine = "{}\n"

func (i *interpreter) run() error {
	_, err := i.control.Write([]byte(runLine))
	return err
}

// take makes the end of the interpreter the caller's concern.
func (i *interpreter) take() { close(i.taken) }

func (i *interpreter) isTaken() bool {
	select {
	case <-i.taken:
		return true
	default:
		return false
	}
}

// kill ends the interpreter and what it has forked.
func (i *interpreter) kill(r *reaper) {
	r.signal(i.process, syscall.SIGKILL, false)
	select {
	case <-i.forked:
		r.signal(i.app, syscall.SIGKILL, true)
	default:
	}
	if i.larger != nil {
		i.larger.discard(r)
	}
}
