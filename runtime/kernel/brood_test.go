package kernel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// group begins a group of programs and returns its ID and what ends it.
func group(t testing.TB, h *Host, log string) (string, host.GroupKill) {
	t.Helper()
	id := fmt.Sprintf("%d-kt.%d", os.Getpid(), time.Now().UnixNano())
	kill := apply(t, h, host.GroupAdd{ID: id, Log: log})[0].Undo[0].(host.GroupKill)
	t.Cleanup(func() { h.Apply(context.Background(), []host.Op{kill}, nil) })
	return id, kill
}

// until waits for a condition.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("not so: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// cgroups skips a test where there are no cgroups.
func cgroups(t testing.TB, h *Host) {
	t.Helper()
	if b := h.brood("probe"); b.dir == "" || b.place.tree.name != "" {
		t.Skip("needs a cgroup2 that may be written to")
	}
}

// old has a host use a tree of control groups of version 1, and no other.
func old(t testing.TB, h *Host, name string) {
	t.Helper()
	for _, tree := range cgroupTrees() {
		if tree.name == name {
			h.looked = true
			h.place, _ = findPlace([]cgroupTree{tree})
		}
	}
	if h.place.dir == "" {
		t.Skipf("needs control groups of version 1, %s, that may be written to", name)
	}
}

// by has a host hold programs together in one way.
func by(t testing.TB, h *Host, how string) {
	t.Helper()
	switch how {
	case "cgroup":
		cgroups(t, h)
	case "badge", "mark":
		h.looked = true // and found nothing
	default:
		old(t, h, how)
	}
}

// noBadge has a group's programs known by their mark only.
func noBadge(t testing.TB, id string) {
	t.Helper()
	if err := makeBadgeFile(id); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(badgePath(id)), os.Symlink("/nowhere", badgePath(id))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dropBadge(id) })
}

// Whatever a program leaves behind dies with its group.
func TestGroupKill(t *testing.T) {
	for name, script := range map[string]string{
		"daemon":  `setsid sh -c 'setsid sh -c "exec sleep 97 <&- >&- 2>&-" & ' & echo`,
		"ignores": `sh -c 'trap "" TERM INT HUP; while :; do sleep 97; done' >&- 2>&- & echo`,
		"stopped": `setsid sh -c 'kill -STOP $$' >&- 2>&- & echo`,
		"many":    `i=0; while [ $i -lt 100 ]; do setsid sleep 97 >&- 2>&- & i=$((i+1)); done; echo`,
		"cleaned": `env -i setsid sleep 97 >&- 2>&- & echo`,
	} {
		for _, how := range []string{"cgroup", "freezer", "pids", "name=systemd", "badge", "mark"} {
			t.Run(name+" by "+how, func(t *testing.T) {
				h := open(t)
				spaces(t, h, "kt-a")
				if how == "mark" && name == "cleaned" {
					t.Skip("a program that wipes its environment is lost sight of")
				}
				by(t, h, how)
				id, kill := group(t, h, "")
				if how == "mark" {
					noBadge(t, id)
				}
				if _, err := h.Exec(t.Context(), &host.Cmd{NS: "kt-a", Argv: []string{"sh", "-c", script}, Group: id}); err != nil {
					t.Fatal(err)
				}
				b := h.brood(id)
				want := map[string]int{"many": 100}[name]
				until(t, "it runs", func() bool { return len(b.members()) > 0 && len(b.members()) >= want })
				pids := b.members()
				for range 2 { // as often as one likes
					apply(t, h, kill)
				}
				for _, pid := range pids {
					if !isDead(fmt.Sprint(pid)) {
						t.Errorf("%d lives", pid)
					}
				}
				if h.brood(id).loose.Load() != (how == "mark" || how == "badge") || strings.Contains(kill.Dir, "freezer") != (how == "freezer") {
					t.Errorf("its group is %q, by mark: %v", kill.Dir, h.brood(id).loose.Load())
				}
				if kill.Dir != "" && isCgroup(kill.Dir) {
					t.Errorf("%s is left", kill.Dir)
				}
				if hasBadge(id) {
					t.Errorf("%s is left", badgePath(id))
				}
				if _, err := h.Exec(t.Context(), &host.Cmd{NS: "kt-a", Argv: []string{"true"}, Group: id}); !errors.Is(err, errBroodEnded) {
					t.Errorf("a program was started in a group that has ended: %v", err)
				}
			})
		}
	}
}

// Another vnet can end the group of one that is gone.
func TestGroupKillByAnother(t *testing.T) {
	for _, how := range []string{"cgroup", "freezer", "badge"} {
		t.Run(how, func(t *testing.T) { killByAnother(t, how) })
	}
}

func killByAnother(t *testing.T, how string) {
	h := open(t)
	by(t, h, how)
	id, kill := group(t, h, "")
	if _, err := h.Exec(t.Context(), &host.Cmd{NS: host.Start, Argv: []string{"sh", "-c", "env -i setsid sleep 97 >&- 2>&- & echo"}, Group: id}); err != nil {
		t.Fatal(err)
	}
	h.Close()
	another := open(t)
	until(t, "it lives on, and another finds it", func() bool { return len(another.Processes(kill)) == 1 })
	apply(t, another, kill)
	if isCgroup(kill.Dir) || hasBadge(id) {
		t.Errorf("%s or %s is left", kill.Dir, badgePath(id))
	}
}

// A program that ends leaves no cgroup, and another may sweep them away at any
// moment.
func TestGroupLeavesNothing(t *testing.T) {
	for _, how := range []string{"cgroup", "freezer", "badge"} {
		t.Run(how, func(t *testing.T) { leavesNothing(t, how) })
	}
}

func leavesNothing(t *testing.T, how string) {
	h := open(t)
	by(t, h, how)
	id, kill := group(t, h, "")
	var sweepers sync.WaitGroup
	for range 50 {
		if kill.Dir != "" {
			sweepers.Go(func() { sweepCgroups(filepath.Dir(kill.Dir), 0) })
		}
		if _, err := h.Exec(t.Context(), &host.Cmd{NS: host.Start, Argv: []string{"true"}, Group: id}); err != nil {
			t.Error(err)
		}
	}
	sweepers.Wait()
	if h.brood(id).loose.Load() != (how == "badge") {
		t.Error("gave up on cgroups")
	}
	h.Close()
	if isCgroup(kill.Dir) || hasBadge(id) {
		t.Errorf("%s or %s is left", kill.Dir, badgePath(id))
	}
}

func TestGroupRefused(t *testing.T) {
	h := open(t)
	for _, op := range []host.Op{
		host.GroupAdd{}, host.GroupAdd{ID: "../x"}, host.GroupAdd{ID: ".."}, host.GroupAdd{ID: "a/b"},
		host.GroupAdd{ID: "a", Log: "/etc/passwd"}, host.GroupKill{ID: "a", Log: host.LogDir + "/x/../../../../etc/x.log"},
		host.GroupKill{ID: "a", Dir: "/sys/fs/cgroup/unified"}, host.GroupKill{ID: "a", Dir: "/x/vnet/b"},
	} {
		if err := h.Apply(t.Context(), []host.Op{op}, nil)[0].Err; !errors.Is(err, unix.EINVAL) {
			t.Errorf("%#v: %v", op, err)
		}
	}
	apply(t, h, host.GroupKill{ID: "never-was", Dir: "/nowhere/vnet/never-was"})
}

// A buffer may be written to and read at the same time.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// spawn starts a shell in the background.
func spawn(t testing.TB, h *Host, ns, script string) (host.Program, *buffer, host.GroupKill) {
	t.Helper()
	var out buffer
	log := fmt.Sprintf("%s/kt-%d/p%d.log", host.LogDir, os.Getpid(), time.Now().UnixNano())
	id, kill := group(t, h, log)
	p, err := h.Spawn(t.Context(), &host.Cmd{NS: ns, Argv: []string{"sh", "-c", script}, Stdout: &out, Group: id, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return p, &out, kill
}

func TestSpawn(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a")
	p, out, kill := spawn(t, h, "kt-a", `echo a; echo b >&2; ls /sys/class/net; read x || echo nothing; exit 3`)
	<-p.Done()
	if exit, wanted := p.Exit(); exit.Status != 3 || wanted || p.Alive() {
		t.Errorf("%+v %v", exit, wanted)
	}
	if out.String() != "a\nb\nlo\nnothing\n" {
		t.Errorf("prints %q", out)
	}
	text, err := os.ReadFile(kill.Log)
	info, _ := os.Stat(kill.Log)
	dir, _ := os.Stat(filepath.Dir(kill.Log))
	if err != nil || string(text) != out.String() || info.Mode() != 0o600 || dir.Mode().Perm() != 0o700 {
		t.Errorf("the log: %q %v %v %v", text, err, info.Mode(), dir.Mode())
	}
	apply(t, h, kill)
	if _, err := os.Stat(host.LogDir); !errors.Is(err, os.ErrNotExist) {
		t.Error("something is left of the log", err)
	}
}

// It goes on when the host is closed, and writes to its log.
func TestSpawnLivesOn(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a")
	flag := filepath.Join(t.TempDir(), "go")
	p, out, kill := spawn(t, h, "kt-a", "echo one; while ! test -e "+flag+"; do sleep 0.01; done; echo two; exec sleep 97")
	until(t, "it prints", func() bool { return out.String() == "one\n" })
	h.Close()
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	until(t, "it writes on", func() bool { text, _ := os.ReadFile(kill.Log); return string(text) == "one\ntwo\n" })
	if !p.Alive() {
		t.Error("it died")
	}
	apply(t, open(t), kill)
	<-p.Done()
	if _, err := os.Stat(kill.Log); !errors.Is(err, os.ErrNotExist) {
		t.Error("the log is left")
	}
}

func TestStop(t *testing.T) {
	h := open(t)
	for _, script := range []string{
		"trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done",
		"trap '' TERM; echo up; while :; do sleep 97; done",
		"setsid sleep 97 & echo up; kill -STOP $$; sleep 97",
	} {
		p, out, kill := spawn(t, h, host.Start, script)
		until(t, "it is up", func() bool { return strings.HasPrefix(out.String(), "up\n") })
		began := time.Now()
		if err := p.Stop(); err != nil || time.Since(began) > stopTime+2*time.Second {
			t.Errorf("%q: %v after %s", script, err, time.Since(began))
		}
		if _, wanted := p.Exit(); !wanted || p.Alive() {
			t.Errorf("%q: wanted %v, alive %v", script, wanted, p.Alive())
		}
		if bye := strings.Contains(out.String(), "bye"); bye != strings.Contains(script, "bye") {
			t.Errorf("%q prints %q", script, out)
		}
		if kill.Dir != "" && isCgroup(kill.Dir) {
			t.Errorf("%s is left", kill.Dir)
		}
	}
}

// A log that is too large is put aside, and none of it is missed by who follows.
func TestLogRotates(t *testing.T) {
	h := open(t)
	p, out, kill := spawn(t, h, host.Start, "head -c 11000000 /dev/zero | tr '\\0' x; echo; exec sleep 97")
	until(t, "all is read", func() bool { return strings.HasSuffix(out.String(), "x\n") })
	until(t, "it is cut off", func() bool { info, err := os.Stat(kill.Log); return err == nil && info.Size() < logLimit })
	if n := len(out.String()); n != 11000001 {
		t.Errorf("%d bytes passed on", n)
	}
	if old, err := os.Stat(kill.Log + ".1"); err != nil || old.Size() < logLimit || old.Mode() != 0o600 {
		t.Error("nothing was put aside", err)
	}
	_ = p.Stop()
	apply(t, h, kill)
	if _, err := os.Stat(kill.Log + ".1"); !errors.Is(err, os.ErrNotExist) {
		t.Error("what was put aside is left")
	}
}

func TestSpawnRefused(t *testing.T) {
	h := open(t)
	id, _ := group(t, h, "")
	log := host.LogDir + "/kt/x.log"
	for _, cmd := range []host.Cmd{
		{NS: host.Start, Argv: []string{"kt-no-such-program"}, Log: log},
		{NS: "kt-nowhere", Argv: []string{"true"}, Log: log},
		{NS: host.Start, Argv: []string{"true"}, Log: "/tmp/x.log"},
		{NS: host.Start, Argv: []string{"true"}},
	} {
		cmd.Group = id
		if _, err := h.Spawn(t.Context(), &cmd); err == nil {
			t.Errorf("%+v was started", cmd)
		}
	}
	if err := os.MkdirAll(host.LogDir+"/kt", 0o700); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(host.LogDir + "/kt")
	if err := os.Symlink("/tmp/kt-elsewhere", log); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Spawn(t.Context(), &host.Cmd{NS: host.Start, Argv: []string{"true"}, Log: log, Group: id}); err == nil {
		t.Error("a symbolic link was followed")
	}
}

func TestListeners(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a", "kt-b")
	for _, proto := range []string{"tcp", "tcp6", "udp"} {
		if list, err := h.Listeners(t.Context(), "kt-a", 4242); err != nil || len(list) != 0 {
			t.Fatal(list, err)
		}
		fd := -1
		p, err := h.enter("kt-a")
		if err != nil {
			t.Fatal(err)
		}
		p.run(func() { fd, err = listen(proto, 4242) })
		p.done()
		if err != nil {
			t.Fatal(proto, err)
		}
		if list, err := h.Listeners(t.Context(), "kt-a", 4242); err != nil || len(list) != 1 {
			t.Errorf("%s: %v %v", proto, list, err)
		}
		if list, err := h.Listeners(t.Context(), "kt-b", 4242); err != nil || len(list) != 0 {
			t.Errorf("%s: %v %v", proto, list, err)
		}
		unix.Close(fd)
	}
}

func listen(proto string, port int) (int, error) {
	family, kind := unix.AF_INET, unix.SOCK_STREAM
	var sa unix.Sockaddr = &unix.SockaddrInet4{Port: port}
	if proto == "tcp6" {
		family, sa = unix.AF_INET6, &unix.SockaddrInet6{Port: port}
	}
	if proto == "udp" {
		kind = unix.SOCK_DGRAM
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Bind(fd, sa)
	}
	if err == nil && kind == unix.SOCK_STREAM {
		err = unix.Listen(fd, 1)
	}
	return fd, err
}
