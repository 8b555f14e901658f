package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vnet/lang/diag"
	"vnet/runtime/host"
)

// step applies operations that must all succeed, and returns what is journalled.
func (l *lab) step(h *Host, ops ...host.Op) (undo, final []host.Op) {
	l.t.Helper()
	for _, r := range apply(l.t, h, ops...) {
		undo, final = append(r.Undo, undo...), append(final, r.Final...)
	}
	return undo, final
}

// 14: a namespace is deleted, another gets its name, and all is taken back.
func Test14SpaceAnew(t *testing.T) {
	t.Parallel()
	l := newLab(t, cable+"ip netns exec @a sleep 300 >/dev/null 2>&1 &")
	pids := func() string { return l.script("ip netns pids @a") }
	wait(t, func() bool { return pids() != "" })
	h, before, inside := open(t), l.settled(), pids()
	ns := l.prefix + "a"
	undo, _ := l.step(h, host.NamespaceDel{Name: ns})
	more, _ := l.step(h, host.NamespaceAdd{Name: ns}, addr(ns, "lo", "10.99.0.1/24"))
	each(t, "undo", append(more, undo...), 0)
	l.same("undone", before)
	if now := pids(); now != inside {
		t.Errorf("inside were %q, are %q", inside, now)
	}
}

// 16: a program of somebody else's does not keep alive what we made.
func Test16Inhabited(t *testing.T) {
	t.Parallel()
	l := newLab(t, threeSpaces)
	h := open(t)
	ns := l.prefix + "new"
	undo, _ := l.step(h, host.NamespaceAdd{Name: ns}, veth(ns+":x", l.prefix+"b:y"))
	sleep := exec.Command("ip", "netns", "exec", ns, "sleep", "300")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sleep.Process.Kill(); _ = sleep.Wait() }()
	wait(t, func() bool { return l.script("ip netns pids @new") != "" })
	each(t, "undo", undo[len(undo)-1:], 0)
	if got := linkList(t, h, l.prefix+"b"); got != "lo" {
		t.Errorf("left: %s", got)
	}
}

const tapScript = `import fcntl, struct, sys, time
f = open("/dev/net/tun", "r+b", buffering=0)
fcntl.ioctl(f, 0x400454ca, struct.pack("16sH", b"tap0", 0x1002))
print("ready", flush=True)
time.sleep(300)`

// 20: a tap that lives by its program is buried and brought back while that
// holds it; it is deleted for good as well.
func Test20Tap(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("needs python3 to hold a tap")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip(err)
	}
	l := newLab(t, threeSpaces)
	hold := exec.Command("ip", "netns", "exec", l.prefix+"a", "python3", "-c", tapScript)
	out, err := hold.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := hold.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hold.Process.Kill(); _ = hold.Wait() }()
	if _, err := out.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	l.script("ip -n @a link set tap0 up; ip -n @a addr add 10.0.0.1/24 dev tap0")
	before := l.settled()
	undo, final := l.step(open(t), l.op(del("@a", "tap0")))
	each(t, "undo", undo, 0)
	l.same("undone", before)
	l.step(open(t), l.op(del("@a", "tap0")))
	each(t, "final", final, 0)
	if out := l.script("ip -n @a -o link"); strings.Contains(out, "tap") || strings.Contains(out, "~") {
		t.Errorf("left: %s", out)
	}
	r := open(t).Apply(context.Background(), undo, nil)[0]
	if !errors.Is(r.Err, unix.ENODEV) {
		t.Errorf("what is gone came back: %v", r.Err)
	}
}

// 21 and 22: a new interface, of another kind, gets the name and an alternative
// name of a deleted one.
func Test21NameAgain(t *testing.T) {
	t.Parallel()
	l := newLab(t, cable)
	h, before := open(t), l.settled()
	ns := l.prefix + "a"
	undo, _ := l.step(h, l.op(del("@a", "eth0")))
	more, _ := l.step(h, host.LinkAdd{Link: host.Link{NS: ns, Name: "eth0", Kind: "bridge", Up: true}}, addr(ns, "eth0", "10.0.0.1/24"),
		veth(ns+":long-name", l.prefix+"c:x"))
	if got := linkList(t, h, ns); got != "eth0 lo long-name other" {
		t.Errorf("there are %s", got)
	}
	each(t, "undo", append(more, undo...), 0)
	l.same("undone", before)
}

// 42: somebody takes the name of what is buried.
func Test42NameTaken(t *testing.T) {
	t.Parallel()
	l := newLab(t, cable)
	undo, _ := l.step(open(t), l.op(del("@a", "eth0")))
	l.script("ip -n @a link add eth0 type bridge")
	for range 2 {
		r := open(t).Apply(context.Background(), undo, nil)[0]
		if !errors.Is(r.Err, unix.EEXIST) || !strings.Contains(fmt.Sprint(r.Err), "another has taken its name") {
			t.Errorf("said: %v", r.Err)
		}
	}
	if out := l.script("ip -n @a addr; ip -n @a route"); !strings.Contains(out, "10.0.0.11/24") || !strings.Contains(out, "default via 10.0.0.2 dev ~") {
		t.Errorf("not restored under another name:\n%s", out)
	}
	undo, final := l.step(open(t), l.op(host.NamespaceDel{Name: "@c"}))
	l.script("ip netns add @c")
	for range 2 {
		r := open(t).Apply(context.Background(), undo[:1], nil)[0]
		if !errors.Is(r.Err, unix.EEXIST) {
			t.Errorf("said: %v", r.Err)
		}
	}
	spare := fmt.Sprintf("~%d", undo[0].(host.NamespaceUnpark).ID)
	if out := l.script("ip -n " + spare + " link"); !strings.Contains(out, "eth2") {
		t.Errorf("not to be found: %s", out)
	}
	_ = final
	l.script("ip netns del " + spare)
}

// What the kernel would not delete is refused before anything is done.
func Test43Refused(t *testing.T) {
	t.Parallel()
	l := newLab(t, threeSpaces)
	before := l.look()
	for _, name := range []string{"lo", "none"} {
		told := false
		r := open(t).Apply(context.Background(), []host.Op{l.op(del("@a", name))}, func([]host.Intention) error { told = true; return nil })[0]
		if r.Err == nil || told || len(r.Undo)+len(r.Final) > 0 {
			t.Errorf("%s: %v, journalled %v", name, r, told)
		}
	}
	if err := (&link{name: "gre0", kind: "gre"}).deletable("a"); !errors.Is(err, unix.EOPNOTSUPP) {
		t.Errorf("gre0: %v", err)
	}
	l.same("refused", before)
}

// So is a move that would lose what nobody could put back; what can be is moved.
func Test43MoveRefused(t *testing.T) {
	t.Parallel()
	l := newLab(t, threeSpaces+`ip -n @a link add x0 type ifb; ip -n @a link add x1 type ifb
		tc -n @a qdisc add dev x0 root handle 1: stab overhead 4 linklayer atm htb
		tc -n @a qdisc add dev x1 root handle 1: tbf rate 1mbit burst 10kb latency 50ms`)
	before := l.settled()
	move := func(name string) host.LinkMove {
		return host.LinkMove{NS: l.prefix + "a", Name: name, To: l.prefix + "b"}
	}
	told := false
	r := open(t).Apply(context.Background(), []host.Op{move("x0")}, func([]host.Intention) error { told = true; return nil })[0]
	var e *host.Error
	if !errors.As(r.Err, &e) || e.Code != diag.Irreversible || !strings.Contains(e.What, "the size table of qdisc htb") || told || len(r.Undo) > 0 {
		t.Errorf("%+v, journalled %v", r, told)
	}
	l.same("refused", before)
	l.step(open(t), move("x1"))
}

// An interface that is not what was buried is left alone.
func TestTombOfAnother(t *testing.T) {
	t.Parallel()
	l := newLab(t, threeSpaces+"ip -n @a link add x index 77 address 02:00:00:00:00:01 type veth peer name y")
	undo, final := l.step(open(t), l.op(del("@a", "x")))
	l.script("ip -n @a link del dev '~77'; ip -n @a link add x index 77 address 02:00:00:00:00:02 type veth peer name z")
	before := l.look()
	if r := open(t).Apply(context.Background(), undo, nil)[0]; !errors.Is(r.Err, unix.ESTALE) {
		t.Errorf("undo: %v", r.Err)
	}
	if r := open(t).Apply(context.Background(), final, nil)[0]; r.Err != nil {
		t.Errorf("final: %v", r.Err)
	}
	if diff := differences(before, l.look()); diff != "" {
		t.Error(diff)
	}
}

// The other end may be where no name leads: in a namespace of a process.
func TestNamelessFarEnd(t *testing.T) {
	t.Parallel()
	l := newLab(t, threeSpaces)
	hold := exec.Command("unshare", "-n", "sleep", "300")
	if err := hold.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { _ = hold.Process.Kill(); _ = hold.Wait() }()
	own, _ := os.Readlink("/proc/self/ns/net")
	path := fmt.Sprintf("/proc/%d/ns/net", hold.Process.Pid)
	wait(t, func() bool { other, err := os.Readlink(path); return err == nil && other != own })
	inside := fmt.Sprintf("nsenter -t %d -n ", hold.Process.Pid)
	l.script(fmt.Sprintf("ip -n @a link add x type veth peer name y netns %d; ip -n @a link set x up\n", hold.Process.Pid) +
		inside + "ip link set y up\n" + inside + "ip addr add 10.0.0.2/24 dev y\n" + inside + "ip route add default via 10.0.0.1")
	look := func() string { return l.script(inside + "ip -o addr; " + inside + "ip route") }
	before := l.settled()
	wait(t, func() bool { return !strings.Contains(look(), "tentative") })
	far := look()
	undo, final := l.step(open(t), l.op(del("@a", "x")))
	each(t, "undo", undo, 0)
	l.same("undone", before)
	wait(t, func() bool { return look() == far })
	l.step(open(t), l.op(del("@a", "x")))
	each(t, "final", final, 0)
	if out := l.script(inside + "ip -o link"); strings.Contains(out, "y") && strings.Contains(out, "veth") || strings.Contains(out, "~") {
		t.Errorf("left: %s", out)
	}
}

// 47: five hundred interfaces are buried, brought back, purged, and deleted as
// what a rollback made, each in far less than one by one.
func Test47Many(t *testing.T) {
	const many = 500
	l := newLab(t, threeSpaces)
	h := open(t)
	var make, bury []host.Op
	for i := range many {
		make = append(make, veth(fmt.Sprintf("%sa:v%d", l.prefix, i), fmt.Sprintf("%sb:v%d", l.prefix, i)))
		bury = append(bury, host.LinkDel{NS: l.prefix + "a", Name: fmt.Sprintf("v%d", i)})
	}
	quiet(t, h, l.prefix+"a", l.prefix+"b")
	timed := func(what string, limit time.Duration, ops ...host.Op) (undo, final []host.Op) {
		t.Helper()
		begin := time.Now()
		undo, final = l.step(h, ops...)
		took := time.Since(begin)
		t.Logf("%s: %v", what, took.Round(time.Millisecond))
		if took > limit {
			t.Errorf("%s took %v, more than %v", what, took, limit)
		}
		return undo, final
	}
	back, _ := timed("made", time.Minute, make...)
	undo, _ := timed("buried", time.Minute, bury...)
	timed("brought back", time.Minute, undo...)
	timed("deleted what was made", 5*time.Second, back...)
	timed("made", time.Minute, make...)
	_, final := timed("buried", time.Minute, bury...)
	timed("purged", 5*time.Second, final...)
	if got := linkList(t, h, l.prefix+"b"); got != "lo" {
		t.Errorf("left: %s", got)
	}
}

// 47: many namespaces with cables to each other and to one that stays are
// parked together, by one that has not made them.
func Test47ManySpaces(t *testing.T) {
	t.Parallel()
	const many = 3 * fewCables
	text := threeSpaces + "\nip netns add @h; ip -n @h link add br0 type bridge; ip -n @h link set br0 up\n"
	for i := range many {
		text += fmt.Sprintf(`
			ip netns add @%[1]d
			ip -n @%[1]d link add e0 type veth peer name p%[1]d netns @h
			ip -n @h link set p%[1]d up master br0; ip -n @%[1]d link set e0 up
			ip -n @%[1]d link add e1 type veth peer name p%[1]d netns @b
			ip -n @b link set p%[1]d up; ip -n @b addr add 10.%[1]d.0.1/24 dev p%[1]d; ip -n @%[1]d link set e1 up`, i)
	}
	l := newLab(t, text)
	h, before := open(t), l.settled()
	parked := []host.Op{host.NamespaceDel{Name: l.prefix + "h"}}
	for i := range many {
		parked = append(parked, host.NamespaceDel{Name: fmt.Sprint(l.prefix, i)})
	}
	undo, _ := l.step(h, parked...)
	if got := linkList(t, h, l.prefix+"b"); got != "lo" {
		t.Errorf("not buried: %s", got)
	}
	each(t, "undo", undo, 0)
	l.same("undone", before)
}

// What one namespace cannot be parked for leaves those before it parked, and those
// behind it as they were.
func TestParkedUpToOne(t *testing.T) {
	t.Parallel()
	text := threeSpaces
	for i := range 3 {
		text += fmt.Sprintf(`
			ip netns add @%[1]d
			ip -n @%[1]d link add e0 type veth peer name p%[1]d netns @b
			ip -n @b link set p%[1]d up; ip -n @b addr add 10.%[1]d.0.1/24 dev p%[1]d; ip -n @%[1]d link set e0 up`, i)
	}
	l := newLab(t, text)
	h, before := open(t), l.settled()
	if err := openPark(); err != nil {
		t.Fatal(err)
	}
	inTheWay := parked(h.Cookie(l.prefix + "1"))
	if err := os.Mkdir(inTheWay, 0o700); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(inTheWay)
	var ops []host.Op
	for i := range 3 {
		ops = append(ops, host.NamespaceDel{Name: fmt.Sprint(l.prefix, i)})
	}
	results := h.Apply(context.Background(), ops, nil)
	if results[0].Err != nil || results[1].Err == nil || !results[2].Skipped {
		t.Errorf("came of it: %+v", results)
	}
	if got := linkList(t, h, l.prefix+"b"); got != "lo p1 p2" {
		t.Errorf("there are: %s", got)
	}
	_ = os.Remove(inTheWay)
	each(t, "undo", results[0].Undo, 0)
	l.same("undone", before)
}

// What is buried holds what there can be only one of; that is said, and over
// with the commit.
func TestHeldByTheBuried(t *testing.T) {
	t.Parallel()
	l := newLab(t, threeSpaces+`
		ip -n @a link add e0 type ifb; ip -n @a link set e0 up
		ip -n @a link add vx0 type vxlan id 42 dstport 4789
		ip -n @b link add e0 type veth peer name e1
		ip -n @b link add mv0 link e0 type macvlan mode passthru`)
	for _, c := range []struct {
		name string
		del  host.Op
		add  host.Link
	}{
		{"vxlan", del("@a", "vx0"), host.Link{Name: "vx1", Kind: "vxlan", VXLAN: &host.VXLAN{ID: 42}}},
		{"macvlan", del("@b", "mv0"), host.Link{Name: "mv1", Kind: "macvlan", Parent: "e0", Macvlan: &host.Macvlan{Mode: "bridge"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t)
			gone := l.op(c.del).(host.LinkDel)
			c.add.NS = gone.NS
			_, final := l.step(h, gone)
			err := h.Apply(context.Background(), []host.Op{host.LinkAdd{Link: c.add}}, nil)[0].Err
			if err == nil || !strings.Contains(err.Error(), "goes for good when the transaction is committed") {
				t.Fatalf("said: %v", err)
			}
			each(t, "final", final, 0)
			l.step(h, host.LinkAdd{Link: c.add})
		})
	}
}
