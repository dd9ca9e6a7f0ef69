// Package fence takes away from a process all that it does not need to compute: an attacker who takes it over through
// what it reads can open no file, reach no network, start no program and signal no other process.
package fence

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Limits of a process. They cannot be raised again.
type Limits struct {
	// CPU seconds, beyond which the kernel kills the process.
	CPU uint64
	// Memory in bytes that the process may write to; an allocation beyond fails. The garbage collector is told half of it:
	// what it gives back to the kernel still counts.
	Memory uint64
}

// allowed are the system calls that Go's runtime and C's allocator make in a process that has started. What is missing
// here fails with EPERM, which both live with where it is not vital to them.
var allowed = []uint32{
	unix.SYS_READ, unix.SYS_WRITE, unix.SYS_CLOSE, unix.SYS_FCNTL,
	unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EVENTFD2, unix.SYS_PIPE2,
	unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MREMAP, unix.SYS_MPROTECT, unix.SYS_MADVISE, unix.SYS_BRK,
	unix.SYS_FUTEX, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_MEMBARRIER, unix.SYS_GETRANDOM,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
	unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_GETTIMEOFDAY,
	unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_GETPID, unix.SYS_GETTID,
	unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
}

// Raise puts up the fence for all threads. The process must not go on when it fails.
func Raise(limits Limits) error {
	debug.SetMemoryLimit(int64(limits.Memory / 2))
	for _, l := range []struct {
		name     string
		resource int
		value    uint64
	}{
		{"processor time", unix.RLIMIT_CPU, limits.CPU},
		{"memory", unix.RLIMIT_DATA, limits.Memory},
		{"file size", unix.RLIMIT_FSIZE, 0},
		{"core size", unix.RLIMIT_CORE, 0},
	} {
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: l.value, Max: l.value}); err != nil {
			return fmt.Errorf("limit of %s: %w", l.name, err)
		}
	}
	return filterSystemCalls()
}

// filterSystemCalls has no way back, for this process and its threads.
func filterSystemCalls() error {
	// The filter is installed by the thread that has given up gaining privileges, for all of them.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	program := filter(uint32(os.Getpid()))
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC,
		uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(program)
	switch {
	case errno != 0:
		return fmt.Errorf("filter of system calls: %w", errno)
	case thread != 0:
		return errors.New("filter of system calls: a thread has another one")
	}
	return nil
}

// Offsets into struct seccomp_data: the number of the call, the architecture, and the lower halves of arguments.
const (
	offsetNumber   = 0
	offsetArch     = 4
	offsetArgument = 16
)

// filter is the program that the kernel runs before each system call of the process.
func filter(process uint32) []unix.SockFilter {
	statement := func(code uint16, k uint32) unix.SockFilter { return unix.SockFilter{Code: code, K: k} }
	jump := func(code uint16, k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | code | unix.BPF_K, Jt: yes, Jf: no, K: k}
	}
	load := func(offset uint32) unix.SockFilter { return statement(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, offset) }
	answer := func(action uint32) unix.SockFilter { return statement(unix.BPF_RET|unix.BPF_K, action) }
	refuse := func(err unix.Errno) unix.SockFilter { return answer(unix.SECCOMP_RET_ERRNO | uint32(err)) }

	program := []unix.SockFilter{
		load(offsetArch),
		jump(unix.BPF_JEQ, arch, 1, 0),
		answer(unix.SECCOMP_RET_KILL_PROCESS),
		load(offsetNumber),
		// C's library asks for clone3 first and takes this answer for an old kernel. Its arguments are in memory, where
		// a filter cannot look.
		jump(unix.BPF_JEQ, unix.SYS_CLONE3, 0, 1),
		refuse(unix.ENOSYS),
		// Threads, but no processes.
		jump(unix.BPF_JEQ, unix.SYS_CLONE, 0, 4),
		load(offsetArgument),
		jump(unix.BPF_JSET, unix.CLONE_THREAD, 0, 1),
		answer(unix.SECCOMP_RET_ALLOW),
		refuse(unix.EPERM),
		// Signals to threads of its own, with which Go's scheduler interrupts loops.
		jump(unix.BPF_JEQ, unix.SYS_TGKILL, 0, 4),
		load(offsetArgument),
		jump(unix.BPF_JEQ, process, 0, 1),
		answer(unix.SECCOMP_RET_ALLOW),
		refuse(unix.EPERM),
	}
	for _, call := range slices.Sorted(slices.Values(allowed)) {
		program = append(program, jump(unix.BPF_JEQ, call, 0, 1), answer(unix.SECCOMP_RET_ALLOW))
	}
	return append(program, refuse(unix.EPERM))
}
