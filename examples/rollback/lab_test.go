package rollback

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vnet/examples/vnettest"
	"vnet/runtime/kernel/kerneltest"
)

var (
	//go:embed testdata/network.sh
	network string
	//go:embed testdata/filter.nft
	filter string
	//go:embed testdata/part.vnet
	part string
)

// A lab is a machine with the network of testdata/network.sh, and its picture.
type lab struct {
	*kerneltest.Machine
	before vnettest.Picture
	dir    string // where its scripts lie
}

// newLab makes a lab. What it has besides the script: a tap that is not
// persistent, held open by a descriptor, and a table of nftables.
func newLab(t testing.TB) *lab {
	t.Helper()
	l := unsettledLab(t)
	l.settle(t)
	return l
}

// unsettledLab makes a lab to which something is to be added before its picture
// is taken.
func unsettledLab(t testing.TB) *lab {
	t.Helper()
	l := &lab{Machine: kerneltest.New(t), dir: t.TempDir()}
	l.Script(network)
	if _, err := exec.LookPath("nft"); err == nil {
		path := filepath.Join(l.dir, "filter.nft")
		write(t, path, filter)
		l.Run("nft", "-f", path)
	}
	write(t, filepath.Join(l.dir, "part.vnet"), part)
	l.hold(t, "held")
	l.Script("ip link set held up; ip addr add 10.6.0.1/24 dev held")
	return l
}

// hold makes a tap that lasts as long as its descriptor (tun(4)).
func (l *lab) hold(t testing.TB, name string) {
	t.Helper()
	var fd int
	var err error
	l.Do(func() {
		if fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
			return
		}
		var ifr *unix.Ifreq
		if ifr, err = unix.NewIfreq(name); err != nil {
			return
		}
		ifr.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr)
	})
	if err != nil {
		t.Fatal("a tap: ", err)
	}
	t.Cleanup(func() { unix.Close(fd) })
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// vnet prepares a run of a script, with --rm or other options.
func (l *lab) vnet(t testing.TB, text string, options ...string) *exec.Cmd {
	t.Helper()
	path := filepath.Join(l.dir, "lab.vnet")
	write(t, path, text)
	return vnettest.Command(append(append([]string{"run"}, options...), path)...)
}

// settle takes the picture, when nothing changes any more.
func (l *lab) settle(t testing.TB) {
	t.Helper()
	l.before = vnettest.Settled(t, l.Machine)
}

// residue is what is not as it was before.
func (l *lab) residue(t testing.TB) []string {
	t.Helper()
	return vnettest.Settling(t, l.Machine, l.before)
}

// recovered waits until no transaction is left, if that comes to be: a guard is
// at work by itself.
func (l *lab) recovered() {
	for deadline := time.Now().Add(kerneltest.Patience(10 * time.Second)); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		var dirs []string
		l.Do(func() { dirs, _ = filepath.Glob("/run/vnet/tx/*") })
		if len(dirs) == 0 {
			return
		}
	}
}

// A pool lends labs: what has been rolled back is used again, and what has not
// is thrown away.
type pool struct {
	t    testing.TB // lives longer than who borrows
	mu   sync.Mutex
	free []*lab
}

func (p *pool) borrow() *lab {
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		defer p.mu.Unlock()
		l := p.free[n-1]
		p.free = p.free[:n-1]
		return l
	}
	p.mu.Unlock()
	return newLab(p.t)
}

func (p *pool) giveBack(l *lab) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, l)
}
