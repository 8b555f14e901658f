package standby

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What a test lets another process do: start a program and hold files.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "stand" {
		lock, err := os.OpenFile(os.Args[2], os.O_RDWR|os.O_CREATE, 0o600)
		if err == nil {
			err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
		}
		if err == nil {
			_, err = Start(os.Args[3], os.Args[3:])
		}
		fmt.Println(err)
		runtime.GC()
		time.Sleep(time.Minute)
		return
	}
	os.Exit(m.Run())
}

// stands lets a process of its own start a program that stands by.
func stands(t *testing.T, lock string, argv ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", append([]string{"stand", lock}, argv...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	said := make([]byte, 100)
	if n, _ := out.Read(said); string(said[:n]) != "<nil>\n" {
		t.Fatalf("%s", said[:n])
	}
	return cmd
}

// until waits until something holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within ten seconds", what)
		}
	}
}

// child finds the process that stands by for another.
func child(t *testing.T, parent int) (pid int) {
	t.Helper()
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		data, _ := os.ReadFile(path)
		var p, up int
		var comm, state string
		if n, _ := fmt.Sscan(string(data), &p, &comm, &state, &up); n == 4 && up == parent && comm == "("+Name+")" {
			return p
		}
	}
	t.Fatalf("nothing called %s stands by for process %d", Name, parent)
	return 0
}

func status(t *testing.T, pid int, key string) string {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "\n"+key+":")
	value, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(value)
}

// The program starts when the other is dead, not before, and finds what it was
// promised.
func TestStandby(t *testing.T) {
	dir := t.TempDir()
	told, lock := filepath.Join(dir, "told"), filepath.Join(dir, "lock")
	cmd := stands(t, lock, "sh", "-c", `{ echo "$0 $1"; pwd; grep -E "^(SigBlk|SigIgn):" /proc/self/status; readlink /proc/$$/fd/0; cat <&3; ps -o sid= -p $$; echo $$; } >"$1".new; mv "$1".new "$1"`, "zero", told)
	pid := child(t, cmd.Process.Pid)
	if deaf := status(t, pid, "SigIgn"); deaf != "0000000000005003" || status(t, pid, "SigBlk") != "0000000000000000" || status(t, pid, "SigCgt") != "0000000000000000" {
		t.Errorf("ignored: %s; blocked: %s; caught: %s", deaf, status(t, pid, "SigBlk"), status(t, pid, "SigCgt"))
	}
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE} {
		if err := syscall.Kill(pid, sig); err != nil {
			t.Fatal(err)
		}
	}
	if files, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid)); len(files) != Pipe+1 {
		t.Errorf("it has %d files open", len(files))
	}
	time.Sleep(20 * time.Millisecond)
	if _, err := os.Stat(told); err == nil {
		t.Fatal("the program did not wait")
	}

	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	f, err := os.Open(lock)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		t.Errorf("the lock of the dead is held: %v", err)
	}
	until(t, "the program starts", func() bool { _, err := os.Stat(told); return err == nil })
	data, _ := os.ReadFile(told)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	want := []string{"zero " + told, "/", "SigBlk:\t0000000000000000", "SigIgn:\t0000000000005003", "/dev/null", fmt.Sprint(pid), fmt.Sprint(pid)}
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("it found\n%s\nwanted\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// Who is dismissed never starts anything.
func TestDismiss(t *testing.T) {
	told := filepath.Join(t.TempDir(), "told")
	p, err := Start("touch", []string{"touch", told})
	if err != nil {
		t.Fatal(err)
	}
	p.Dismiss()
	if err := syscall.Kill(p.pid, 0); err != syscall.ESRCH {
		t.Errorf("process %d: %v", p.pid, err)
	}
	time.Sleep(20 * time.Millisecond)
	if _, err := os.Stat(told); err == nil {
		t.Error("the program was started")
	}
}

// Where a process cannot stand by, the program itself waits.
func TestExecute(t *testing.T) {
	told := filepath.Join(t.TempDir(), "told")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := execute("/bin/sh", []string{"sh", "-c", `cat <&3; pwd >"$0"`, told}, int(null.Fd()), int(r.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	null.Close()
	r.Close()
	w.Close()
	var end syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &end, 0, nil); err != nil || end != 0 {
		t.Errorf("%v, status %d", err, end)
	}
	if data, _ := os.ReadFile(told); string(data) != "/\n" {
		t.Errorf("%q", data)
	}
}

func TestStartFails(t *testing.T) {
	for exe, argv := range map[string][]string{"no-such-program": {"x"}, "sh": {"a\x00b"}} {
		if p, err := Start(exe, argv); err == nil {
			p.Dismiss()
			t.Errorf("%s %q was started", exe, argv)
		}
	}
}

// All else goes on meanwhile: memory is collected, threads come and go.
func TestStandbyAmidWork(t *testing.T) {
	done := make(chan struct{})
	var work sync.WaitGroup
	for range 3 {
		work.Go(func() {
			var kept [][]byte
			for {
				select {
				case <-done:
					return
				default:
					kept = append(kept, make([]byte, 4096))
					if len(kept) > 1000 {
						kept = nil
						runtime.GC()
					}
				}
			}
		})
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 50 {
				p, err := Start("true", []string{"true"})
				if err != nil {
					t.Error(err)
					return
				}
				runtime.Gosched()
				p.Dismiss()
			}
		})
	}
	group.Wait()
	close(done)
	work.Wait()
}

func BenchmarkStandby(b *testing.B) {
	for b.Loop() {
		p, err := Start("/proc/self/exe", []string{"exe", "-test.run=^$"})
		if err != nil {
			b.Fatal(err)
		}
		p.Dismiss()
	}
}
